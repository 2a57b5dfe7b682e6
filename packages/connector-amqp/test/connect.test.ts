import assert from 'node:assert/strict';
import { once } from 'node:events';
import { copyFile, readFile } from 'node:fs/promises';
import { connect as connectTo, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { after, before, test, type TestContext } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import type { Inspection } from '@sputnikjs/core';
import { AMQP_CONFIG, connector as definition } from '@sputnikjs/connector-amqp';
import { rejection } from '@sputnikjs/testkit';
import { certificates, freePort, rabbitmqServer } from '@sputnikjs/testkit/servers';
import { addUser, connect, makeConnector, open, storedIn, withPlain } from './helpers.js';

const pem = await certificates({ after }, 'rabbit.test');
const tlsPort = await freePort();
const server = await rabbitmqServer({ after }, [
  `listeners.ssl.1 = 127.0.0.1:${tlsPort}`,
  `ssl_options.cacertfile = ${pem('ca.pem')}`,
  `ssl_options.certfile = ${pem('server.pem')}`,
  `ssl_options.keyfile = ${pem('server.key')}`,
  'ssl_options.verify = verify_peer',
  'ssl_options.fail_if_no_peer_cert = true',
]);
const { url, port } = server;
before(() => server.start());

async function portOf(t: TestContext, listener: Server): Promise<number> {
  t.after(() => listener.close());
  await once(listener.listen(0, '127.0.0.1'), 'listening');
  return (listener.address() as AddressInfo).port;
}

/** Bytes that the library takes for the length of a frame, of 4 GiB. */
const NOT_A_FRAME = Buffer.alloc(12, 0xff);

test('a probe tells where the server is, and makes no queue', async (t) => {
  const connector = makeConnector(t, { url, queues: [{ name: 'probed', type: 'classic' }] });
  assert.deepEqual(await connector.probe?.(new AbortController().signal), { url, product: undefined });
  await withPlain(port, (plain) => assert.rejects(plain.queueDeclare({ queue: 'probed', passive: true }), /NOT_FOUND/));
});

test('TLS: the server is checked against caFile and servername, and files are read anew at each connect', async (t) => {
  const [tlsUrl, servername] = [`amqps://127.0.0.1:${tlsPort}`, 'rabbit.test'];
  const ours = { certFile: pem('client.pem'), keyFile: pem('client.key') };
  const tls = { url: tlsUrl, caFile: pem('ca.pem'), ...ours };
  await withPlain(port, (plain) => plain.queueDeclare({ queue: 'tls' }));
  const { connection } = await open(t, { ...tls, servername });
  await connection.producer.produce({ target: 'tls', payload: 'over TLS' });
  const [stored] = await storedIn(port, 'tls');
  assert.equal(stored?.payload, 'over TLS');

  const unnamed = await rejection(connect(makeConnector(t, tls)));
  assert.match(unnamed.message, /^cannot connect to amqps:.*; are caFile, .* and servername right/);
  const missing = await rejection(connect(makeConnector(t, { ...tls, caFile: pem('missing.pem') })));
  assert.match(missing.message, /^cannot read caFile: ENOENT.*missing\.pem/);
  const plain = await rejection(connect(makeConnector(t, { url: tlsUrl.replace('amqps:', 'amqp:') })));
  assert.match(plain.message, /^cannot connect to amqp:.*; is this its port for AMQP, without TLS\?$/);

  await copyFile(pem('stranger.pem'), pem('authority.pem'));
  const connector = makeConnector(t, { ...tls, servername, caFile: pem('authority.pem') });
  assert.match((await rejection(connect(connector))).message, /self.signed|unable to verify/);
  await copyFile(pem('ca.pem'), pem('authority.pem'));
  assert.ok((await connect(connector)).connection);
});

test('mutual TLS: the server takes our certificate, nobody without one, and a renewed one at the next connect', async (t) => {
  const tls = { url: `amqps://127.0.0.1:${tlsPort}`, caFile: pem('ca.pem'), servername: 'rabbit.test' };
  const error = await rejection(connect(makeConnector(t, tls)));
  assert.match(error.message, /^cannot connect to amqps:.*; are caFile, certFile, .* right/);
  const renew = (name: string): Promise<unknown> =>
    Promise.all(['pem', 'key'].map((kind) => copyFile(pem(`${name}.${kind}`), pem(`mine.${kind}`))));
  await renew('stranger');
  const connector = makeConnector(t, { ...tls, certFile: pem('mine.pem'), keyFile: pem('mine.key') });
  assert.match((await rejection(connect(connector))).message, /^cannot connect to amqps:.*; are caFile, certFile, /);
  await renew('client');
  assert.ok((await connect(connector)).connection);
});

test('user, password and virtual host are what the server wants; else the error says what to check', async (t) => {
  await server.evaluate('rabbit_vhost:add(<<"satellites">>, <<"test">>)');
  await addUser(server, ['me', 'right'], ['.*', '.*', '.*'], 'satellites');
  const failure = async (raw: object): Promise<string> =>
    (await rejection(connect(makeConnector(t, { url, ...raw })))).message;
  await open(t, { url, username: 'me', password: 'right', vhost: 'satellites' });
  const refused = { url, username: 'me', password: 'wrong', vhost: 'satellites' };
  const { message: wrong, cause } = await rejection(connect(makeConnector(t, refused)));
  assert.match(wrong, /^cannot connect to amqp:\/\/[^ ]+: ACCESS_REFUSED.*[^.]; check username \(me\) and password$/);
  const { message: said } = cause as Error;
  assert.ok(/^ACCESS_REFUSED.*[^.]$/.test(said) && wrong.includes(said), 'else a log would have it twice');
  assert.doesNotMatch(wrong, /"wrong"|wrong$/);
  assert.match(
    await failure({ username: 'me', password: 'right' }),
    /; check vhost \(\/\), and whether the user \(me\) may use it$/,
  );
  assert.match(await failure({ vhost: 'nowhere' }), /; check vhost \(nowhere\), and whether the user/);
});

test('a server that speaks another protocol makes the attempt fail, and the error says so, over TLS, too', async (t) => {
  const nats = 'INFO {"server_id":"x","version":"2.10.0"}\r\n';
  // it begins with what is a frame of 669 KB by its length
  const mysql = 'J\0\0\0\n5.7.44\0';
  for (const greeting of [nats, mysql, NOT_A_FRAME, '\x01\0\0\xff\xff\xff\xff\0']) {
    const greet = (socket: Socket): void => void socket.on('error', () => {}).write(greeting, 'latin1');
    const foreign = `amqp://127.0.0.1:${await portOf(t, createServer(greet))}`;
    const error = await rejection(connect(makeConnector(t, { url: foreign }), AbortSignal.timeout(10_000)));
    assert.equal(error.message, `cannot connect to ${foreign}: it does not speak AMQP; is the url right?`);
  }
  const [key, cert] = await Promise.all([readFile(pem('server.key')), readFile(pem('server.pem'))]);
  const secure = createTlsServer({ key, cert }, (socket) => void socket.on('error', () => {}).write(nats));
  const tls = { url: `amqps://127.0.0.1:${await portOf(t, secure)}`, caFile: pem('ca.pem'), servername: 'rabbit.test' };
  const error = await rejection(connect(makeConnector(t, tls)));
  assert.equal(error.message, `cannot connect to ${tls.url}: it does not speak AMQP; is the url right?`);
});

test('a server of another version of AMQP makes the attempt fail, and the error names the version', async (t) => {
  const greet = (socket: Socket): void => void socket.on('error', () => {}).end('AMQP\0\x01\0\0');
  const foreign = `amqp://127.0.0.1:${await portOf(t, createServer(greet))}`;
  const error = await rejection(connect(makeConnector(t, { url: foreign })));
  assert.match(
    error.message,
    /^cannot connect to amqp:.*not supported; the server suggests 0-1-0-0; is the url right\?$/,
  );
});

test('a frame of a length that no frame has, amid good ones, ends the connection and not the process', async (t) => {
  const clients: Socket[] = [];
  const proxy = createServer((client) => {
    clients.push(client);
    const upstream = connectTo(port, '127.0.0.1');
    for (const socket of [client, upstream]) socket.on('error', () => {});
    client.pipe(upstream).pipe(client);
  });
  const { connection, lost } = await open(t, { url: `amqp://127.0.0.1:${await portOf(t, proxy)}` });
  await withPlain(port, (plain) => plain.queueDeclare({ queue: 'before' }));
  await connection.producer.produce({ target: 'before', payload: 'x' });
  for (const client of clients) client.write(NOT_A_FRAME);
  assert.match(String(await lost), /the connection to amqp:.* is lost: it does not speak AMQP$/);
});

test('of a cluster the server is taken that is there; when none is, the error has what each said', async (t) => {
  const dead = `amqp://127.0.0.1:${await freePort()}`;
  for (let time = 0; time < 4; time++) assert.equal((await open(t, { url: [dead, url] })).connection.url, url);
  const error = await rejection(connect(makeConnector(t, { url: [dead, dead] })));
  assert.match(
    error.message,
    /^cannot connect to any of the 2 servers: cannot connect to amqp:.*; cannot connect to amqp:/,
  );
});

test('the check before a start finds files that are missing', async () => {
  const check = (raw: object): unknown => definition.check?.(AMQP_CONFIG.parse(raw));
  assert.deepEqual(await check({ url }), { problems: [] });
  const { problems } = (await check({ url: 'amqps://a', caFile: pem('missing.pem') })) as Inspection;
  assert.match((problems ?? []).join(), /^cannot read caFile: ENOENT.*missing\.pem'$/);
});

test('exchanges, queues and bindings that are missing are created, and outlive a further connect', async (t) => {
  const raw = {
    url,
    exchange: 'logs',
    exchanges: [{ name: 'logs', type: 'topic' }],
    queues: [
      { name: 'errors', type: 'quorum', bindings: [{ exchange: 'logs', key: '*.err' }] },
      { name: 'short', type: 'classic', durable: false, maxLength: 1, messageTtlSeconds: 60 },
    ],
  };
  await open(t, raw);
  const { connection } = await open(t, raw);
  await connection.producer.produce({ target: 'kern.err', payload: 'by routing key' });
  const [stored] = await storedIn(port, 'errors');
  assert.deepEqual([stored?.routingKey, stored?.payload], ['kern.err', 'by routing key']);
  const unbound = await rejection(connection.producer.produce({ target: 'kern.info', payload: 'x' }));
  assert.match(
    unbound.message,
    /^no queue takes messages for "kern\.info" .*; bind a queue to the exchange "logs" \("bindings"/,
  );
  const { messageCount } = await withPlain(port, (plain) =>
    plain.queueDeclare({
      queue: 'short',
      arguments: {
        'x-queue-type': 'classic',
        'x-max-length': 1,
        'x-overflow': 'reject-publish',
        'x-message-ttl': 60_000,
      },
    }),
  );
  assert.equal(messageCount, 0, 'it is there, with just these properties');
});

test('what is there with other properties, or is missing, is an error that names it and says what to do', async (t) => {
  await withPlain(port, async (plain) => {
    await plain.queueDeclare({ queue: 'taken', durable: true });
    await plain.exchangeDeclare({ exchange: 'fan', type: 'fanout', durable: true });
  });
  const failure = async (raw: object): Promise<string> =>
    (await rejection(connect(makeConnector(t, { url, ...raw })))).message;
  assert.match(
    await failure({ queues: [{ name: 'taken', type: 'classic', maxLength: 5 }] }),
    /^the queue "taken": .*x-max-length.*; delete it on the server, or configure it as it is on the server$/,
  );
  assert.match(
    await failure({ exchanges: [{ name: 'fan', type: 'topic' }] }),
    /^the exchange "fan": .*type.*; delete it on the server, or configure it as it is on the server$/,
  );
  assert.match(
    await failure({ exchange: 'nowhere' }),
    /^the exchange "nowhere" to publish to: .*NOT_FOUND.*; create the exchange, or list it in "exchanges"$/,
  );
  const bindings = [{ exchange: 'nowhere', key: 'a' }];
  assert.match(
    await failure({ queues: [{ name: 'bound', type: 'classic', bindings }] }),
    /^the binding of the queue "bound" to the exchange "nowhere": .*; create the exchange, or list it in "exchanges"$/,
  );
  await addUser(server, ['poor', 'x'], ['^$', '.*', '.*']);
  assert.match(
    await failure({ username: 'poor', password: 'x', queues: [{ name: 'new', type: 'classic' }] }),
    /^the queue "new": .*ACCESS_REFUSED.*; give the user the permission on the server, or create it there/,
  );
});
