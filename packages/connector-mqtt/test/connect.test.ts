import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { SputnikError } from '@sputnikjs/core';
import { rejection } from '@sputnikjs/testkit';
import { freePort } from '@sputnikjs/testkit/servers';
import { connect, makeConnector, open, temporaryFolder } from './helpers.js';
import { mosquitto } from './mosquitto.js';

const nothing = (): void => {};

test('a server that is not there rejects the attempt and says what to look at', async (t) => {
  const url = `mqtt://127.0.0.1:${await freePort()}`;
  const error = await rejection(connect(makeConnector(t, { url })));
  assert.match(error.message, new RegExp(`^cannot connect to ${url}: .*ECONNREFUSED.*; is the server running`));
});

test('of a cluster the server is taken that is there', async (t) => {
  const { url } = await mosquitto(t);
  const dead = `mqtt://127.0.0.1:${await freePort()}`;
  for (let time = 0; time < 4; time++) assert.equal((await open(t, { url: [dead, url] })).connection.url, url);
  const error = await rejection(connect(makeConnector(t, { url: [dead, dead] })));
  assert.match(
    error.message,
    /^cannot connect to any of the 2 servers: cannot connect to mqtt:.*; cannot connect to mqtt:/,
  );
});

test('an aborted attempt settles at once, before and during the handshake', async (t) => {
  let connections = 0;
  const server = createServer(() => connections++).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const url = `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const connector = makeConnector(t, { url });
  const aborted = AbortSignal.abort(new Error('too late'));
  assert.equal(await rejection(connect(connector, aborted)), aborted.reason);

  const attempt = new AbortController();
  const connecting = rejection(connect(connector, attempt.signal));
  // it takes the connection, and never answers
  const [socket] = (await once(server, 'connection')) as [Socket];
  const closed = once(socket.resume(), 'close');
  await once(socket, 'data').catch(nothing);
  attempt.abort(new Error('that is enough'));
  assert.equal((await connecting).message, 'that is enough');
  await closed;
  assert.equal(connections, 1);
});

test('a wrong password is refused with a hint, and never printed', async (t) => {
  const file = join(await temporaryFolder(t), 'passwords');
  await writeFile(file, '');
  execFileSync('mosquitto_passwd', ['-b', file, 'sputnik', 'right'], { stdio: 'ignore' });
  const { url } = await mosquitto(t, ['allow_anonymous false', `password_file ${file}`]);
  await open(t, { url, username: 'sputnik', password: 'right' });
  for (const login of [{ username: 'sputnik', password: 'wrong-one' }, {}]) {
    const { message } = await rejection(connect(makeConnector(t, { url, ...login })));
    assert.match(message, new RegExp(`^cannot connect to ${url}: Connection refused: .*; check username and password`));
    assert.doesNotMatch(message, /wrong-one/);
  }
});

test('while a connection lives, connect gives it again', async (t) => {
  const { url } = await mosquitto(t);
  const { connector, connection } = await open(t, { url });
  assert.equal((await connect(connector)).connection, connection);
  assert.equal(connection.url, url);
});

test('a loss is reported at once, and isConnected tells it', async (t) => {
  const server = await mosquitto(t);
  const { connector, lost } = await open(t, { url: server.url });
  assert.equal(await connector.isConnected(), true);
  await server.stop();
  const reason = await lost;
  assert.ok(reason instanceof SputnikError && reason.code === 'CONNECTION_LOST');
  assert.equal(await connector.isConnected(), false);
});

test('a frozen server is not taken for connected, and the next connect does not wait for it', async (t) => {
  const server = await mosquitto(t);
  const { connector, connection, lost } = await open(t, { url: server.url, clientId: 'same' });
  server.freeze();
  let answered = false;
  const heartbeat = Promise.resolve(connector.isConnected()).then((alive) => {
    answered = true;
    return alive;
  });
  const pending = rejection(connection.producer.produce({ target: 'a', payload: 'x' }));
  // what the core does when the heartbeat is late
  const again = connect(connector);
  assert.equal(await heartbeat, false);
  assert.equal(((await pending) as SputnikError).code, 'CONNECTION_LOST');
  assert.ok(answered);
  server.thaw();
  const next = await again;
  assert.notEqual(next.connection, connection);
  await next.connection.producer.produce({ target: 'a', payload: 'y' });
  assert.equal(await connector.isConnected(), true);
  // the connector itself gave the old connection up: nobody has to be told
  assert.equal(await Promise.race([lost, Promise.resolve('not reported')]), 'not reported');
});

test('a silent server is noticed by keepalive, without any heartbeat', async (t) => {
  const server = await mosquitto(t);
  const { lost } = await open(t, { url: server.url, keepaliveSeconds: 1 });
  server.freeze();
  assert.match(((await lost) as Error).message, /Keepalive timeout/);
});

test('a second client with the same clientId ends the first connection, and the reason says so', async (t) => {
  const { url } = await mosquitto(t);
  const first = await open(t, { url, clientId: 'same' });
  await open(t, { url, clientId: 'same' });
  assert.match(((await first.lost) as Error).message, /does another client have this clientId/);
});

test('a server that speaks something else does no harm, and the error says so', async (t) => {
  // the library takes the second for the beginning of a PUBLISH
  for (const greeting of ['HTTP/1.1 400 Bad Request\r\n\r\n', '220 mail ESMTP\r\n']) {
    const server = createServer((socket) => void socket.on('error', () => {}).write(greeting)).listen(0, '127.0.0.1');
    t.after(() => server.close());
    await once(server, 'listening');
    const url = `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const error = await rejection(connect(makeConnector(t, { url })));
    assert.equal(error.message, `cannot connect to ${url}: it does not speak MQTT; is the url right?`);
  }
});

