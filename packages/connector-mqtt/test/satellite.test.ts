import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defineBlock, Sputnik, type SputnikEvent } from '@sputnikjs/core';
import type { MessagingConnection } from '@sputnikjs/messaging';
import { Collector } from '@sputnikjs/testkit';
import { mosquitto } from '@sputnikjs/testkit/servers';
import { makeConnector } from './helpers.js';

test('a satellite starts before its server, and comes back each time the server does', async (t) => {
  const server = await mosquitto(t);
  const connections = new Collector<MessagingConnection>();
  const losses = new Collector<true>();
  const failures = new Collector<SputnikEvent>();
  const watcher = defineBlock({
    name: 'watcher',
    make: () => ({
      onServerConnect: (connection: MessagingConnection) => connections.add(connection),
      onServerDisconnect: () => losses.add(true),
    }),
  });
  const flight = await new Sputnik({
    appBlocks: [{ name: 'watcher' }],
    blockFactories: { watcher },
    connector: makeConnector(t, { url: server.url }),
    onEvent: (event) => event.type === 'connectFailed' && failures.add(event),
  }).prepare();
  t.after(() => flight.shootDown());
  const landed = flight.launch();
  await failures.reaches(1);
  for (let outage = 1; outage <= 3; outage++) {
    await server.start();
    await connections.reaches(outage);
    await connections.items[outage - 1]?.producer.produce({ target: 'a', payload: 'x' });
    await server.stop();
    await losses.reaches(outage);
  }
  const { clean } = await flight.shootDown();
  assert.ok(clean);
  await landed;
  assert.equal(connections.items.length, 3);
});
