import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Sessions, type KeptPacket } from '../dist/sessions.js';

/** The part of a persistence that the broker calls. */
interface Served {
  outgoingEnqueueCombi(takers: readonly { readonly clientId: string }[], packet: KeptPacket): Promise<void>;
  outgoingUpdate(client: { readonly id: string }, packet: KeptPacket): Promise<void>;
  outgoingClearMessageId(client: { readonly id: string }, packet: KeptPacket): Promise<KeptPacket | undefined>;
  outgoingStream(client: { readonly id: string }): AsyncIterable<KeptPacket>;
}

function serve(sessions: Sessions): Served {
  const served = {};
  sessions.serve(served);
  return served as Served;
}

async function counters(served: Served, id: string): Promise<readonly (number | undefined)[]> {
  const found: (number | undefined)[] = [];
  for await (const { brokerCounter } of served.outgoingStream({ id })) found.push(brokerCounter);
  return found;
}

const message = (brokerCounter: number, messageId?: number): KeptPacket => ({
  brokerCounter,
  messageId,
  topic: 'a',
  payload: Buffer.alloc(1000),
});

test('messages are kept in order until they are acknowledged, by each client for itself', async () => {
  const sessions = new Sessions(
    1_000_000,
    () => true,
    () => {},
  );
  const served = serve(sessions);
  for (const counter of [1, 2, 3])
    await served.outgoingEnqueueCombi([{ clientId: 'x' }, { clientId: 'y' }], message(counter));
  for (const counter of [1, 2, 3]) await served.outgoingUpdate({ id: 'x' }, message(counter, counter + 100));
  assert.equal((await served.outgoingClearMessageId({ id: 'x' }, { messageId: 102 }))?.brokerCounter, 2);
  assert.equal(await served.outgoingClearMessageId({ id: 'x' }, { messageId: 102 }), undefined);
  assert.deepEqual(await counters(served, 'x'), [1, 3]);
  assert.deepEqual(await counters(served, 'y'), [1, 2, 3]);
  assert.equal(sessions.kept('x'), 2);
});

test('an identifier given out twice acknowledges the older message first', async () => {
  const served = serve(
    new Sessions(
      1_000_000,
      () => true,
      () => {},
    ),
  );
  for (const counter of [1, 2]) {
    await served.outgoingEnqueueCombi([{ clientId: 'x' }], message(counter));
    await served.outgoingUpdate({ id: 'x' }, message(counter, 7));
  }
  assert.equal((await served.outgoingClearMessageId({ id: 'x' }, { messageId: 7 }))?.brokerCounter, 1);
  assert.equal((await served.outgoingClearMessageId({ id: 'x' }, { messageId: 7 }))?.brokerCounter, 2);
});

test('the second half of a QoS 2 message takes the place of the first', async () => {
  const served = serve(
    new Sessions(
      1_000_000,
      () => true,
      () => {},
    ),
  );
  await served.outgoingEnqueueCombi([{ clientId: 'x' }], message(1));
  await served.outgoingUpdate({ id: 'x' }, message(1, 7));
  await served.outgoingUpdate({ id: 'x' }, { messageId: 7 });
  assert.deepEqual(await counters(served, 'x'), [undefined]);
  await served.outgoingClearMessageId({ id: 'x' }, { messageId: 7 });
  assert.deepEqual(await counters(served, 'x'), []);
});

test('what is kept for clients that are away is bounded in all, what is dropped is counted, and room comes back', async () => {
  const told: string[] = [];
  const sessions = new Sessions(
    14_000,
    (id) => id === 'here',
    (id) => told.push(id),
  );
  const served = serve(sessions);
  for (let i = 1; i <= 20; i++) await served.outgoingEnqueueCombi([{ clientId: i % 2 === 0 ? 'x' : 'y' }], message(i));
  assert.equal(sessions.kept('x') + sessions.kept('y'), 10);
  assert.deepEqual(told, ['y', 'x']);
  assert.deepEqual(
    [...sessions.dropped],
    [
      ['y', 5],
      ['x', 5],
    ],
  );
  await served.outgoingEnqueueCombi([{ clientId: 'here' }], message(21));
  assert.equal(sessions.kept('here'), 1);
  await served.outgoingUpdate({ id: 'x' }, message(2, 1));
  await served.outgoingClearMessageId({ id: 'x' }, { messageId: 1 });
  await served.outgoingUpdate({ id: 'here' }, message(21, 1));
  await served.outgoingClearMessageId({ id: 'here' }, { messageId: 1 });
  assert.deepEqual(sessions.clients(), ['y', 'x']);
  await served.outgoingEnqueueCombi([{ clientId: 'y' }], message(22));
  assert.equal(sessions.kept('y'), 6);
});
