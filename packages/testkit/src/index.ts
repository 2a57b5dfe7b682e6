export type { BlockTrial } from './block-checks.js';
export { blockConformance } from './block-conformance.js';
export { Collector } from './collector.js';
export { connectorConformance } from './connector-conformance.js';
export type { ConnectorFeatures, ConnectorTrial, TrialServer } from './connector-trial.js';
export { DummyConnector } from './dummy-connector.js';
export { echoBlock, type EchoBlock } from './echo-block.js';
export { FlightRecorder, type LogLine } from './flight-recorder.js';
export type { FlightServer } from './flight-server.js';
export { gate, never, untilAborted, type Gate } from './gate.js';
export { standaloneConnectors, type StandaloneConnector, type StandaloneConnectors } from './standalone-connector.js';
export { MemoryLog, type MemoryLogLine } from './memory-log.js';
export { manualClock, turn, type ManualClock } from './manual-clock.js';
export { numbered, textOf } from './messages.js';
export { randomFrom } from './random.js';
export { rejection } from './rejection.js';
export { tricklingTrials, type Trickle, type TricklingTrials } from './trickling-trials.js';
export type { FlightBlock, TestFlightOptions } from './rig.js';
export type { AtEnd } from './runner.js';
export { spawnSidecar, type Ended, type Sidecar, type SpawnOptions } from './spawn-sidecar.js';
export { testFlight, type TestFlight } from './test-flight.js';
export { TestServer, type TestServerOptions } from './test-server.js';
export { messagingConformance, messagingSoak } from './messaging-conformance.js';
export type { BlastSize } from './messaging-blast.js';
export type {
  Arrival,
  ConfiguredDestination,
  ConnectorMaker,
  FullServer,
  LongHandling,
  MessagingFeatures,
  MessagingServer,
  MessagingTrial,
  Destination,
  PlainMessage,
  RequestsOnTrial,
  TargetsOnTrial,
  TrialConnection,
} from './messaging-trial.js';
