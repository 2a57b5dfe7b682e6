import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectTo, createServer, type AddressInfo, type Socket } from 'node:net';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { SputnikError } from '@sputnikjs/core';
import { rejection } from '@sputnikjs/testkit';
import { freePort, redisServer } from '@sputnikjs/testkit/servers';
import { connect, makeConnector, open, started, until, withPlain } from './helpers.js';

test('a server that is not there rejects the attempt and says what to look at', async (t) => {
  const url = `redis://127.0.0.1:${await freePort()}`;
  const error = await rejection(connect(makeConnector(t, { url })));
  assert.match(error.message, new RegExp(`^cannot connect to ${url}: .*ECONNREFUSED.*; is the server running`));
});

test('wrong credentials, or none, are refused with a hint, and a password is in no part of the error', async (t) => {
  const { url } = await started(t, ['requirepass right-one', 'user me on >mine ~* +@all']);
  await open(t, { url, password: 'right-one' });
  await open(t, { url, username: 'me', password: 'mine' });
  for (const [login, code] of [
    [{ password: 'wrong-one' }, 'WRONGPASS'],
    [{ username: 'me', password: 'wrong-one' }, 'WRONGPASS'],
    [{ username: 'you', password: 'wrong-one' }, 'WRONGPASS'],
    [{}, 'NOAUTH'],
  ] as const) {
    const error = await rejection(connect(makeConnector(t, { url, ...login })));
    assert.match(error.message, new RegExp(`^cannot connect to ${url}: ${code} .*; check username and password$`));
    assert.doesNotMatch(inspect(error, { depth: 9, showHidden: true }), /wrong-one/);
  }
});

test('a database is chosen by its number, and one that is not there is an error', async (t) => {
  const { url, port } = await started(t);
  const { connection } = await open(t, { url, database: 3 });
  await connection.producer.produce({ target: 'a', payload: 'x' });
  await withPlain(port, async (plain) => assert.equal(await plain.xlen('a'), 1), { db: 3 });
  const error = await rejection(connect(makeConnector(t, { url, database: 99 })));
  assert.match(error.message, /^cannot connect to .*: ERR DB index is out of range; is "database" right\?$/);
});

test('a replica takes no messages: the attempt says so', async (t) => {
  const { url } = await started(t, [`replicaof 127.0.0.1 ${await freePort()}`]);
  const error = await rejection(connect(makeConnector(t, { url })));
  assert.match(error.message, /the server is a replica, which takes no messages; give the url of the primary/);
});

test('a server that still loads its data is not connected to yet', async (t) => {
  const server = await redisServer(t, ['key-load-delay 20']);
  await server.start();
  await withPlain(server.port, async (plain) => {
    const batch = plain.pipeline();
    for (let i = 0; i < 6000; i++) batch.xadd('a', '*', 'payload', `${i}`);
    await batch.exec();
  });
  await server.stop();
  const starting = server.start();
  const connector = makeConnector(t, { url: server.url });
  const failures = new Set<string>();
  for (let connected = false; !connected;) {
    connected = await connect(connector).then(
      () => true,
      (error: Error) => failures.add(error.message).size === 0,
    );
  }
  await starting;
  assert.match([...failures].join('\n'), /cannot connect to .*: LOADING .*; it has just started/);
});

test('a server with too many clients says so', async (t) => {
  const { url } = await started(t, ['maxclients 1']);
  await open(t, { url });
  const error = await rejection(connect(makeConnector(t, { url })));
  assert.match(error.message, /cannot connect to .*(max number of clients reached|closed the connection|ECONNRESET)/);
});

