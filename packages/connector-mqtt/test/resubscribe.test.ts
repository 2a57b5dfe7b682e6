import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connector } from '@sputnikjs/connector-mqtt';
import { standaloneConnectors, textOf } from '@sputnikjs/testkit';
import { mosquitto } from '@sputnikjs/testkit/servers';

test('what a stopped subscription of a kept session leaves, and what comes until the next, is handled by that, over the same connection', async (t) => {
  const server = await mosquitto(t);
  await server.start();
  const config = { url: server.url, cleanSession: false, clientId: 'keeper' };
  const { connection } = await standaloneConnectors(connector).open(t, config);
  const produce = async (from: number, to: number): Promise<void> => {
    for (let n = from; n < to; n++) await connection.producer.produce({ target: 'news', payload: `${n}` });
  };
  let come = (): void => {};
  const three = new Promise<void>((resolve) => (come = resolve));
  let count = 0;
  const first = await connection.consumer.consume('news', async () => {
    if (++count === 3) come();
    throw new Error('nobody reads');
  });
  await produce(0, 3);
  await three;
  await first.stop();
  // more than the server lets wait for acknowledgements
  await produce(3, 60);
  const handled: string[] = [];
  let done = (): void => {};
  const all = new Promise<void>((resolve) => (done = resolve));
  await connection.consumer.consume('news', async (message) => {
    handled.push(textOf(message));
    if (handled.length === 60) done();
  });
  await all;
  const numbers = handled.map(Number);
  assert.deepEqual(
    numbers.toSorted((a, b) => a - b),
    Array.from({ length: 60 }, (_, n) => n),
  );
});
