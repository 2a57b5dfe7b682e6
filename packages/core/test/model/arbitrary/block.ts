import * as fc from 'fast-check';
import type { BlockPlan, Patience, Script, Step, Verdict } from '../plan.js';
import { pick, record } from './parts.js';

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

const write: fc.Arbitrary<Step> = record<Extract<Step, { do: 'write' }>>({
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

/** A random block. */
export const block: fc.Arbitrary<BlockPlan> = record<BlockPlan>({
  style: pick('plain', 'defined'),
  init: fc.oneof(
    { withCrossShrink: true },
    { weight: 15, arbitrary: fc.constant<Script>([]) },
    { weight: 1, arbitrary: busy },
  ),
  run: busy,
  finish: calm,
  onLanding: fc.option(calm, { nil: undefined }),
  onMsg: fc.option(turns, { nil: undefined, freq: 8 }),
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
  }),
});
