// What a TLS listener tells of its senders, and says to them (RFC 5425).
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { connect as connectPlain, createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, test, type TestContext } from 'node:test';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { syslogreceiver, type SyslogMessage } from '@sputnikjs/adapter-syslog';
import { authority, certificate, encrypted, temporaryFolder } from './certificates.js';
import { Collector, dial, fly, gone, prepare, texts, until, type LogLine } from './support.js';

const folder = temporaryFolder({ after });
const ca = authority(folder, 'ca');
const server = certificate(folder, 'server', ca);
const client = certificate(folder, 'client', ca, '/C=DE/O=Example, Inc./CN=web 1');
const expired = certificate(folder, 'expired', ca, '/CN=expired', -1);
const stranger = certificate(folder, 'stranger', authority(folder, 'other-ca'));

const listener = { transport: 'tls', port: 0, ...server };

function shows({ certFile, keyFile }: typeof client): ConnectionOptions {
  return { cert: readFileSync(certFile), key: readFileSync(keyFile) };
}

/** A TLS connection that need not become one. */
function begin(t: TestContext, port: number, options: ConnectionOptions = {}): TLSSocket {
  const socket = connect({ port, host: '127.0.0.1', ca: readFileSync(ca.certFile), ...options });
  socket.on('error', () => {});
  t.after(() => socket.destroy());
  return socket;
}

async function dialTls(t: TestContext, port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = begin(t, port, options);
  await once(socket, 'secureConnect');
  return socket;
}

function peerOf({ remoteAddress, remotePort }: LogLine): unknown[] {
  return [remoteAddress, remotePort];
}

for (const [what, fails, told] of [
  ['has no certificate', (t, port) => begin(t, port), /peer did not return a certificate/],
  ['has an expired certificate', (t, port) => begin(t, port, shows(expired)), /CERT_HAS_EXPIRED/],
  ['has a certificate of another authority', (t, port) => begin(t, port, shows(stranger)), /UNABLE_TO_VERIFY/],
  ['does not trust the receiver', (t, port) => begin(t, port, { ca: [] }), /unknown ca|closed|hang up/],
  [
    'speaks no TLS',
    async (t, port) => {
      const socket = await dial(t, port);
      socket.write('<13>in clear\n');
      return socket;
    },
    /does not speak TLS\. Let it speak TLS/,
  ],
  [
    'closes in the midst of its handshake',
    async (t, port) => {
      const socket = await dial(t, port);
      socket.end(Buffer.from([22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3]));
      return socket;
    },
    /hang up/,
  ],
  [
    'breaks off in the midst of its handshake',
    async (t, port) => {
      const socket = await dial(t, port);
      await new Promise((resolve) => socket.write(Buffer.from([22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3]), resolve));
      socket.resetAndDestroy();
      return socket;
    },
    /ECONNRESET|hang up/,
  ],
  [
    'closes at once',
    async (t, port) => {
      const socket = await dial(t, port);
      socket.end();
      return socket;
    },
    /closed the connection before it began/,
  ],
] as const satisfies readonly (readonly [
  string,
  (t: TestContext, port: number) => Socket | Promise<Socket>,
  RegExp,
])[]) {
  test(`of a sender that ${what} the log has address and port`, async (t) => {
    const receiver = { listeners: [{ ...listener, caFile: ca.certFile }] };
    const { port, logs, counts } = await fly(t, new Collector<SyslogMessage>(), 'syslogproducer', { receiver });
    const socket: Socket = await fails(t, port);
    if (socket.connecting) await once(socket, 'connect');
    const own = socket.localPort;
    if (!socket.destroyed) socket.resume();
    const line = await logs.first('handshakeFailed');
    assert.match(line.text, told);
    assert.deepEqual(peerOf(line), ['127.0.0.1', own ?? line['remotePort']]);
    assert.ok(Number(line['remotePort']) > 0);
    assert.equal((await counts()).handshakesFailed, 1);
  });
}

