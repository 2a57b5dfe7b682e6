import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Client } from 'aedes';
import { Congestion } from '../dist/congestion.js';
import type { Subscriber } from '../dist/subscribers.js';

/** As much of a subscriber as decides whether its publishers wait. */
function subscriber(filter: string, writableLength: number): Subscriber {
  const socket = { writableLength, bytesWritten: writableLength, writableNeedDrain: true };
  return { client: { subscriptions: { [filter]: { qos: 1 } } }, socket } as unknown as Subscriber;
}

const client = (): Client => ({}) as Client;

test('who publishes to a full subscriber waits, in order, whatever else it publishes; others do not', async () => {
  const [reader, other] = [client(), client()];
  const subscribers = new Map([
    [reader, subscriber('a/#', 10_000_000)],
    [other, subscriber('c', 10_000_000)],
  ]);
  const congestion = new Congestion(subscribers, () => {});
  const [first, second, third] = [client(), client(), client()];
  const done: string[] = [];
  const all = new Promise<void>((resolve) => {
    const publish = (publisher: Client, topic: string, name: string): void =>
      congestion.admit(publisher, topic, () => {
        if (done.push(name) === 5) resolve();
      });
    publish(third, 'c', 'third: 1');
    publish(first, 'b', 'first: 1');
    publish(first, 'a/x', 'first: 2');
    publish(first, 'b', 'first: 3');
    publish(second, 'b', 'second: 1');
    publish(second, 'a', 'second: 2');
  });
  assert.deepEqual(done, ['first: 1', 'second: 1']);
  subscribers.delete(reader);
  await all;
  assert.deepEqual(done, ['first: 1', 'second: 1', 'first: 2', 'first: 3', 'second: 2']);
  subscribers.delete(other);
  congestion.close();
});

test('when it closes, nobody is left waiting', () => {
  const congestion = new Congestion(new Map([[client(), subscriber('a', 10_000_000)]]), () => {});
  let done = 0;
  congestion.admit(client(), 'a', () => done++);
  assert.equal(done, 0);
  congestion.close();
  assert.equal(done, 1);
});
