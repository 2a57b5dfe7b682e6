// What a connection begins with before its first message: a header of the PROXY protocol, or TLS where that is not spoken.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect as connectPath } from 'node:net';
import { join } from 'node:path';
import { after, test, type TestContext } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { connect } from 'node:tls';
import type { SyslogMessage } from '@sputnikjs/adapter-syslog';
import { authority, certificate, temporaryFolder } from './certificates.js';
import { Collector, dial, fly, gone, texts, until, type Satellite } from './support.js';

const folder = temporaryFolder({ after });
const ca = authority(folder, 'ca');
const server = certificate(folder, 'server', ca);

/** A header of version 2 (proxy-protocol.txt section 2.2). */
function v2(command: number, family: number, ...addresses: readonly (Buffer | string)[]): Buffer {
  const body = Buffer.concat(addresses.map((part) => (typeof part === 'string' ? Buffer.from(part, 'hex') : part)));
  const fixed = Buffer.from([0x20 | command, family, body.length >> 8, body.length & 255]);
  return Buffer.concat([Buffer.from('\r\n\r\n\0\r\nQUIT\n'), fixed, body]);
}

const OWN = 'own';
const headers: [string, string | Buffer, readonly [string, number] | typeof OWN][] = [
  ['version 1, IPv4', 'PROXY TCP4 192.0.2.7 192.0.2.1 56324 514\r\n', ['192.0.2.7', 56_324]],
  ['version 1, IPv6', 'PROXY TCP6 2001:db8::7 2001:db8::1 65535 514\r\n', ['2001:db8::7', 65_535]],
  ['version 1, unknown', 'PROXY UNKNOWN\r\n', OWN],
  ['version 1, unknown with addresses', 'PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n', OWN],
  ['version 2, IPv4', v2(1, 0x11, 'c0000207', 'c0000201', 'dc04', '0202'), ['192.0.2.7', 56_324]],
  [
    'version 2, IPv6, with more after the addresses',
    v2(1, 0x21, '20010db8000000000000000000000007', '20010db8000000000000000000000001', 'ffff', '0202', '040003616263'),
    ['2001:db8::7', 65_535],
  ],
  ['version 2, a check of the proxy itself', v2(0, 0, ''), OWN],
  ['version 2, a Unix socket', v2(1, 0x31, Buffer.alloc(216)), OWN],
];

const plain = { transport: 'tcp', port: 0 };

async function flyWith(t: TestContext, collector: Collector<SyslogMessage>, listener: object): Promise<Satellite> {
  return fly(t, collector, 'syslogproducer', { receiver: { listeners: [listener] } });
}

for (const [what, header, source] of headers) {
  test(`with proxyProtocol, the header tells the sender, wherever it is cut: ${what}`, async (t) => {
    const collector = new Collector<SyslogMessage>();
    const { port, logs } = await flyWith(t, collector, { ...plain, proxyProtocol: true });
    const stream = Buffer.concat([Buffer.from(header), Buffer.from('7 <13>one<13>two\n')]);
    const ports: (number | undefined)[] = [];
    for (const cut of [1, 5, 13, 17, stream.length]) {
      const socket = await dial(t, port);
      ports.push(socket.localPort);
      for (let at = 0; at < stream.length; at += cut) {
        socket.write(stream.subarray(at, at + cut));
        await turn();
      }
      const messages = await collector.first(2 * ports.length);
      assert.deepEqual(texts(messages.slice(-2)), ['one', 'two']);
      for (const message of messages.slice(-2)) {
        const { address, port: from } = message.source;
        assert.deepEqual([address, from], source === OWN ? ['127.0.0.1', socket.localPort] : source);
      }
    }
    assert.equal(logs.lines.filter(({ level }) => level === 'warn').length, 0);
  });

  test(`without proxyProtocol, the header is left out and told, and what follows is framed: ${what}`, async (t) => {
    const collector = new Collector<SyslogMessage>();
    const { port, logs } = await flyWith(t, collector, plain);
    const socket = await dial(t, port);
    socket.write(header);
    socket.write('<13>one\n7 <13>two');
    assert.deepEqual(texts(await collector.first(2)), ['one', 'two']);
    assert.deepEqual(collector.messages[0]?.source.address, '127.0.0.1');
    const told = logs.of('proxyHeaderIgnored');
    assert.equal(told.length, 1);
    assert.match(String(told[0]?.text), /"proxyProtocol": true/);
    assert.deepEqual([told[0]?.['remoteAddress'], told[0]?.['remotePort']], ['127.0.0.1', socket.localPort]);
  });
}

