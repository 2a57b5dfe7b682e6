import assert from 'node:assert/strict';
import { once } from 'node:events';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test, type TestContext } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import tls, { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import type { SyslogMessage } from '@sputnikjs/adapter-syslog';
import { authority, certificate, temporaryFolder } from './certificates.js';
import { Collector, dial, fly, gone, prepare, randomBytes, seeded, stalled, texts, until } from './support.js';

const folder = temporaryFolder({ after });
const ca = authority(folder, 'ca');
const server = certificate(folder, 'server', ca);
const client = certificate(folder, 'client', ca);
const stranger = certificate(folder, 'stranger', authority(folder, 'other-ca'));

const listener = { transport: 'tls', port: 0, ...server };

/** A TLS connection, once its handshake is complete. */
async function dialTls(t: TestContext, port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({ port, host: '127.0.0.1', ca: readFileSync(ca.certFile), ...options });
  socket.on('error', () => {});
  t.after(() => socket.destroy());
  await once(socket, 'secureConnect');
  return socket;
}

function shows({ certFile, keyFile }: typeof client): ConnectionOptions {
  return { cert: readFileSync(certFile), key: readFileSync(keyFile) };
}

for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`messages arrive by ${maxVersion}, in either framing`, async (t) => {
    const collector = new Collector<SyslogMessage>();
    const receiver = { listeners: [{ ...listener, name: 'secure' }] };
    const { port } = await fly(t, collector, 'syslogproducer', { receiver });
    const counted = await dialTls(t, port, { maxVersion });
    assert.equal(counted.getProtocol(), maxVersion);
    counted.end('9 <13>count');
    const [message] = await collector.first(1);
    assert.deepEqual(message?.source, {
      address: '127.0.0.1',
      port: message?.source.port,
      transport: 'tls',
      listener: 'secure',
    });
    (await dialTls(t, port, { maxVersion })).end('<13>line');
    assert.deepEqual(texts(await collector.first(2)), ['count', 'line']);
  });
}

test('no later version is spoken than maxTlsVersion, with renewed certificates too', async (t) => {
  const certFile = join(folder, 'touched.pem');
  copyFileSync(server.certFile, certFile);
  const receiver = { listeners: [{ ...listener, certFile, maxTlsVersion: 'TLSv1.2' }] };
  const { port, logs } = await fly(t, new Collector<SyslogMessage>(), 'syslogproducer', { receiver });
  assert.equal((await dialTls(t, port)).getProtocol(), 'TLSv1.2');
  copyFileSync(server.certFile, certFile);
  assert.equal((await dialTls(t, port)).getProtocol(), 'TLSv1.2');
  await logs.first('certificateRead');
});

