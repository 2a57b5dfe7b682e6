// Corners where a rule was once broken: each test names what it was.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defineBlock, finishMsg, type ServerConnector } from '@sputnikjs/core';
import { turn } from '@sputnikjs/testkit';
import { problemsOf, TestFlight } from '../support/test-flight.js';

/** A server connector whose parts a test replaces. */
function connector(parts: Partial<ServerConnector<string>>): ServerConnector<string> {
  return { connect: () => 'c', isConnected: () => true, disconnect: () => {}, ...parts };
}

test('F3: launch rejects with the failure even if somebody asks to land when told of it', async () => {
  const boom = new Error('boom');
  const t: TestFlight = new TestFlight({ onEvent: ({ type }) => type === 'failed' && void t.flight.shootDown() });
  await t.fly({ a: { run: () => Promise.reject(boom) } });
  await assert.rejects(t.launched, { code: 'BLOCK_FAILED', cause: boom });
});

test('F3: a listener that rejects later lands the satellite', async () => {
  const boom = new Error('boom');
  const onEvent = (async ({ type }: { type: string }) => {
    if (type === 'launched') throw boom;
  }) as (event: { type: string }) => void;
  const t = new TestFlight({ onEvent });
  await t.fly({ a: {} });
  await assert.rejects(t.launched, { code: 'BLOCK_FAILED', callback: 'onEvent', cause: boom });
});

test('F3: a question that the asker gave up at landing is no failure', async () => {
  const t = new TestFlight();
  const asker = defineBlock({
    name: 'asker',
    needs: { mute: 'mute' },
    make: (_, { mute }, { landing }) => ({ run: async () => void (await mute.ask({}, { signal: landing })) }),
  });
  const held: (() => void)[] = [];
  await t.fly({ mute: { onMsg: () => new Promise<void>((resolve) => held.push(resolve)) }, asker });
  const landed = t.land();
  await turn();
  for (const release of held) release();
  assert.equal((await landed).clean, true);
});

test('B4: a block that asks in its finish, before launch, is refused at once', async () => {
  const t = new TestFlight();
  const asker = defineBlock({
    name: 'asker',
    needs: { sink: 'sink' },
    make: (_, { sink }) => ({ finish: () => assert.rejects(sink.ask({}), { code: 'ASK_REFUSED' }) }),
  });
  await t.prepare({ sink: { onMsg() {} }, asker });
  const { clean, tookMs } = await t.land();
  assert.deepEqual({ clean, tookMs }, { clean: true, tookMs: 0 });
});

test('M3: a mailbox stays bounded when the listener sends to it as it drops', async () => {
  const t: TestFlight = new TestFlight({
    onEvent: ({ type }) => type === 'dropped' && t.status('a').state === 'running' && t.self('a').send({}),
  });
  await t.fly({ a: { mailbox: { capacity: 4, whenFull: 'drop-oldest' }, onMsg: () => new Promise(() => {}) } });
  for (let i = 0; i < 100; i++) t.self('a').send({});
  assert.equal(t.status('a').depth, 4);
});

test('M7: finishMsg to the initiator lands clean, also when a landing has begun', async () => {
  const t = new TestFlight();
  await t.fly({
    a: {
      run(self, { land }) {
        assert.equal(self.communicator('initiator')?.send(finishMsg()), true);
        land();
      },
    },
  });
  assert.equal((await t.launched).clean, true);
});

test('S6: no connect begins when the landing began as the attempt was announced', async () => {
  let connects = 0;
  const connect = (): string => `c${++connects}`;
  const t: TestFlight = new TestFlight({
    connector: connector({ connect }),
    onEvent: ({ type }) => type === 'connecting' && void t.flight.shootDown(),
  });
  await t.fly({ a: {} });
  assert.equal((await t.launched).clean, true);
  assert.equal(connects, 0);
});

