import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defineBlock, Sputnik, type SputnikEvent } from '@sputnikjs/core';
import {
  consumerBlock,
  PRODUCER,
  producerBlock,
  RECEIVER,
  type ConsumedMessage,
  type MessagingConnection,
} from '@sputnikjs/sidecar';
import { Collector, numbered, textOf } from '@sputnikjs/testkit';
import { redisServer } from '@sputnikjs/testkit/servers';
import { makeConnector, open, pendingIn, storedIn, until } from './helpers.js';

test('a satellite that copies a stream loses nothing, whether the server is killed or it lands in the middle', async (t) => {
  const server = await redisServer(t);
  const copied = new Collector<string>();
  const events = new Collector<SputnikEvent>();
  const copier = defineBlock({
    name: 'copier',
    needs: { producer: PRODUCER },
    make: (_config, to) => ({
      mailbox: { concurrency: 64 },
      async onMsg({ payload }: ConsumedMessage) {
        await to.producer.ask({ target: 'copy', payload });
        copied.add(Buffer.from(payload).toString());
      },
    }),
  });
  const launch = async (): Promise<() => Promise<void>> => {
    const flight = await new Sputnik<MessagingConnection>({
      appBlocks: [{ name: 'producer' }, { name: 'copier', responsibility: RECEIVER }, { name: 'consumer' }],
      blockFactories: { producer: producerBlock, consumer: consumerBlock, copier },
      config: (name) => (name === 'consumer' ? { source: 'original', maxUnacknowledged: 64 } : undefined),
      connector: makeConnector(t, { url: server.url }),
      finisher: () => ({ init() {}, run() {}, finish() {} }),
      onEvent: (event) => event.type === 'connected' && events.add(event),
    }).prepare();
    const landed = flight.launch();
    return async () => {
      const { clean, dropped, failures } = await flight.shootDown();
      assert.deepEqual([clean, dropped, failures], [true, [], []]);
      await landed;
    };
  };

  await server.start();
  let land = await launch();
  const { connection, connector } = await open(t, { url: server.url });
  const payloads = numbered(2000);
  await Promise.all(payloads.map((payload) => connection.producer.produce({ target: 'original', payload })));
  await connector.disconnect();
  await copied.reaches(500);
  await server.stop();
  await server.start();
  await events.reaches(2);
  await copied.reaches(1000);
  await land();
  assert.ok(new Set(copied.items).size < payloads.length, 'it has landed at the end, not in the middle');
  land = await launch();
  const copies = async (): Promise<ReadonlySet<string | undefined>> =>
    new Set((await storedIn(server.port, 'copy')).map(({ payload }) => payload));
  await until(async () => (await copies()).size === payloads.length);
  await land();
  assert.deepEqual(await copies(), new Set(payloads));
  assert.deepEqual(await pendingIn(server.port, 'original'), {});
});

test('what a consumer had not handled when it landed the next one gets', async (t) => {
  const server = await redisServer(t);
  await server.start();
  const first = await open(t, { url: server.url });
  const seen = new Collector<string>();
  const subscription = await first.connection.consumer.consume('a', async (message) => seen.add(textOf(message)), {
    maxUnacknowledged: 8,
  });
  const produced = numbered(500).map((payload) => first.connection.producer.produce({ target: 'a', payload }));
  await seen.reaches(100);
  await subscription.stop();
  await Promise.all(produced);
  await first.connector.disconnect();
  const second = await open(t, { url: server.url });
  await second.connection.consumer.consume('a', async (message) => seen.add(textOf(message)));
  await seen.reaches(500);
  assert.deepEqual(seen.items, numbered(500));
});