test('a server that speaks something else, or hangs up, does no harm, and the error says what it is', async (t) => {
  for (const [greeting, reason] of [
    ['HTTP/1.1 400 Bad Request\r\n\r\n', 'it does not speak Redis; is the url right?'],
    ['INFO {"server_id":"x"}\r\n', 'it does not speak Redis; is the url right?'],
    // an answer, as far as that goes
    ['+OK POP3\r\n', 'it does not speak Redis; is the url right?'],
    ['', 'the server closed the connection; does it require TLS (rediss://)?'],
  ] as const) {
    const greet = (socket: Socket): void => void socket.on('error', () => {}).on('data', () => socket.end(greeting));
    const server = createServer(greet).listen(0, '127.0.0.1');
    t.after(() => server.close());
    await once(server, 'listening');
    const url = `redis://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const error = await rejection(connect(makeConnector(t, { url })));
    assert.equal(error.message, `cannot connect to ${url}: ${reason}`);
    assert.equal((error.cause as Error).message, reason.replace(/; does it.*/, ''), 'a log has it, too');
  }
});

test('an aborted attempt settles at once with the reason of its signal, in the handshake of TLS, too', async (t) => {
  for (const scheme of ['redis', 'rediss']) {
    const server = createServer().listen(0, '127.0.0.1');
    t.after(() => server.close());
    await once(server, 'listening');
    const connector = makeConnector(t, { url: `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}` });
    const aborted = AbortSignal.abort(new Error('too late'));
    assert.equal(await rejection(connect(connector, aborted)), aborted.reason);

    const attempt = new AbortController();
    const connecting = rejection(connect(connector, attempt.signal));
    const [socket] = (await once(server, 'connection')) as [Socket];
    const closed = once(
      socket.on('error', () => {}),
      'close',
    );
    await once(socket, 'data');
    attempt.abort(new Error('that is enough'));
    assert.equal((await connecting).message, 'that is enough');
    await closed;
  }
});

test('while a connection lives, connect gives it again', async (t) => {
  const { url } = await started(t);
  const { connector, connection } = await open(t, { url });
  assert.equal((await connect(connector)).connection, connection);
  assert.equal(connection.url, url);
});

test('the end of the server ends all that is pending with CONNECTION_LOST, and is reported at once', async (t) => {
  const server = await started(t);
  const { connector, connection, lost } = await open(t, { url: server.url });
  server.freeze();
  const pending = Array.from({ length: 2000 }, () =>
    rejection(connection.producer.produce({ target: 'a', payload: 'x' })),
  );
  await server.stop();
  const reason = await lost;
  assert.ok(reason instanceof SputnikError && reason.code === 'CONNECTION_LOST');
  assert.deepEqual(new Set((await Promise.all(pending)).map(({ code }) => code)), new Set(['CONNECTION_LOST']));
  assert.equal(await connector.isConnected(), false);
  assert.equal((await rejection(connection.consumer.consume('a', async () => {}))).code, 'CONNECTION_LOST');
});

test('a server that shuts down in good order is reported at once, and what waits for messages ends', async (t) => {
  const server = await started(t);
  const { connector, connection, lost } = await open(t, { url: server.url });
  await connection.producer.produce({ target: 'a', payload: 'x' });
  const subscription = await connection.consumer.consume('a', async () => {});
  server.signal('SIGTERM');
  assert.match(
    String(await lost),
    new RegExp(`the connection to ${server.url} is lost: the server closed the connection`),
  );
  assert.equal(await connector.isConnected(), false);
  await subscription.stop();
});

test('a server that closes its half of a connection that is full of messages has closed the connection', async (t) => {
  const server = await started(t);
  const clients: Socket[] = [];
  const proxy = createServer({ allowHalfOpen: true }, (client) => {
    const upstream = connectTo(server.port, '127.0.0.1');
    for (const socket of [client, upstream]) socket.on('error', () => {});
    client
      .on('close', () => upstream.destroy())
      .pipe(upstream)
      .pipe(client);
    clients.push(client);
  }).listen(0, '127.0.0.1');
  t.after(() => proxy.close());
  await once(proxy, 'listening');
  const url = `redis://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const { connection, lost } = await open(t, { url });
  let reason: unknown;
  void lost.then((error) => (reason = error));
  const produce = (payload: string | Buffer): void =>
    void connection.producer.produce({ target: 'a', payload }).catch(() => {});
  for (const client of clients) client.unpipe().pause();
  // more than the kernel keeps for who does not read
  produce(Buffer.alloc(32 * 1024 * 1024));
  for (const client of clients) client.end();
  await until(async () => {
    produce('x');
    return reason !== undefined;
  });
  for (const client of clients) client.destroy();
  assert.match(String(reason), /the connection to redis:.* is lost: the server closed the connection$/);
});

