import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defineBlock, Sputnik } from '@sputnikjs/core';
import {
  consumerBlock,
  PRODUCER,
  producerBlock,
  RECEIVER,
  type ConsumedMessage,
  type MessagingConnection,
} from '@sputnikjs/sidecar';
import { Collector, numbered } from '@sputnikjs/testkit';
import { natsServer } from '@sputnikjs/testkit/servers';
import { addStream, makeConnector, open, storedIn, withPlain } from './helpers.js';

test('a satellite that copies a stream loses nothing, whether the server is killed or it lands in the middle', async (t) => {
  const server = await natsServer(t);
  const { url } = server;
  const copied = new Collector<string>();
  const connected = new Collector<unknown>();
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
      connector: makeConnector(t, { url }),
      finisher: () => ({ init() {}, run() {}, finish() {} }),
      onEvent: (event) => event.type === 'connected' && connected.add(event),
    }).prepare();
    const landed = flight.launch();
    return async () => {
      const { clean, dropped, failures } = await flight.shootDown();
      assert.deepEqual([clean, dropped, failures], [true, [], []]);
      await landed;
    };
  };

  await server.start();
  for (const name of ['original', 'copy']) await addStream(url, { name, subjects: [name] });
  let land = await launch();
  const { connection, connector } = await open(t, { url });
  const payloads = numbered(2000);
  await Promise.all(payloads.map((payload) => connection.producer.produce({ target: 'original', payload })));
  await connector.disconnect();
  await copied.reaches(500);
  await server.stop();
  await server.start();
  await connected.reaches(2);
  await copied.reaches(1000);
  await land();
  assert.ok(new Set(copied.items).size < payloads.length, 'it has landed at the end, not in the middle');
  land = await launch();
  const copies = async (): Promise<ReadonlySet<string>> =>
    new Set((await storedIn(url, 'copy')).map(({ payload }) => payload));
  const pending = (): Promise<number> =>
    withPlain(url, async (_, { consumers }) => {
      const { num_ack_pending, num_pending } = await consumers.info('original', 'sputnik-original');
      return num_ack_pending + num_pending;
    });
  while ((await pending()) > 0) await new Promise((resolve) => setTimeout(resolve, 20));
  await land();
  assert.deepEqual(await copies(), new Set(payloads));
});
