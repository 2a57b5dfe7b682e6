import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectTo, createServer, type AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { Logger } from '@sputnikjs/core';
import type { ConsumedMessage } from '@sputnikjs/messaging';
import { rejection, tricklingTrials } from '@sputnikjs/testkit';
import { certificates } from '@sputnikjs/testkit/servers';
import { connector } from '../dist/index.js';
import { addStream, connect, makeConnector, open, started, withPlain } from './helpers.js';
import { foundBy, member } from './peers-helpers.js';

test('a password that goes to another host in clear is warned of; to this one, or over TLS, it is not', async () => {
  for (const [config, isWarned] of [
    [{ url: 'nats://nats.example', username: 'me', password: 'secret' }, true],
    [{ url: 'nats://nats.example', token: 'secret' }, true],
    [{ url: 'nats://nats.example' }, false],
    [{ url: 'nats://127.0.0.1', username: 'me', password: 'secret' }, false],
    [{ url: 'nats://localhost', token: 'secret' }, false],
    [{ url: 'tls://nats.example', token: 'secret' }, false],
    [{ url: 'nats://127.0.0.1', credsFile: '/nowhere' }, false],
  ] as const) {
    const warned: object[] = [];
    const nothing = (): void => undefined;
    const log: Logger = { debug: nothing, info: nothing, warn: (fields) => void warned.push(fields), error: nothing };
    const checked = await connector.config['~standard'].validate(config);
    assert.ok(!checked.issues, JSON.stringify(checked.issues));
    await connector.make(checked.value).start?.(log);
    assert.deepEqual(
      warned,
      isWarned ? [{ event: 'passwordInClear', host: 'nats.example' }] : [],
      JSON.stringify(config),
    );
  }
});

test('over TLS only the first line counts of what comes in clear', async (t) => {
  const pem = await certificates(t, 'nats.test');
  const { port } = await started(t, [
    `tls { cert_file: "${pem('server.pem')}", key_file: "${pem('server.key')}", ca_file: "${pem('ca.pem')}" }`,
  ]);
  const login = { caFile: pem('ca.pem'), servername: 'nats.test' };
  await addStream(`tls://127.0.0.1:${port}`, { name: 'S', subjects: ['a'] }, { tls: login });
  // Somebody between the two adds a line of their own behind the greeting.
  const middle = createServer((client) => {
    const server = connectTo(port, '127.0.0.1').on('error', () => {});
    client.on('error', () => {}).on('close', () => server.destroy());
    server.on('close', () => client.destroy());
    server.once('data', (greeting) => {
      client.write(Buffer.concat([greeting, Buffer.from('INFO {"max_payload":1,"headers":false}\r\n')]));
      server.pipe(client);
      client.pipe(server);
    });
  }).listen(0, '127.0.0.1');
  t.after(() => middle.close());
  await once(middle, 'listening');
  const url = `tls://127.0.0.1:${(middle.address() as AddressInfo).port}`;
  const { connection } = await open(t, { url, ...login });
  await connection.producer.produce({ target: 'a', payload: 'more than a byte' });
});

const INFO = 'INFO {"version":"2.9.10","max_payload":1048576,"headers":true}\r\n';

/** The url of a false server that introduces itself, and says one thing after the other each time it hears something. */
async function falseServer(t: TestContext, ...answers: readonly string[]): Promise<string> {
  const server = createServer((socket) => {
    const left = [...answers];
    socket.on('error', () => {}).write(INFO);
    socket.on('data', () => socket.write(left.shift() ?? ''));
  }).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  return `nats://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('what a server says that is not NATS is printed by nobody, and ends the connection', async (t) => {
  const printed = t.mock.method(console, 'log', () => {});
  for (const garbage of [`\u001B[2J${'x'.repeat(100_000)}`, 'INFO {\u001B[2J\r\n']) {
    const url = await falseServer(t, garbage);
    const error = await rejection(connect(makeConnector(t, { url, jetstream: false })));
    assert.match(error.message, /not NATS/);
  }
  // the library would print in a later turn
  await turn();
  assert.deepEqual(printed.mock.calls, []);
});

test('a server that refuses us and then says what is not NATS ends the connection, and not the process', async (t) => {
  const printed = t.mock.method(console, 'log', () => {});
  const url = await falseServer(t, 'PONG\r\n', "PONG\r\n-ERR 'Authorization Violation'\r\nXX");
  const { connector, lost } = await connect(makeConnector(t, { url, jetstream: false }));
  void connector.isConnected();
  assert.match(String(await lost), /is lost/);
  // an error that nobody hears would fail the test now
  await turn();
  assert.deepEqual(printed.mock.calls, []);
});

test('JetStream that answers with what it should not is printed by nobody, and asked once', async (t) => {
  const printed = (['log', 'error'] as const).map((name) => t.mock.method(console, name, () => {}));
  let [questions, sid] = [0, ''];
  const server = createServer((socket) => {
    socket.on('error', () => {}).write(INFO);
    socket.on('data', (data: Buffer) => {
      for (const line of String(data).split('\r\n')) {
        // the library's own inbox for answers comes last
        sid = /^SUB _INBOX\S+ (\d+)/.exec(line)?.[1] ?? sid;
        const [, reply] = /^PUB \S+STREAM\.NAMES (\S+) \d+/.exec(line) ?? [];
        const answer = JSON.stringify({ type: '\u001B[2J', total: 1e9, streams: ['S', 'T'] });
        if (line === 'PING') socket.write('PONG\r\n');
        else if (reply !== undefined && ++questions > 0)
          socket.write(`MSG ${reply} ${sid} ${answer.length}\r\n${answer}\r\n`);
      }
    });
  }).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const { connection } = await open(t, { url: `nats://127.0.0.1:${(server.address() as AddressInfo).port}` });
  const error = await rejection(connection.consumer.consume('a', async () => {}));
  assert.match(error.message, /^several streams have subjects of "a": S, T;/);
  assert.equal(questions, 1);
  for (const { mock } of printed) assert.deepEqual(mock.calls, []);
});