test('the end of one connection of a link is the end of all', async (t) => {
  const { url, port } = await started(t);
  for (const victim of ['cmd=xreadgroup', 'cmd=ping']) {
    const { connector, connection, lost } = await open(t, { url });
    await connection.consumer.consume('a', async () => {});
    await connector.isConnected();
    await withPlain(port, async (plain) => {
      for (let id: string | undefined; id === undefined;) {
        const clients = String(await plain.client('LIST')).split('\n');
        id = /id=(\d+)/.exec(clients.find((line) => line.includes(victim)) ?? '')?.[1];
        if (id !== undefined) await plain.client('KILL', 'ID', id);
      }
    });
    assert.match(String(await lost), /the server closed the connection/);
    await connector.disconnect();
  }
});

test('of several heartbeats at a silent server one is sent, and all settle when the link ends', async (t) => {
  const server = await started(t);
  const { connector, lost } = await open(t, { url: server.url });
  server.freeze();
  const heartbeats = [connector.isConnected(), connector.isConnected(), connector.isConnected()];
  // what was sent in this turn goes out
  await new Promise((resolve) => setImmediate(resolve));
  // what the core does when a heartbeat is late
  const again = connect(connector);
  assert.deepEqual(await Promise.all(heartbeats.map(async (alive) => alive)), [false, false, false]);
  server.thaw();
  await again;
  assert.equal(await connector.isConnected(), true);
  await withPlain(server.port, async (plain) => {
    assert.match(await plain.info('commandstats'), /cmdstat_ping:calls=4,/, 'two logins, and two heartbeats');
  });
  // the connector itself gave the old connection up: nobody has to be told
  assert.equal(await Promise.race([lost, Promise.resolve('not reported')]), 'not reported');
});

test('disconnect is final, and may come without a connection', async (t) => {
  const { url } = await started(t);
  const { connector, connection, lost } = await open(t, { url });
  await connector.disconnect();
  assert.equal(await connector.isConnected(), false);
  const error = await rejection(connection.producer.produce({ target: 'a', payload: '' }));
  assert.match(error.message, /is lost: the satellite has disconnected$/);
  assert.match((await rejection(connect(connector))).message, /disconnected for good/);
  assert.equal(await Promise.race([lost, Promise.resolve('not reported')]), 'not reported');
  await makeConnector(t, { url }).disconnect();
});

test('a frozen server does not hold up disconnect, and what is pending is told why', async (t) => {
  const server = await started(t);
  const { connector, connection } = await open(t, { url: server.url });
  await connection.consumer.consume('a', async () => {});
  server.freeze();
  const pending = rejection(connection.producer.produce({ target: 'a', payload: 'x' }));
  await connector.disconnect();
  assert.match((await pending).message, /is lost: the satellite has disconnected$/);
});

test('a probe tells the server and its version, and leaves no client behind', async (t) => {
  const { url, port } = await started(t);
  const found = await makeConnector(t, { url }).probe?.(new AbortController().signal);
  assert.equal(found?.url, url);
  assert.match(found?.product ?? '', /^(redis|valkey) \d+\.\d+\.\d+/);
  const clients = await withPlain(port, (plain) => plain.client('LIST') as Promise<string>);
  assert.equal(clients.trim().split('\n').length, 1);
});