test('with proxyProtocol, a connection that does not begin with the header is closed and told, and nothing of it heard', async (t) => {
  const collector = new Collector<SyslogMessage>();
  const { port, logs, counts } = await flyWith(t, collector, { ...plain, proxyProtocol: true });
  const begins = [
    '<13>spoofed\n',
    'PROXY TCP4 nowhere 192.0.2.1 1 2\r\n<13>x\n',
    `PROXY ${'x'.repeat(200)}\r\n<13>x\n`,
    'PROX',
  ];
  for (const begin of begins) {
    const socket = await dial(t, port);
    socket.end(begin);
    await gone(socket);
  }
  // A check of a load balancer says nothing, and nothing is said of it.
  (await dial(t, port)).end();
  await until(async () => (await counts()).connectionsForeign === begins.length);
  await until(async () => (await counts()).connections === begins.length + 1);
  assert.match((await logs.first('proxyHeaderMissing')).text, /did not begin with a header of the PROXY protocol/);
  assert.deepEqual([collector.messages.length, (await counts()).framesBroken], [0, 0]);
});

test('what only begins like a header is text without proxyProtocol', async (t) => {
  const collector = new Collector<SyslogMessage>();
  const { port } = await flyWith(t, collector, plain);
  for (const [index, text] of ['PROXY is down', 'PROX', 'P', 'PROXY TCP4 a b c d'].entries()) {
    const socket = await dial(t, port);
    socket.end(index === 2 ? text : `${text}\n`);
    assert.equal(texts(await collector.first(index + 1)).at(-1), text);
  }
  const broken = await dial(t, port);
  broken.end(Buffer.from('\r\n\r\n\0\r\nQUIT\n\x31\x11\0\0<13>x\n', 'latin1'));
  await until(
    () => texts(collector.messages).includes('x') || texts(collector.messages).some((text) => text.endsWith('<13>x')),
  );
});

test('by TLS the header comes before the handshake, and tells the sender with proxyProtocol', async (t) => {
  for (const proxyProtocol of [true, false]) {
    const collector = new Collector<SyslogMessage>();
    const { port, logs } = await flyWith(t, collector, { transport: 'tls', port: 0, ...server, proxyProtocol });
    const raw = await dial(t, port);
    raw.write('PROXY TCP4 192.0.2.7 192.0.2.1 56324 514\r\n');
    const socket = connect({ socket: raw, ca: readFileSync(ca.certFile), servername: 'localhost' });
    await once(socket, 'secureConnect');
    socket.write('<13>secret\n');
    const [message] = await collector.first(1);
    assert.equal(message?.source.address, proxyProtocol ? '192.0.2.7' : '127.0.0.1');
    assert.equal(logs.of('proxyHeaderIgnored').length, proxyProtocol ? 0 : 1);
  }
});

test('of a handshake that fails behind a proxy the log has the true sender', async (t) => {
  const { port, logs } = await flyWith(t, new Collector<SyslogMessage>(), {
    transport: 'tls',
    port: 0,
    ...server,
    proxyProtocol: true,
  });
  const raw = await dial(t, port);
  raw.write('PROXY TCP4 192.0.2.7 192.0.2.1 56324 514\r\n');
  connect({ socket: raw, servername: 'localhost' }).on('error', () => {});
  const line = await logs.first('handshakeFailed');
  assert.deepEqual([line['remoteAddress'], line['remotePort']], ['192.0.2.7', 56_324]);
});

test('at a Unix socket the header tells the sender, too', async (t) => {
  const collector = new Collector<SyslogMessage>();
  const path = join(folder, 'proxied.sock');
  await flyWith(t, collector, { transport: 'unix', path, proxyProtocol: true });
  const socket = connectPath(path);
  t.after(() => socket.destroy());
  socket.write('PROXY TCP4 192.0.2.7 192.0.2.1 56324 514\r\n<13>x\n');
  const [message] = await collector.first(1);
  assert.deepEqual([message?.source.address, message?.source.port], ['192.0.2.7', 56_324]);
});

for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`a sender of ${maxVersion} at a plain port is told of as such, and becomes no messages`, async (t) => {
    const collector = new Collector<SyslogMessage>();
    const { port, logs, counts } = await flyWith(t, collector, plain);
    const raw = await dial(t, port);
    const from = raw.localPort;
    const socket = connect({ socket: raw, maxVersion, rejectUnauthorized: false });
    socket.on('error', () => {});
    await gone(raw);
    const told = logs.of('tlsOnPlainListener');
    assert.equal(told.length, 1);
    assert.match(String(told[0]?.text), /the sender speaks TLS/);
    assert.deepEqual([told[0]?.['remoteAddress'], told[0]?.['remotePort']], ['127.0.0.1', from]);
    const { connectionsForeign, frames, framesBroken } = await counts();
    assert.deepEqual([connectionsForeign, frames, framesBroken, collector.messages.length], [1, 0, 0, 0]);
  });
}

test('octets that only begin like TLS are text', async (t) => {
  const collector = new Collector<SyslogMessage>();
  const { port } = await flyWith(t, collector, plain);
  const begins = ['\x16', '\x16\x03\x01', '\x16\x03\x01\x01\x05\x02 x', '\x16<13>x'];
  for (const [index, begin] of begins.entries()) {
    (await dial(t, port)).end(`${begin}\n`);
    await collector.first(index + 1);
  }
  assert.deepEqual(texts(collector.messages), begins);
});