const MEBI = 1024 * 1024;

/** Where a server listens that says that, and then as many bytes as are taken, 2 GB at most, once somebody pings who has logged in, or before. */
async function floodingServer(t: TestContext, said: string, pongs: number): Promise<string> {
  const chunk = Buffer.alloc(MEBI, 'a');
  const server = createServer((socket) => {
    let [left, pings] = [2_000, 0];
    const flood = (): void => {
      while (left-- > 0 && !socket.destroyed) if (!socket.write(chunk)) return;
    };
    socket.on('error', () => {}).write(INFO);
    socket.on('data', (data: Buffer) => {
      if (!data.includes('PING')) return;
      if (pings++ < pongs) return void socket.write('PONG\r\n');
      socket.on('drain', flood).write(said);
      flood();
    });
  }).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  return `nats://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('a server that has let us in and announces a message of gigabytes is left at once', async (t) => {
  for (const said of ['MSG a 1 2000000000\r\n', 'HMSG a 1 12 2000000000\r\n', 'INFO {', "-ERR '"]) {
    const url = await floodingServer(t, said, 2);
    const { connector, lost } = await connect(makeConnector(t, { url, jetstream: false }));
    const before = process.memoryUsage().rss;
    void connector.isConnected();
    assert.match(
      String(((await lost) as Error).cause),
      /announces a message of 2000000000 bytes, more than any NATS server|a line of more than 1 MiB/,
      said,
    );
    const more = (process.memoryUsage().rss - before) / MEBI;
    assert.ok(more < 300, `${said}: it took ${more} MB`);
  }
});

test('a server that answers a login with gigabytes is left after the first megabyte', async (t) => {
  for (const said of ['MSG a 1 2000000000\r\n', 'INFO {', "-ERR '"]) {
    const url = await floodingServer(t, said, 0);
    const before = process.memoryUsage().rss;
    const error = await rejection(connect(makeConnector(t, { url, jetstream: false })));
    assert.match(error.message, /it answers a login with more than 1 MiB/);
    const more = (process.memoryUsage().rss - before) / MEBI;
    assert.ok(more < 100, `${said}: it took ${more} MB`);
  }
});

/** A server that delivers the first message of 100,000 bytes thousands of times. Resolves with its url. */
async function repeating(t: TestContext, port: number): Promise<string> {
  const proxy = createServer((client) => {
    const server = connectTo(port, '127.0.0.1').on('error', () => {});
    client.on('error', () => {}).on('close', () => server.destroy());
    server.on('close', () => client.destroy());
    client.pipe(server);
    let [rest, left] = ['', 0];
    let delivery = '';
    const more = (): void => {
      while (left-- > 0 && !client.destroyed) if (!client.write(delivery)) return;
    };
    client.on('drain', more);
    server.on('data', (data: Buffer) => {
      client.write(data);
      rest += data.toString('latin1');
      const [found] = /^MSG \S+ \d+ \$JS\.ACK\S+ 100000\r\n.{100000}\r\n/m.exec(rest) ?? [];
      if (found === undefined || delivery !== '') return;
      delivery = found;
      left = 20_000;
      setImmediate(more);
    });
  }).listen(0, '127.0.0.1');
  t.after(() => proxy.close());
  await once(proxy, 'listening');
  return `nats://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
}