test('disconnect is final, says goodbye to the server and may come without a connection', async (t) => {
  const { url } = await mosquitto(t);
  const { connector, connection, lost } = await open(t, { url });
  await connector.disconnect();
  assert.equal(await connector.isConnected(), false);
  assert.equal(
    ((await rejection(connection.producer.produce({ target: 'a', payload: '' }))) as SputnikError).code,
    'CONNECTION_LOST',
  );
  assert.match((await rejection(connect(connector))).message, /disconnected for good/);
  assert.equal(await Promise.race([lost, Promise.resolve('not reported')]), 'not reported');
  await makeConnector(t, { url }).disconnect();
});

test('a frozen server does not hold up disconnect, and what is pending is told why', async (t) => {
  const server = await mosquitto(t);
  const { connector, connection } = await open(t, { url: server.url });
  server.freeze();
  const pending = rejection(connection.producer.produce({ target: 'a', payload: 'x' }));
  await connector.disconnect();
  assert.match((await pending).message, /is lost: the satellite has disconnected$/);
});

test('a probe does not end the connection of the satellite, whose identifier the server lets in once', async (t) => {
  const { url } = await mosquitto(t);
  const raw = { url, clientId: 'satellite', cleanSession: false };
  const { connector, lost } = await open(t, raw);
  const found = await makeConnector(t, raw).probe?.(new AbortController().signal);
  assert.deepEqual(found, { url, product: undefined });
  assert.equal(await connector.isConnected(), true);
  assert.equal(await Promise.race([lost, Promise.resolve('kept')]), 'kept');
});

test('a probe that is refused says why, one that is aborted ends, and an embedded broker is not started for it', async (t) => {
  const file = join(await temporaryFolder(t), 'passwords');
  await writeFile(file, '');
  const { url } = await mosquitto(t, ['allow_anonymous false', `password_file ${file}`]);
  const probe = (raw: object, signal = new AbortController().signal): Promise<unknown> =>
    makeConnector(t, raw).probe?.(signal) ?? Promise.reject(new Error('it cannot probe'));
  await assert.rejects(probe({ url, username: 'me', password: 'wrong' }), /check username and password/);
  const port = await freePort();
  assert.equal(await probe({ embedded: true, port }), undefined);
  const server = createServer(() => {}).listen(port, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const attempt = new AbortController();
  const probing = rejection(probe({ url: `mqtt://127.0.0.1:${port}` }, attempt.signal));
  const [socket] = (await once(server, 'connection')) as [Socket];
  const closed = once(socket.resume(), 'close');
  attempt.abort(new Error('that is enough'));
  assert.equal((await probing).message, 'that is enough');
  await closed;
});