/** The types of the TLS records that a server sends, as somebody between sees them. */
async function tap(t: TestContext, port: number): Promise<{ readonly port: number; readonly types: () => number[] }> {
  const seen: Buffer[] = [];
  // Each end is passed on for itself: what one side still says after the other has ended counts.
  const between = createServer({ allowHalfOpen: true }, (near) => {
    const far = connectPlain({ port, host: '127.0.0.1', allowHalfOpen: true });
    near.on('data', (chunk: Buffer) => far.write(chunk)).on('end', () => far.end());
    far.on('data', (chunk: Buffer) => (seen.push(chunk), near.write(chunk))).on('end', () => near.end());
    for (const socket of [near, far]) socket.on('error', () => {});
    t.after(() => void near.destroy());
    t.after(() => void far.destroy());
  });
  between.listen(0, '127.0.0.1');
  await once(between, 'listening');
  t.after(() => void between.close());
  const types = (): number[] => {
    const all = Buffer.concat(seen);
    const found: number[] = [];
    for (let at = 0; at < all.length; at += 5 + all.readUInt16BE(at + 3)) found.push(all[at] as number);
    return found;
  };
  return { port: (between.address() as AddressInfo).port, types };
}

const ALERT = 21;

test('close_notify is answered (RFC 5425 section 4.4)', async (t) => {
  const collector = new Collector<SyslogMessage>();
  const { port, counts } = await fly(t, collector, 'syslogproducer', { receiver: { listeners: [listener] } });
  const { port: tapped, types } = await tap(t, port);
  // By 1.3 nobody sees what a record is.
  const socket = await dialTls(t, tapped, { maxVersion: 'TLSv1.2' });
  socket.end('<13>bye\n');
  await gone(socket);
  await until(() => types().at(-1) === ALERT);
  assert.deepEqual(texts(await collector.first(1)), ['bye']);
  assert.equal((await counts()).connectionsFailed, 0);
});

test('a connection that the receiver closes, for it is idle or lands, is told by close_notify', async (t) => {
  for (const why of ['idle', 'landing']) {
    const receiver = { listeners: [{ ...listener, ...(why === 'idle' && { idleTimeoutMs: 2_000 }) }] };
    const collector = new Collector<SyslogMessage>();
    const { port, flight } = await fly(t, collector, 'syslogproducer', { receiver });
    const { port: tapped, types } = await tap(t, port);
    const socket = await dialTls(t, tapped, { maxVersion: 'TLSv1.2' });
    if (why === 'landing') {
      socket.write('<13>x\n');
      await collector.first(1);
      void flight.shootDown();
    }
    await gone(socket);
    assert.equal(types().at(-1), ALERT, why);
  }
});

test('a sender that closes and does not wait for the answer has not failed', async (t) => {
  const collector = new Collector<SyslogMessage>();
  const { port, counts, logs, flight } = await fly(t, collector, 'syslogproducer', {
    receiver: { listeners: [listener] },
  });
  for (let n = 0; n < 20; n++) {
    const socket = await dialTls(t, port);
    socket.write(`<13>${n}\n`, () => socket.end(() => socket.destroy()));
  }
  await collector.first(20);
  await flight.shootDown();
  assert.equal((await counts().catch(() => undefined))?.connectionsFailed ?? 0, 0);
  assert.equal(logs.of('connectionFailed').length, 0);
});