test('S3: a heartbeat that rejects without a reason is a loss', async () => {
  // oxlint-disable-next-line prefer-promise-reject-errors -- that is the point
  const t = new TestFlight({ connector: connector({ isConnected: () => Promise.reject() }) });
  await t.fly({ a: {} });
  await t.clock.advance(5_000);
  assert.equal(t.eventsOf('disconnected').length, 1);
});

test('S3: a promise as the reason of a loss is a value like any other', async () => {
  const t = new TestFlight({
    connector: connector({ connect: (_config, { lost }) => (lost(Promise.resolve()), 'c') }),
  });
  await t.fly({ a: {} });
  assert.equal(t.eventsOf('disconnected').length, 1);
});

test('S3: the late answer to a heartbeat of an earlier connection says nothing of this one', async () => {
  let drop: (() => void) | undefined;
  const answers: ((alive: boolean) => void)[] = [];
  const t = new TestFlight({
    connector: connector({
      connect: (_config, { lost }) => ((drop = lost), 'c'),
      isConnected: () => new Promise((resolve) => answers.push(resolve)),
    }),
  });
  await t.fly({ a: {} });
  await t.clock.advance(5_000);
  assert.equal(answers.length, 1);
  drop?.();
  await t.clock.advance(200);
  assert.equal(t.eventsOf('connected').length, 2);
  await t.clock.advance(5_000);
  answers[0]?.(false);
  await turn();
  assert.equal(t.eventsOf('disconnected').length, 1, 'only the loss that was reported');
});

test('L5: a heartbeat under way is waited for, or named', async () => {
  const t = new TestFlight({ connector: connector({ isConnected: () => new Promise(() => {}) }) });
  await t.fly({ a: {} });
  await t.clock.advance(5_000);
  const landed = t.land();
  await t.clock.advance(25_000);
  assert.deepEqual(
    (await landed).unfinished.map(({ block, callback }) => [block.name, callback]),
    [['connector', 'finish']],
  );
});

test('S5: a connection that was there is disconnected though the attempt to get it back hangs', async () => {
  let disconnects = 0;
  let connects = 0;
  const t = new TestFlight({
    connector: connector({
      connect: (_config, { lost }) => (++connects === 1 ? (lost('gone'), 'c') : new Promise(() => {})),
      disconnect: () => void disconnects++,
    }),
  });
  await t.fly({ a: {} });
  await t.clock.advance(500);
  assert.equal(connects, 2);
  const landed = t.land();
  await t.clock.advance(25_000);
  await landed;
  assert.equal(disconnects, 1);
});

test('L6: the deadline of an attempt ends with the landing', async () => {
  const t = new TestFlight({
    connector: connector({ connect: () => new Promise(() => {}) }),
    timeouts: { connectMs: 60_000, landingMs: 300 },
  });
  await t.fly({ a: {} });
  const landed = t.land();
  await t.clock.advance(300);
  await landed;
  await t.clock.advance(120_000);
  assert.deepEqual(t.eventsOf('connectOverdue'), []);
});

test('B2: a server connector without its methods is a problem of the setup', async () => {
  const broken = { connect: () => 'c' } as unknown as ServerConnector<string>;
  assert.deepEqual(await problemsOf({ appBlocks: [], blockFactories: {}, connector: broken }), [
    'the server connector has no isConnected',
    'the server connector has no disconnect',
  ]);
});

test('B3: an init that rejects after its deadline is told all the same', async () => {
  const late = new Error('late');
  let fail: (() => void) | undefined;
  const t = new TestFlight();
  const preparing = t.prepare({ a: { init: () => new Promise((_resolve, reject) => (fail = () => reject(late))) } });
  await turn();
  await Promise.all([t.clock.advance(10_000), assert.rejects(preparing, { code: 'INIT_FAILED' })]);
  fail?.();
  await turn();
  assert.equal(t.eventsOf('failed').at(-1)?.error, late);
});
