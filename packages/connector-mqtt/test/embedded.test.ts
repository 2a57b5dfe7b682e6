import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { SputnikError } from '@sputnikjs/core';
import { Collector, MemoryLog, rejection, textOf } from '@sputnikjs/testkit';
import { freePort } from '@sputnikjs/testkit/servers';
import { connect, embedded, makeConnector, open, portOf } from './helpers.js';
import { mosquittoSub } from './mosquitto.js';
import { RawSubscriber } from './raw-subscriber.js';

test('the embedded broker listens from start on, and serves the connector and others alike', async (t) => {
  const port = await freePort();
  const connector = makeConnector(t, { embedded: true, port });
  const log = new MemoryLog();
  await connector.start?.(log);
  assert.deepEqual(
    log.lines.map(({ fields }) => fields),
    [{ event: 'listening', protocol: 'mqtt', host: '127.0.0.1', port }],
  );
  const sub = await mosquittoSub(t, port, ['-q', '1', '-t', 'a/#', '-C', '3']);
  const { connection } = await connect(connector);
  assert.equal(connection.url, `mqtt://127.0.0.1:${port}`);
  assert.equal(await connector.isConnected(), true);
  const got = new Collector<string>();
  await connection.consumer.consume('a/+', async (message) => got.add(textOf(message)));
  for (const payload of ['1', '2', '3']) await connection.producer.produce({ target: 'a/b', payload });
  await got.reaches(3);
  await sub.exit;
  assert.deepEqual(sub.lines, ['1', '2', '3']);
});

test('a port in use is a start failure that names it, and a later start can succeed', async (t) => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const connector = makeConnector(t, { embedded: true, port });
  const error = await rejection(Promise.resolve(connector.start?.()));
  assert.equal(
    error.message,
    `the embedded MQTT broker cannot listen on 127.0.0.1:${port}: the port is in use; set "port" to another`,
  );
  other.close();
  await once(other, 'close');
  await connector.start?.();
  assert.equal(portOf((await connect(connector)).connection), port);
});

test('the broker survives reconnects, with what it keeps', async (t) => {
  const { connector, connection, lost } = await open(t, { ...embedded, clientId: 'own' });
  // another client with our id has the broker end our connection
  const rival = new RawSubscriber(t, portOf(connection), 'own', '');
  assert.equal(((await lost) as SputnikError).code, 'CONNECTION_LOST');
  rival.socket.destroy();
  const again = await connect(connector);
  assert.equal(again.connection.url, connection.url);
  await again.connection.producer.produce({ target: 'a', payload: 'x' });
});

test('username and password of the configuration are asked of every client', async (t) => {
  const { connection } = await open(t, { ...embedded, username: 'me', password: 'secret' });
  const url = connection.url;
  await open(t, { url, username: 'me', password: 'secret' });
  for (const login of [
    {},
    { username: 'me', password: 'wrong' },
    { username: 'you', password: 'secret' },
    { username: 'me' },
  ])
    assert.match(
      (await rejection(connect(makeConnector(t, { url, ...login })))).message,
      /Bad username or password; check/,
    );
});

test('messages kept for a client that is away are delivered when it comes back, and told when it does not', async (t) => {
  const { connector, connection } = await open(t, embedded);
  const port = portOf(connection);
  const first = new RawSubscriber(t, port, 'kept', 'a', false);
  first.acknowledges = false;
  await first.subscribed.reaches(1);
  await connection.producer.produce({ target: 'a', payload: '1' });
  await first.received.reaches(1);
  first.socket.destroy();
  for (const payload of ['2', '3']) await connection.producer.produce({ target: 'a', payload });
  const back = new RawSubscriber(t, port, 'kept', '', false);
  await back.received.reaches(3);
  assert.deepEqual(back.received.items, ['1', '2', '3']);
  back.socket.end();
  await once(back.socket, 'close');
  await connection.producer.produce({ target: 'a', payload: '4' });
  const error = await rejection(Promise.resolve(connector.disconnect()));
  assert.match(error.message, /: 1 kept for client "kept"$/);
});