test('older versions of TLS are refused, even where Node is told to allow them', async (t) => {
  const allowed = tls.DEFAULT_MIN_VERSION;
  t.after(() => void (tls.DEFAULT_MIN_VERSION = allowed));
  tls.DEFAULT_MIN_VERSION = 'TLSv1';
  const { port, logs } = await fly(t, new Collector<SyslogMessage>(), 'syslogproducer', {
    receiver: { listeners: [listener] },
  });
  const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
  await assert.rejects(dialTls(t, port, old), { code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION' });
  assert.match((await logs.first('handshakeFailed')).text, /unsupported protocol/);
});

for (const [who, options, told] of [
  ['without certificate', {}, /peer did not return a certificate/],
  [
    'with a certificate of another authority',
    shows(stranger),
    /certificate is not accepted \(UNABLE_TO_VERIFY_LEAF_SIGNATURE\)/,
  ],
] as const) {
  test(`with caFile, a sender ${who} is not heard, counted and told; one that the authority vouches for is`, async (t) => {
    const collector = new Collector<SyslogMessage>();
    const receiver = { listeners: [{ ...listener, caFile: ca.certFile }] };
    const { port, logs, counts } = await fly(t, collector, 'syslogproducer', { receiver });
    // With TLS 1.3 the client's handshake is complete before the server has seen who it is.
    const refused = await dialTls(t, port, options);
    refused.write('<13>from a stranger\n');
    await gone(refused);
    assert.match((await logs.first('handshakeFailed')).text, told);
    (await dialTls(t, port, shows(client))).end('<13>from a friend\n');
    assert.deepEqual(texts(await collector.first(1)), ['from a friend']);
    const { handshakesFailed, frames } = await counts();
    assert.deepEqual({ handshakesFailed, frames }, { handshakesFailed: 1, frames: 1 });
  });
}

test('garbage on the TLS port is counted, told with its sender, and harms nobody', async (t) => {
  const collector = new Collector<SyslogMessage>();
  const { port, logs, counts } = await fly(t, collector, 'syslogproducer', { receiver: { listeners: [listener] } });
  const good = await dialTls(t, port);
  good.write('<13>before\n');
  const random = seeded(5425);
  for (let n = 0; n < 20; n++) {
    const hostile = await dial(t, port);
    const closed = gone(hostile);
    hostile.end(n === 0 ? '<13>in clear\n' : randomBytes(random, 1 + random(5_000)));
    await closed;
  }
  good.write('<13>after\n');
  assert.deepEqual(texts(await collector.first(2)), ['before', 'after']);
  await until(async () => (await counts()).handshakesFailed === 20);
  assert.equal((await logs.first('handshakeFailed'))['remoteAddress'], '127.0.0.1');
});

test('a sender that does not complete its handshake is closed after handshakeTimeoutMs', async (t) => {
  const receiver = { listeners: [{ ...listener, handshakeTimeoutMs: 100 }] };
  const { port, logs } = await fly(t, new Collector<SyslogMessage>(), 'syslogproducer', { receiver });
  await gone(await dial(t, port));
  assert.match((await logs.first('handshakeFailed')).text, /handshake timeout/);
});

test('a landing waits for no sender that is still in its handshake, and finds no fault with it', async (t) => {
  const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
  const before = timers();
  const { port, flight, logs } = await fly(t, new Collector<SyslogMessage>(), 'syslogproducer', {
    receiver: { listeners: [listener] },
  });
  const silent = await dial(t, port);
  const secure = await dialTls(t, port);
  const closed = [gone(silent), gone(secure)];
  assert.equal((await flight.shootDown()).clean, true);
  await Promise.all(closed);
  for (let n = 0; n < 20; n++) await turn();
  assert.deepEqual([logs.of('handshakeFailed').length, timers()], [0, before]);
});

test('files that have changed are read again for the next sender; while they cannot be used, the certificate stays', async (t) => {
  const [certFile, keyFile] = [join(folder, 'renewed.pem'), join(folder, 'renewed.key')];
  const use = (pair: typeof server): void => {
    copyFileSync(pair.certFile, certFile);
    copyFileSync(pair.keyFile, keyFile);
  };
  use(server);
  const receiver = { listeners: [{ transport: 'tls', port: 0, certFile, keyFile }] };
  const { port, logs } = await fly(t, new Collector<SyslogMessage>(), 'syslogproducer', { receiver });
  const shown = async (): Promise<string | string[] | undefined> => {
    const socket = await dialTls(t, port);
    return socket.getPeerCertificate().subject.CN;
  };
  assert.equal(await shown(), 'server');
  use(client);
  assert.equal(await shown(), 'client');
  assert.equal(logs.of('certificateRead').length, 1);
  writeFileSync(certFile, 'no certificate');
  assert.equal(await shown(), 'client');
  assert.match((await logs.first('certificateUnusable')).text, /the old certificate stays/);
  use(server);
  assert.equal(await shown(), 'server');
});

test('a sender by TLS is pushed back while the mailbox is full; then everything arrives, in order', async (t) => {
  const collector = new Collector<SyslogMessage>(16);
  collector.close();
  const { port, status } = await fly(t, collector, 'syslogproducer', { receiver: { listeners: [listener] } });
  const total = 20_000;
  const padding = 'x'.repeat(1_000);
  const socket = await dialTls(t, port);
  for (let i = 0; i < total; i++) socket.write(`<13>${i} ${padding}\n`);
  socket.end();
  await until(() => status('syslogproducer').rejected > 0);
  await stalled(socket);
  assert.ok(socket.writableLength > 0, 'the sender could send all');
  collector.open();
  const numbers = texts(await collector.first(total)).map((text) => Number.parseInt(text, 10));
  assert.deepEqual(numbers, [...numbers.keys()]);
});

test('a landing hands on what had been read of a TLS connection', async (t) => {
  const collector = new Collector<SyslogMessage>(1);
  collector.close();
  const { port, flight, status } = await fly(t, collector, 'syslogproducer', { receiver: { listeners: [listener] } });
  const socket = await dialTls(t, port);
  socket.write(Array.from({ length: 50 }, (_, i) => `<13>${i}\n`).join(''));
  await until(() => status('syslogproducer').rejected > 0);
  const landed = flight.shootDown();
  await until(() => flight.status().state === 'landing');
  collector.open();
  assert.equal((await landed).clean, true);
  assert.equal(collector.messages.length, 50);
});

test('connections above maxConnections are refused, by TLS too', async (t) => {
  const receiver = { listeners: [{ ...listener, maxConnections: 1 }] };
  const { port, counts } = await fly(t, new Collector<SyslogMessage>(), 'syslogproducer', { receiver });
  const first = await dialTls(t, port);
  await gone(await dial(t, port));
  assert.equal((await counts()).connectionsRefused, 1);
  first.destroy();
  await until(async () => isHeard(await dial(t, port)));
});

/** True if the connection lives on. */
function isHeard(socket: Awaited<ReturnType<typeof dial>>): Promise<boolean> {
  return Promise.race([gone(socket).then(() => false), stalled(socket).then(() => true)]);
}

for (const [what, files, told] of [
  ['there is no file', { certFile: '/nowhere.pem' }, /cannot read certFile: ENOENT/],
  [
    'the key is of another certificate',
    { keyFile: client.keyFile },
    /cannot use certFile, keyFile.*key values mismatch/,
  ],
] as const) {
  test(`it does not start where ${what}, and says so`, async () => {
    const receiver = { listeners: [{ ...listener, ...files }] };
    await assert.rejects(prepare(new Collector<SyslogMessage>(), 'syslogproducer', { receiver }), { message: told });
  });
}
