import { setTimeout as realTime } from 'node:timers/promises';
import type { ServerConnector } from '@sputnikjs/core';
import type { ConsumedMessage, MessagingConnection } from '@sputnikjs/messaging';
import { gate, type Gate } from './gate.js';
import { connect, type StandaloneConnector } from './standalone-connector.js';
import { within } from './in-time.js';
import { textOf } from './messages.js';
import { MessagingFlight, type Copying } from './messaging-flight.js';
import type { ConnectorMaker, MessagingTrial, Destination, TrialConnection } from './messaging-trial.js';

/** How long anything may take that goes through a real server, which may have to start first, in milliseconds. */
export const PATIENCE_MS = 60_000;
const RETRY_MS = 50;

/** What one test of a trial uses; all of it ends with the test. */
export class Stage {
  readonly trial: MessagingTrial;
  readonly #cleanups: (() => unknown)[] = [];

  constructor(trial: MessagingTrial) {
    this.trial = trial;
  }

  destination(): Promise<Destination> {
    return within(PATIENCE_MS, 'a destination on the server', this.trial.destination());
  }

  /** Connects a new connector, or the one given. */
  async connect(
    connector: ServerConnector<TrialConnection> = this.make(),
  ): Promise<StandaloneConnector<MessagingConnection>> {
    // where there is no consumer, what needs one is skipped
    return within(PATIENCE_MS, 'connect', connect(connector as ServerConnector<MessagingConnection>));
  }

  /** Connects a connector of somebody else's making. */
  async connectTo({ make }: ConnectorMaker): Promise<StandaloneConnector<MessagingConnection>> {
    const connector = make();
    this.atEnd(() => connector.disconnect());
    return this.connect(connector);
  }

  make(port: number = this.trial.server.port): ServerConnector<TrialConnection> {
    const connector = this.trial.make(port);
    this.atEnd(() => connector.disconnect());
    return connector;
  }

  /** Launches a satellite, at the server unless another port is given. */
  async launch(copying?: Copying, port: number = this.trial.server.port): Promise<MessagingFlight> {
    return this.launchAt({ make: () => this.trial.make(port) }, copying);
  }

  /** Launches one with a connector of somebody else's making. */
  async launchAt({ make }: ConnectorMaker, copying?: Copying): Promise<MessagingFlight> {
    const flight = await MessagingFlight.launch(make(), copying);
    this.atEnd(() => flight.land());
    return flight;
  }

  /** Looks at what arrives at a destination, to the last message. Connects directly, and stays through losses of the server. */
  async witness(destination: Destination): Promise<Witness> {
    const witness = new Witness(this, destination);
    if (destination.stored === undefined) await witness.watch();
    return witness;
  }

  atEnd(cleanup: () => unknown): void {
    this.#cleanups.unshift(cleanup);
  }

  async end(): Promise<void> {
    for (const cleanup of this.#cleanups) {
      const ending = (async () => cleanup())().catch(() => {});
      await within(PATIENCE_MS, 'the end of a connector or a satellite', ending);
    }
  }
}

/** Sees what arrives at a destination: what the server stores there, or what a subscriber gets that is online all the time. */
export class Witness {
  readonly #stage: Stage;
  readonly #destination: Destination;
  readonly #seen: string[] = [];
  #waiting: { readonly payload: string; readonly gate: Gate } | undefined;

  constructor(stage: Stage, destination: Destination) {
    this.#stage = stage;
    this.#destination = destination;
  }

  /** Subscribes, and again after a loss. Resolves when the server passes on what it gets. */
  async watch(): Promise<void> {
    if (this.#destination.stored !== undefined) return;
    for (;;) {
      try {
        const { connection } = await this.#stage.connect();
        await connection.consumer.consume(this.#destination.source, async (message) => this.#take(message));
        return;
      } catch (error) {
        if ((error as { readonly code?: unknown }).code === 'ERR_ASSERTION') throw error;
        await realTime(RETRY_MS);
      }
    }
  }

  /** All payloads up to now, in the order of the server. `produce` has to put a message of that payload there. */
  async seen(produce: (payload: string) => Promise<unknown>): Promise<readonly string[]> {
    if (this.#destination.stored !== undefined)
      return within(PATIENCE_MS, 'what is stored', this.#destination.stored());
    const last = { payload: 'the last', gate: gate() };
    this.#waiting = last;
    await within(PATIENCE_MS, 'the last message', Promise.all([produce(last.payload), last.gate.passed]));
    return this.#seen.filter((payload) => payload !== last.payload);
  }

  #take(message: ConsumedMessage): void {
    const text = textOf(message);
    this.#seen.push(text);
    if (this.#waiting?.payload === text) this.#waiting.gate.open();
  }
}
