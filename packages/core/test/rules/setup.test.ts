import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  defineBlock,
  Sputnik,
  type AnyBlock,
  type BlockFactory,
  type ConfigSource,
  type SputnikOptions,
} from '@sputnikjs/core';
import { manualClock } from '@sputnikjs/testkit';
import { portSchema } from '../support/port-schema.js';
import { recorder } from '../support/recorder.js';
import { problemsOf, rejection } from '../support/test-flight.js';

const made: string[] = [];
const ok = recorder(made);
const noBlock = (() => undefined) as unknown as BlockFactory;
const without =
  (callback: string): BlockFactory =>
  () => ({ ...ok(), [callback]: undefined });
const configured = defineBlock({ name: 'configured', config: portSchema, make: () => ({}) });
const needy = defineBlock({ name: 'needy', needs: { target: 'b' }, make: () => ({}) });

/** Setups with one thing wrong each, and how the problem reads. `b` is always there. */
const faults: Record<string, [Partial<SputnikOptions> & { readonly a?: BlockFactory }, RegExp]> = {
  'an unknown block name': [
    { appBlocks: [{ name: 'nobody' }] },
    /^block nobody: no factory has its name; the factories are: a, b$/,
  ],
  'a block name that only the prototype of the factories has': [{ appBlocks: [{ name: 'toString' }] }, /no factory/],
  'a factory that returns no block (hazard 14)': [{ a: noBlock }, /^block a: its factory returned no block$/],
  'a factory that throws': [
    {
      a: () => {
        throw new Error('out of bricks');
      },
    },
    /^block a: its factory failed: out of bricks$/,
  ],
  'a missing init': [{ a: without('init') }, /^block a: its callback init is missing$/],
  'a missing run': [{ a: without('run') }, /callback run is missing/],
  'a missing finish': [{ a: without('finish') }, /callback finish is missing/],
  'a duplicate responsibility (hazard 13)': [
    { appBlocks: [{ name: 'a' }, { name: 'b', responsibility: 'a' }] },
    /^block a \(b\): its responsibility "a" is taken/,
  ],
  'the responsibility "initiator" (hazard 13)': [
    { appBlocks: [{ name: 'a', responsibility: 'initiator' }] },
    /responsibility "initiator" is reserved/,
  ],
  'the responsibility "finisher"': [
    { appBlocks: [{ name: 'a', responsibility: 'finisher' }] },
    /"finisher" is reserved/,
  ],
  'the responsibility "connector", even without a server': [
    { appBlocks: [{ name: 'a', responsibility: 'connector' }] },
    /"connector" is reserved/,
  ],
  'an empty responsibility': [{ appBlocks: [{ name: 'a', responsibility: '' }] }, /must be non-empty text/],
  'an unmet need': [
    { a: needy, appBlocks: [{ name: 'a' }] },
    /^block a: its need "target" is unmet: no block has the responsibility "b"$/,
  ],
  'a need rewired to nobody': [
    { a: needy, appBlocks: [{ name: 'a', needs: { target: 'c' } }, { name: 'b' }] },
    /responsibility "c"/,
  ],
  'a need rewired that the block does not have': [
    { a: needy, appBlocks: [{ name: 'a', needs: { tagret: 'b', target: 'initiator' } }, { name: 'b' }] },
    /^block a: it has no need "tagret" to rewire; its needs are: target$/,
  ],
  'onServerConnect without a connector': [
    { a: recorder([], { onServerConnect() {} }) },
    /^block a: it has onServerConnect, which needs a server connector; the satellite has none$/,
  ],
  'onServerDisconnect without a connector': [
    { a: recorder([], { onServerDisconnect() {} }) },
    /it has onServerDisconnect/,
  ],
  'a callback that there is none of': [
    { a: () => ({ ...ok(), onMessage() {} }) as AnyBlock },
    /^block a: it has onMessage, which is not a callback; the callbacks that begin like it are .*onMsg/,
  ],
  'onMsg and onMsgs in one block': [
    { a: recorder([], { onMsg() {}, onMsgs() {} }) },
    /^block a: it has both onMsg and onMsgs; keep one of them$/,
  ],
  'a need that takes no messages': [
    { a: defineBlock({ name: 'a', needs: { store: 'b' }, make: () => ({}) }) },
    /^block a: its need "store" is unmet: block "b" takes no messages \(it has neither onMsg nor onMsgs\)$/,
  ],
  'a batch of no messages': [
    { a: recorder([], { onMsgs() {}, mailbox: { batch: 0 } }) },
    /mailbox\.batch must be a positive integer, not 0/,
  ],
  'a mailbox without room': [
    { a: recorder([], { mailbox: { capacity: 0 } }) },
    /mailbox\.capacity must be a positive integer, not 0/,
  ],
  'half a message at a time': [
    { a: recorder([], { mailbox: { concurrency: 0.5 } }) },
    /mailbox\.concurrency .* not 0\.5/,
  ],
  'an unknown mailbox policy': [
    { a: recorder([], { mailbox: { whenFull: 'explode' as 'reject' } }) },
    /mailbox\.whenFull must be "reject" or "drop-oldest", not "explode"/,
  ],
  'a finisher without finish': [{ finisher: without('finish') }, /^block finisher: its callback finish is missing$/],
  'a time-out of 0 (hazard 9)': [
    { timeouts: { heartbeatMs: 0 } },
    /timeouts\.heartbeatMs must be milliseconds above 0/,
  ],
  'a negative time-out': [{ timeouts: { connectMs: -1 } }, /timeouts\.connectMs .* not -1/],
  'a time-out that is no number': [{ timeouts: { initMs: Number.NaN } }, /timeouts\.initMs .* not NaN/],
  'a time-out that is a text': [
    { timeouts: { landingMs: '5000' as unknown as number } },
    /timeouts\.landingMs .* not 5000/,
  ],
  'a time-out beyond what timers can do': [{ timeouts: { landingMs: 2 ** 31 } }, /timeouts\.landingMs/],
};