for (const [format, command] of [
  ['PKCS #8', []],
  ['traditional', ['ec']],
] as const) {
  test(`an encrypted key (${format}) is opened with the passphrase in a file`, async (t) => {
    const keyFile = encrypted(server.keyFile, 'open sesame', ...command);
    const passphraseFile = join(folder, 'passphrase');
    writeFileSync(passphraseFile, 'open sesame\n');
    const collector = new Collector<SyslogMessage>();
    const receiver = { listeners: [{ ...listener, keyFile, passphraseFile }] };
    const { port } = await fly(t, collector, 'syslogproducer', { receiver });
    (await dialTls(t, port)).end('<13>x\n');
    assert.deepEqual(texts(await collector.first(1)), ['x']);
  });

  test(`of an encrypted key (${format}) without passphrase, or with a wrong one, it is said what is missing`, async () => {
    const keyFile = encrypted(server.keyFile, 'open sesame', ...command);
    const passphraseFile = join(folder, 'wrong');
    writeFileSync(passphraseFile, 'open barley\n');
    const starts = (files: object): Promise<unknown> =>
      prepare(new Collector<SyslogMessage>(), 'syslogproducer', {
        receiver: { listeners: [{ ...listener, keyFile, ...files }] },
      });
    await assert.rejects(starts({}), { message: /keyFile is encrypted: .*"passphraseFile"/ });
    await assert.rejects(starts({ passphraseFile }), { message: /the passphrase does not fit the key/ });
    writeFileSync(passphraseFile, '\n');
    await assert.rejects(starts({ passphraseFile }), { message: /holds no passphrase in its first line/ });
    await assert.rejects(starts({ passphraseFile: '/nowhere' }), { message: /cannot read passphraseFile/ });
  });
}

test('check says of an encrypted key what is missing', async () => {
  const keyFile = encrypted(server.keyFile, 'open sesame');
  const config = { listeners: [{ ...listener, keyFile }] };
  const result = await syslogreceiver.config?.['~standard'].validate(config);
  assert.ok(result && !result.issues);
  const { problems = [] } = (await syslogreceiver.check?.(result.value, undefined as never)) ?? {};
  assert.equal(problems.length, 1);
  assert.match(String(problems[0]), /^listeners\[0\]: keyFile is encrypted/);
});

test('a passphrase that has changed with its key is read again', async (t) => {
  const keyFile = join(folder, 'changing.key');
  const passphraseFile = join(folder, 'changing.pass');
  const use = (passphrase: string): void => {
    copyFileSync(encrypted(server.keyFile, passphrase), keyFile);
    writeFileSync(passphraseFile, passphrase);
  };
  use('first one');
  const receiver = { listeners: [{ ...listener, keyFile, passphraseFile }] };
  const { port, logs } = await fly(t, new Collector<SyslogMessage>(), 'syslogproducer', { receiver });
  await dialTls(t, port);
  use('second one');
  await dialTls(t, port);
  await logs.first('certificateRead');
  assert.equal(logs.of('certificateUnusable').length, 0);
});

for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`the source has the verified subject of the sender where peerSubject asks for it (${maxVersion}), in a resumed session too`, async (t) => {
    const collector = new Collector<SyslogMessage>();
    const receiver = { listeners: [{ ...listener, caFile: ca.certFile, peerSubject: true, name: 'l' }] };
    const { port } = await fly(t, collector, 'syslogproducer', { receiver });
    const first = begin(t, port, { maxVersion, ...shows(client) }).resume();
    const told = once(first, 'session');
    first.write('<13>x\n');
    const [session] = (await told) as [Buffer];
    await collector.first(1);
    const second = await dialTls(t, port, { maxVersion, ...shows(client), session });
    second.write('<13>y\n');
    await collector.first(2);
    assert.equal(second.isSessionReused(), true);
    for (const { source } of collector.messages) {
      assert.deepEqual(Object.keys(source), ['address', 'port', 'transport', 'subject', 'listener']);
      assert.equal(source.subject, 'CN=web 1,O=Example\\, Inc.,C=DE');
    }
  });
}

test('peerSubject needs caFile: nobody has verified a certificate otherwise', async () => {
  const receiver = { listeners: [{ ...listener, peerSubject: true }] };
  await assert.rejects(
    prepare(new Collector<SyslogMessage>(), 'syslogproducer', { receiver }),
    /caFile.*peerSubject needs it/,
  );
});
