import * as fc from 'fast-check';
import type {
  Action,
  BeatPlan,
  BlockPlan,
  ConnectPlan,
  Fault,
  FlightPlan,
  SatellitePlan,
  ServerPlan,
} from '../plan.js';
import { block } from './block.js';
import { pick, record, seldom } from './parts.js';

const server: fc.Arbitrary<ServerPlan> = record<ServerPlan>({
  up: pick(true, true, true, false),
  connects: fc.array(
    record<ConnectPlan>({
      ms: pick(0, 0, 0, 1, 10, 60, 1_500, undefined),
      obeys: pick(true, true, false),
      answer: pick('state', 'state', 'state', 'refuse'),
      lost: pick<ConnectPlan['lost']>(undefined, undefined, undefined, 'early', 0, 20, 150),
    }),
    { minLength: 1, maxLength: 3 },
  ),
  beats: fc.array(
    record<BeatPlan>({
      ms: pick(0, 0, 0, 1, 10, 50, undefined),
      answer: pick('state', 'state', 'state', 'state', 'throw', 'lost'),
    }),
    { minLength: 1, maxLength: 3 },
  ),
  disconnect: pick('return', 'return', 'wait', 'reject', 'throw', 'hang'),
});

const milliseconds = fc.oneof(fc.nat(60), fc.nat(900));

const action: fc.Arbitrary<Action> = record<Action>({
  at: milliseconds,
  hops: pick(0, 0, 1, 2, 3, 5, 8, 13),
  withinMs: pick(undefined, undefined, 20, 300),
  do: pick(
    ...(['restore', 'vanish', 'drop', 'blink', 'ghost', 'restore', 'vanish', 'drop', 'blink', 'ghost'] as const),
    ...(['launch', 'launch', 'shootDown', 'shootDown', 'abort', 'signal', 'quiesce', 'idle', 'idle'] as const),
  ),
});

const fault = pick<Fault>(
  'unknownName',
  'noBlock',
  'brokenFactory',
  'missingCallback',
  'duplicate',
  'reserved',
  'unmetNeed',
  'badConfig',
  'noConnector',
  'badMailbox',
  'badTimeout',
);

/** A satellite of so many blocks at most. */
function satellite(blocks: number): fc.Arbitrary<SatellitePlan> {
  return record<SatellitePlan>({
    blocks: fc.oneof(
      { weight: 2, arbitrary: fc.array(block, { maxLength: Math.min(3, blocks), size: 'max' }) },
      { weight: 1, arbitrary: fc.array(block, { maxLength: blocks, size: 'max' }) },
    ),
    finisher: fc.oneof(
      { withCrossShrink: true },
      { weight: 6, arbitrary: fc.constant('quiet' as const) },
      { weight: 1, arbitrary: fc.constant('default' as const) },
      { weight: 1, arbitrary: fc.constant('none' as const) },
      {
        weight: 1,
        arbitrary: block.map((it) => ({ ...it, style: 'plain' as const, onMsg: undefined, onMsgs: undefined })),
      },
    ),
    start: fc.oneof(
      { withCrossShrink: true },
      { weight: 8, arbitrary: fc.constant('prepare' as const) },
      { weight: 1, arbitrary: fc.constant('launch' as const) },
      { weight: 1, arbitrary: fc.nat(60) },
    ),
    outside: fc.boolean(),
    server: fc.option(server, { nil: undefined, freq: 3 }),
    timeouts: record<SatellitePlan['timeouts']>({
      initMs: pick(50, 150),
      connectMs: pick(20, 70, 300),
      heartbeatMs: pick(15, 40, 200),
      landingMs: pick(200, 30, 800, 2_000, 12_000),
    }),
    faults: fc.oneof(
      { withCrossShrink: true },
      { weight: 30, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: fc.uniqueArray(fault, { minLength: 1, maxLength: 3 }) },
    ),
    aborted: fc.nat(49).map((n) => n === 49),
    listener: seldom(
      16,
      record<NonNullable<SatellitePlan['listener']>>({
        nth: fc.nat(40),
        does: pick('throw', 'reject', 'shootDown', 'abort'),
      }),
    ),
    launchAfterMs: fc.oneof(
      { withCrossShrink: true },
      { weight: 12, arbitrary: fc.constant(0) },
      { weight: 2, arbitrary: fc.nat(60) },
      { weight: 1, arbitrary: fc.constant(undefined) },
    ),
    actions: fc.array(action, { maxLength: 5 }),
    endAt: milliseconds,
  }).map((plan) =>
    plan.server ? plan : { ...plan, blocks: plan.blocks.map(alone), finisher: aloneToo(plan.finisher) },
  );
}

/** Without a server, nobody may listen to one (B2). */
function alone(plan: BlockPlan): BlockPlan {
  return { ...plan, onServerConnect: undefined, onServerDisconnect: undefined };
}

function aloneToo(finisher: SatellitePlan['finisher']): SatellitePlan['finisher'] {
  return typeof finisher === 'string' ? finisher : alone(finisher);
}

/** A random flight. */
export const flightPlan: fc.Arbitrary<FlightPlan> = record<FlightPlan>({
  seed: fc.noShrink(fc.nat()),
  satellite: satellite(6),
  twin: seldom(12, satellite(2)),
});