function setup({ a = ok, ...options }: Partial<SputnikOptions> & { readonly a?: BlockFactory }): SputnikOptions {
  const appBlocks = [{ name: 'a' }, { name: 'b' }];
  return { appBlocks, finisher: recorder([]), blockFactories: { a, b: ok }, ...options };
}

for (const [fault, [options, problem]] of Object.entries(faults)) {
  test(`B2: ${fault} is a problem of the setup`, async () => {
    made.length = 0;
    const error = await rejection(new Sputnik(setup(options)).prepare(), 'BAD_SETUP');
    assert.equal(error.problems.length, 1, error.message);
    assert.match(error.problems[0] ?? '', problem);
    assert.ok(error.message.includes(error.problems[0] ?? '?'), 'the text lists it');
    assert.deepEqual(made, [], 'nothing is initialised');
    assert.deepEqual(await problemsOf(setup(options)), error.problems, 'assemble says the same');
  });
}

function problemsWith(config?: ConfigSource): Promise<readonly string[]> {
  return problemsOf(setup({ a: configured, config }));
}

test('B2: a configuration that is missing or wrong is a problem, every issue of it with its path', async () => {
  assert.deepEqual(await problemsWith(() => ({ port: 'x' })), [
    'block a: a.port: must be a number',
    'block a: a.all: is odd',
  ]);
  const missing = 'block a: a: this configuration is missing, and it has keys without a default';
  assert.equal((await problemsWith())[0], missing);
  assert.equal((await problemsWith(() => undefined))[0], missing);
  assert.match(
    (
      await problemsWith(() => {
        throw new Error('no such folder');
      })
    ).join(),
    /^block a: no such folder$/,
  );
  assert.deepEqual(await problemsWith(() => ({ port: 1 })), []);
});

test('B2: prepare names every problem at once', async () => {
  const options = setup({
    a: configured,
    appBlocks: [
      { name: 'a' },
      { name: 'nobody' },
      { name: 'b', responsibility: 'a' },
      { name: 'b', responsibility: 'initiator' },
      { name: 'broken' },
      { name: 'needy' },
    ],
    timeouts: { initMs: 0, connectMs: 0 },
    finisher: without('run'),
  });
  const blockFactories = { ...options.blockFactories, broken: noBlock, needy };
  const { problems } = await rejection(new Sputnik({ ...options, blockFactories }).prepare(), 'BAD_SETUP');
  const expected = [
    /timeouts\.initMs/,
    /timeouts\.connectMs/,
    /block nobody: no factory/,
    /"a" is taken/,
    /"initiator" is reserved/,
    /block finisher: its callback run is missing/,
    /block a: a: this configuration is missing/,
    /block a: a\.port/,
    /block a: a\.all/,
    /block broken: its factory returned no block/,
    /block needy: its need "target" is unmet/,
  ];
  for (const problem of expected)
    assert.ok(
      problems.some((line) => problem.test(line)),
      `${problem} in ${problems.join()}`,
    );
  assert.equal(problems.length, expected.length, problems.join('\n'));
});

test('B2: a setup that is refused leaves no question open, and no timer', async () => {
  const clock = manualClock();
  let asked: Promise<unknown> | undefined;
  const asker = defineBlock({
    name: 'asker',
    needs: { target: 'b' },
    make: (_, { target }) => {
      asked = rejection(target.ask({}), 'ASK_ENDED');
      return {};
    },
  });
  const blockFactories = { b: recorder([], { onMsg() {} }), asker };
  const appBlocks = [{ name: 'b' }, { name: 'asker' }, { name: 'nobody' }];
  await rejection(new Sputnik({ appBlocks, blockFactories, clock }).prepare(), 'BAD_SETUP');
  assert.ok(asked, 'it was made, and has asked');
  await asked;
  assert.equal(clock.pending, 0);
});
