import * as fc from 'fast-check';
import type { BlockPlan, Patience, Script, Step, TransitPlan, Verdict } from '../plan.js';
import { pick, record, seldom } from './parts.js';

const patience: fc.Arbitrary<Patience> = pick<Patience>(
  'endless',
  'endless',
  'endless',
  5,
  30,
  0,
  'already',
  'landing',
  'signal',
);

const write: fc.Arbitrary<Extract<Step, { do: 'write' }>> = record<Extract<Step, { do: 'write' }>>({
  do: fc.constant('write'),
  kind: pick('send', 'post', 'ask'),
  to: pick<number | 'sender'>(0, 1, 2, 3, 4, 5, 'sender'),
  care: pick('ignore', 'await', 'need'),
  patience,
  timeoutMs: pick(undefined, undefined, 10, 40, 0),
  whenFull: pick('wait', 'wait', 'reject'),
  empty: fc.integer({ min: 0, max: 39 }).map((n) => n === 39),
});

const flood: fc.Arbitrary<Step> = record<Extract<Step, { do: 'flood' }>>({
  do: fc.constant('flood'),
  kind: pick('post', 'post', 'post', 'ask', 'send'),
  to: fc.nat(5),
  senders: pick(2, 8),
  each: pick(1, 2, 3),
});

const wait: fc.Arbitrary<Step> = pick(1, 0, 3, 10, 30, 100).map((ms) => ({ do: 'wait', ms }));

const plain = fc.oneof(
  { withCrossShrink: true },
  { weight: 10, arbitrary: wait },
  { weight: 10, arbitrary: write },
  { weight: 2, arbitrary: pick<Step>({ do: 'throw' }, { do: 'reject' }, { do: 'pretend' }) },
  {
    weight: 2,
    arbitrary: pick<Step>(
      { do: 'hang' },
      { do: 'giveUp', when: 'landing', how: 'return' },
      { do: 'giveUp', when: 'signal', how: 'return' },
      { do: 'giveUp', when: 'landing', how: 'throw' },
      { do: 'giveUp', when: 'signal', how: 'throw' },
    ),
  },
  {
    weight: 1,
    arbitrary: pick<Step>(
      { do: 'land' },
      { do: 'finishMsg' },
      { do: 'shootDown', care: 'ignore' },
      { do: 'shootDown', care: 'await' },
    ),
  },
  { weight: 1, arbitrary: fc.constant<Step>({ do: 'outside' }) },
  {
    weight: 1,
    arbitrary: record<Extract<Step, { do: 'forge' }>>({
      do: fc.constant('forge'),
      to: pick('initiator', 'finisher', 'connector'),
      kind: fc.nat(9),
    }),
  },
);

const work: fc.Arbitrary<Step> = fc
  .array(plain, { minLength: 1, maxLength: 2 })
  .map((script) => ({ do: 'waitUntil', script }));

const step: fc.Arbitrary<Step> = fc.oneof(
  { withCrossShrink: true },
  { weight: 14, arbitrary: plain },
  { weight: 1, arbitrary: work },
  { weight: 2, arbitrary: flood },
);

/** Most callbacks return at once, lest no flight get far. */
const calm: fc.Arbitrary<Script> = fc.oneof(
  { withCrossShrink: true },
  { weight: 7, arbitrary: fc.constant<Script>([]) },
  { weight: 2, arbitrary: fc.array(step, { minLength: 1, maxLength: 3 }) },
);
const busy: fc.Arbitrary<Script> = fc.array(step, { maxLength: 4 });
/** The same thing each time, or in turns. */
const turns = fc.array(calm, { minLength: 1, maxLength: 3 });

/** What a handler of batches does: messages get outcomes of their own, before and after what takes time. */
const settle: fc.Arbitrary<Step> = record<Extract<Step, { do: 'settle' }>>({
  do: fc.constant('settle'),
  nth: fc.nat(5),
  how: pick('reply', 'fail', 'fail', 'pretend', 'giveUp'),
});
const batchStep = fc.oneof(
  { withCrossShrink: true },
  { weight: 3, arbitrary: wait },
  { weight: 5, arbitrary: settle },
  { weight: 2, arbitrary: step },
);
const batchTurns = fc.array(
  fc.oneof(
    { withCrossShrink: true },
    { weight: 2, arbitrary: fc.constant<Script>([]) },
    { weight: 5, arbitrary: fc.array(batchStep, { minLength: 1, maxLength: 4 }) },
  ),
  { minLength: 1, maxLength: 3 },
);

/** How messages are taken: one by one, in batches, or not at all. */
const handler: fc.Arbitrary<Pick<BlockPlan, 'onMsg' | 'onMsgs'>> = fc.oneof(
  { withCrossShrink: true },
  { weight: 12, arbitrary: turns.map((onMsg) => ({ onMsg, onMsgs: undefined })) },
  { weight: 6, arbitrary: batchTurns.map((onMsgs) => ({ onMsg: undefined, onMsgs })) },
  { weight: 2, arbitrary: fc.constant({ onMsg: undefined, onMsgs: undefined }) },
);

const transit: fc.Arbitrary<TransitPlan> = record<TransitPlan>({
  from: pick('landing', 'run'),
  ms: pick(10, 0, 1, 60, 400, undefined),
  sends: fc.array(
    write.map((way) => ({ ...way, care: 'ignore' as const })),
    { maxLength: 2 },
  ),
});

/** A random block. */
export const block: fc.Arbitrary<BlockPlan> = record<
  Omit<BlockPlan, 'onMsg' | 'onMsgs'> & { readonly handler: Pick<BlockPlan, 'onMsg' | 'onMsgs'> }
>({
  style: pick('plain', 'defined'),
  init: fc.oneof(
    { withCrossShrink: true },
    { weight: 15, arbitrary: fc.constant<Script>([]) },
    { weight: 1, arbitrary: busy },
  ),
  run: busy,
  finish: calm,
  onLanding: fc.option(calm, { nil: undefined }),
  handler,
  onServerConnect: fc.option(turns, { nil: undefined }),
  onServerDisconnect: fc.option(turns, { nil: undefined }),
  onError: fc.option(
    fc.array(pick<Verdict>('continue', 'continue', 'continue', 'shutdown', 'throw', 'land', 'junk'), {
      minLength: 1,
      maxLength: 2,
    }),
    { nil: undefined, freq: 4 },
  ),
  mailbox: record<BlockPlan['mailbox']>({
    capacity: pick(undefined, 1, 2, 3, 4, 8),
    whenFull: pick(undefined, 'reject', 'drop-oldest'),
    concurrency: pick(undefined, 1, 2, 3),
    batch: pick(undefined, 1, 2, 3),
  }),
  transit: seldom(8, transit),
}).map(({ handler: how, ...plan }) => ({ ...plan, ...how }));
