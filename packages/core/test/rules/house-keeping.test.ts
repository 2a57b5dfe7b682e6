import assert from 'node:assert/strict';
import { test } from 'node:test';
import { finishMsg, type Msg } from '@sputnikjs/core';
import { TestServer, never, turn } from '@sputnikjs/testkit';
import { rejection, sputnikError, TestFlight } from '../support/test-flight.js';

test('M7: finishMsg, sent to the initiator, lands as ctx.land does', async () => {
  const t = new TestFlight();
  await t.fly({ a: {} });
  assert.equal(t.self('a').communicator('initiator')?.send(finishMsg()), true);
  const { cause, clean } = await t.launched;
  assert.equal(clean, true);
  assert.deepEqual(cause, { kind: 'block', block: { name: 'a', responsibility: 'a' }, reason: undefined });
});

test('M7: nothing that an application sends to the initiator can imitate house-keeping (hazard 28)', async () => {
  const server = new TestServer();
  server.vanish();
  const t = new TestFlight({ connector: server });
  await t.fly({ a: { onServerConnect() {}, onServerDisconnect() {} } });
  const initiator = t.self('a').communicator('initiator');
  const names = ['finish', 'finished', 'serverConnected', 'serverDisconnected', 'finishMsg'];
  const forged = names.flatMap((name) => [{ __name: name }, { name }, { type: name }]) as unknown as Msg[];
  for (const msg of [...forged, {}, { ...finishMsg() }, structuredClone(finishMsg())]) initiator?.send(msg);
  await turn();
  assert.equal(t.flight.status().state, 'flying');
  assert.deepEqual(t.log, ['a.init', 'server.connect', 'a.run']);
  const error = await rejection(initiator?.ask({}) ?? never, 'ASK_FAILED');
  sputnikError(error.cause, 'UNKNOWN_MESSAGE');
  const { failures } = await t.land();
  const told = failures.map(({ block, callback, count }) => [block.name, callback, count]);
  assert.deepEqual(told, [['initiator', 'onMsg', forged.length + 3]], 'what was sent is told, the question is not');
});

test('M7: the other infrastructure blocks take no messages (hazard 12)', async () => {
  const t = new TestFlight({ connector: new TestServer() });
  await t.fly({ a: {} });
  for (const name of ['finisher', 'connector']) {
    for (let n = 0; n < 20; n++) assert.equal(t.self('a').communicator(name)?.send({ n }), false);
  }
  assert.equal((await t.land()).clean, true);
});

test('M7: an application message with the keys of housekeeping is a message like any other between application blocks', async () => {
  const t = new TestFlight();
  await t.fly({ a: {}, b: { onMsg() {} } });
  const toB = t.self('a').communicator('b');
  for (const name of ['finish', 'serverConnected']) assert.equal(toB?.send({ name }), true);
  await turn();
  assert.deepEqual(t.log.slice(-2), ['b.onMsg undefined', 'b.onMsg undefined']);
  assert.equal(t.flight.status().state, 'flying');
});