test('a server that delivers far more than it was asked for is left', async (t) => {
  const { port, url: real } = await started(t);
  await addStream(real, { name: 'S', subjects: ['a'] });
  const payload = 'x'.repeat(100_000);
  const url = await repeating(t, port);
  const { connection, lost } = await open(t, { url });
  const before = process.memoryUsage().rss;
  let most = 0;
  await connection.consumer.consume('a', () => new Promise(() => most++), { maxUnacknowledged: 3 });
  // its acknowledgement may come after the end
  connection.producer.produce({ target: 'a', payload }).catch(() => {});
  assert.match(String(((await lost) as Error).cause), /sends more messages than it was asked for/);
  assert.equal(most, 3);
  const more = (process.memoryUsage().rss - before) / MEBI;
  assert.ok(more < 200, `it took ${more} MB`);
});

test('a server that sends a replay more than it was asked for is left, before it takes the memory', async (t) => {
  const { port, url: real } = await started(t);
  await addStream(real, { name: 'S', subjects: ['a'] });
  const first = new Promise<ConsumedMessage>((resolve) => {
    void open(t, { url: real }).then(async ({ connection: { consumer, producer } }) => {
      await consumer.consume('a', async (message) => resolve(message));
      await producer.produce({ target: 'a', payload: 'x' });
      await producer.produce({ target: 'a', payload: 'x'.repeat(100_000) });
    });
  });
  const { sequence = '' } = await first;
  const { connection, lost } = await open(t, { url: await repeating(t, port) });
  const before = process.memoryUsage().rss;
  const messages = await connection.replayer?.replay('a', sequence, new AbortController().signal);
  // it is in the midst of the first one
  void messages?.[Symbol.asyncIterator]().next();
  assert.match(String(((await lost) as Error).cause), /sends more messages than it was asked for/);
  const more = (process.memoryUsage().rss - before) / MEBI;
  assert.ok(more < 200, `it took ${more} MB`);
});

test('who answers for thousands of processes, or at length, does not fill the memory of who looks for them', async (t) => {
  const { url } = await started(t);
  const [a, b] = [await member(t, url), await member(t, url, 'syslog')];
  const genuine = { type: 'io.nats.micro.v1.ping_response', name: 'demo-syslog', version: '1.0.0' };
  const answer = (id: string, sputnik: string): string =>
    JSON.stringify({ ...genuine, id, metadata: { whole: 'demo', satellite: 'syslog', format: '1.15', sputnik } });
  await withPlain(url, async (plain) => {
    plain.subscribe('$SRV.PING.demo-syslog', {
      callback: (_, { reply = '' }) => {
        for (let n = 0; n < 20; n++) plain.publish(reply, answer(`long${n}`, 'x'.repeat(100_000)));
        for (let n = 0; n < 5_000; n++) plain.publish(reply, answer(`x${n}`, '1.0.0'));
      },
    });
    await plain.flush();
    const found = await a.membership.find(['syslog'], 2_000);
    assert.ok(found.length <= 2_048, `${found.length} were found`);
    assert.deepEqual(
      found.filter(({ version }) => version.length > 2_048),
      [],
    );
  });
  await foundBy(a, ['syslog'], [b]);
  for (const { connector } of [a, b]) assert.equal(await connector.isConnected(), true);
});

const trickling = tricklingTrials((scope, port) =>
  makeConnector(scope, { url: `nats://127.0.0.1:${port}`, jetstream: false }),
);

test('a server that trickles in the login is given up when the attempt is, and nothing stays open', (t) =>
  trickling.inLogin(t, [
    ['a greeting', ['INFO {'], 'x'],
    ['a second INFO', [INFO, 'INFO {'], 'x'],
    ['what is no answer', [INFO, ''], ['+OK\r\n']],
    ['pings', [INFO, ''], ['PING\r\n']],
    ['a message', [INFO, 'MSG a 1 900000\r\n'], 'x'],
    ['a refusal', [INFO, "-ERR '"], 'x'],
  ]));

test('a server that trickles after the login answers no heartbeat; the next attempt, and a landing, do not wait for it', (t) =>
  trickling.afterLogin(t, [
    ['a message', [INFO, 'PONG\r\n', 'PONG\r\n', 'MSG a 1 60000000\r\n'], 'x'],
    ['headers', [INFO, 'PONG\r\n', 'PONG\r\n', 'HMSG a 1 50000000 60000000\r\n'], 'x'],
    ['INFO', [INFO, 'PONG\r\n', 'PONG\r\n', 'INFO {'], 'x'],
    ['a refusal', [INFO, 'PONG\r\n', 'PONG\r\n', "-ERR '"], 'x'],
    ['pings', [INFO, 'PONG\r\n', 'PONG\r\n', ''], ['PING\r\n']],
    ['a subject', [INFO, 'PONG\r\n', 'PONG\r\n', 'MSG '], 'x'],
  ]));

test('a landing says goodbye to a server that trickles, and does not wait for its answer', (t) =>
  trickling.atGoodbye(t, ['a long message', [INFO, 'PONG\r\n', 'PONG\r\n', 'MSG a 1 60000000\r\n'], 'x']));
