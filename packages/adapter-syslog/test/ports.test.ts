import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, Server, type AddressInfo, type ListenOptions } from 'node:net';
import { networkInterfaces } from 'node:os';
import { test } from 'node:test';
import type { SyslogMessage } from '@sputnikjs/adapter-syslog';
import { freePort } from '@sputnikjs/testkit/servers';
import { Collector, datagrams, dial, fly, prepare, texts } from './support.js';

test('datagrams and connections have the same port, and messages of both arrive', async (t) => {
  const collector = new Collector<SyslogMessage>();
  const { port, logs, counts } = await fly(t, collector, 'syslogproducer');
  assert.deepEqual(
    logs.of('listening').map(({ protocol, transport, host, port }) => ({ protocol, transport, host, port })),
    [
      { protocol: 'syslog', transport: 'tcp', host: '127.0.0.1', port },
      { protocol: 'syslog', transport: 'udp', host: '127.0.0.1', port },
    ],
  );
  await datagrams(port, ['<13>by datagram', '<13>by datagram\n\0', '14 <13>with count', '99 <13>with a wrong count']);
  await collector.first(4);
  (await dial(t, port)).end('<13>by connection');
  assert.deepEqual(texts(await collector.first(5)), [
    'by datagram',
    'by datagram',
    'with count',
    '99 <13>with a wrong count',
    'by connection',
  ]);
  const { datagrams: received, connections, frames } = await counts();
  assert.deepEqual({ received, connections, frames }, { received: 4, connections: 1, frames: 1 });
});

for (const only of ['udp', 'tcp'] as const) {
  test(`it listens for nothing but ${only} where only that is configured`, async (t) => {
    const receiver = { udp: only === 'udp', tcp: only === 'tcp' };
    const { logs } = await fly(t, new Collector<SyslogMessage>(), 'syslogproducer', { receiver });
    assert.deepEqual(
      logs.of('listening').map(({ transport }) => transport),
      [only],
    );
  });
}

test('a kernel that gives less of a UDP buffer than asked for is told of', async (t) => {
  const receiver = { udpBufferBytes: 1_073_741_823 };
  const { logs } = await fly(t, new Collector<SyslogMessage>(), 'syslogproducer', { receiver });
  const [line] = logs.of('smallBuffer');
  assert.ok(line && Number(line['bytes']) < receiver.udpBufferBytes);
  assert.match(line.text, /net\.core\.rmem_max/);
});

for (const transport of ['TCP', 'UDP'] as const) {
  test(`a ${transport} port in use fails init, saying which and what to do, and leaves nothing open`, async (t) => {
    const other = transport === 'TCP' ? createServer() : createSocket('udp4');
    if ('listen' in other) other.listen(0, '127.0.0.1');
    else other.bind(0, '127.0.0.1');
    await once(other, 'listening');
    t.after(() => void other.close());
    const { port } = other.address() as AddressInfo;
    await assert.rejects(
      prepare(new Collector<SyslogMessage>(), 'syslogproducer', { receiver: { port } }),
      (error: Error) => {
        assert.ok(
          error.message.includes(`cannot listen on ${transport} 127.0.0.1:${port}: the port is in use`),
          error.message,
        );
        assert.match(error.message, /configure another "port"/);
        assert.equal(((error.cause as Error).cause as NodeJS.ErrnoException).code, 'EADDRINUSE');
        return true;
      },
    );
    // the other transport had been opened, or not yet
    const free = transport === 'TCP' ? createSocket('udp4') : createServer();
    if ('listen' in free) free.listen(port, '127.0.0.1');
    else free.bind(port, '127.0.0.1');
    await once(free, 'listening');
    free.close();
  });
}

test('an address that this machine does not have fails init, saying so', async () => {
  const receiver = { host: '192.0.2.1', udp: false };
  await assert.rejects(prepare(new Collector<SyslogMessage>(), 'syslogproducer', { receiver }), {
    message: /cannot listen on TCP 192\.0\.2\.1:0: this machine has no such address/,
  });
});

test('a host without an address fails init, saying so', async () => {
  const receiver = { host: 'no-such-host.invalid' };
  await assert.rejects(prepare(new Collector<SyslogMessage>(), 'syslogproducer', { receiver }), {
    message: /"no-such-host\.invalid" has no address\. Configure another "host"/,
  });
});

test('a free port for TCP that UDP has in use is given back, and another one taken', async (t) => {
  const other = createSocket('udp4').bind(0, '127.0.0.1');
  await once(other, 'listening');
  t.after(() => void other.close());
  // The kernel's choice falls on that port at first.
  const { mock } = t.mock.method(Server.prototype, 'listen', function (this: Server, options: ListenOptions): Server {
    mock.restore();
    return this.listen({ ...options, port: other.address().port });
  });
  const { logs } = await fly(t, new Collector<SyslogMessage>(), 'syslogproducer');
  const [tcp, udp] = logs.of('listening');
  assert.equal(tcp?.['port'], udp?.['port']);
  assert.notEqual(tcp?.['port'], other.address().port);
});

test('it listens on IPv6 as well', async (t) => {
  const loopback = networkInterfaces()['lo'] ?? [];
  if (!loopback.some(({ address }) => address === '::1')) return t.skip('this machine has no ::1');
  const collector = new Collector<SyslogMessage>();
  const { port } = await fly(t, collector, 'syslogproducer', { receiver: { host: '::1' } });
  const socket = createSocket('udp6');
  socket.send('<13>by datagram', port, '::1', () => socket.close());
  await collector.first(1);
  connect(port, '::1').end('<13>by connection');
  assert.deepEqual(texts(await collector.first(2)), ['by datagram', 'by connection']);
});

test('several listeners of each transport take messages in, each with its name and its own counts', async (t) => {
  const collector = new Collector<SyslogMessage>();
  const listeners = [
    { transport: 'udp', port: 0, name: 'first' },
    { transport: 'udp', port: 0 },
    { transport: 'tcp', port: 0, name: 'devices', delimiter: 'nul' },
    { transport: 'tcp', port: 0 },
  ];
  const { logs, counts } = await fly(t, collector, 'syslogproducer', { receiver: { listeners } });
  const ports = logs.of('listening').map(({ port }) => Number(port));
  assert.equal(new Set(ports).size, 4);
  const [first = 0, second = 0, devices = 0, lines = 0] = ports;
  await datagrams(first, ['<13>1', '<13>2']);
  await collector.first(2);
  await datagrams(second, ['<13>3']);
  await collector.first(3);
  (await dial(t, devices)).end('<13>4\nof two lines\0<13>5\0');
  await collector.first(5);
  (await dial(t, lines)).end('<13>6');
  const messages = await collector.first(6);
  assert.deepEqual(texts(messages), ['1', '2', '3', '4\nof two lines', '5', '6']);
  assert.deepEqual(
    messages.map(({ source }) => source.listener),
    ['first', 'first', `127.0.0.1:${second}`, 'devices', 'devices', `127.0.0.1:${lines}`],
  );
  const all = await counts();
  assert.deepEqual(
    all.listeners.map(({ name, datagrams, connections, frames }) => [name, datagrams, connections, frames]),
    [
      ['first', 2, 0, 0],
      [`127.0.0.1:${second}`, 1, 0, 0],
      ['devices', 0, 1, 2],
      [`127.0.0.1:${lines}`, 0, 1, 1],
    ],
  );
  assert.deepEqual([all.datagrams, all.connections, all.frames], [3, 2, 3]);
});

test('a listener that cannot listen leaves none of the others open', async (t) => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  t.after(() => void other.close());
  const [free, { port: taken }] = [await freePort(), other.address() as AddressInfo];
  const listeners = [
    { transport: 'tcp', port: free },
    { transport: 'udp', port: free },
    { transport: 'tcp', port: taken },
  ];
  await assert.rejects(prepare(new Collector<SyslogMessage>(), 'syslogproducer', { receiver: { listeners } }), {
    message: new RegExp(`cannot listen on TCP 127.0.0.1:${taken}: the port is in use`),
  });
  const { flight } = await prepare(new Collector<SyslogMessage>(), 'syslogproducer', { receiver: { port: free } });
  await flight.shootDown();
});

test('a sender by IPv4 has its address as such, though the socket is one of IPv6', async (t) => {
  const collector = new Collector<SyslogMessage>();
  const { port } = await fly(t, collector, 'syslogproducer', { receiver: { host: '::' } });
  await datagrams(port, ['<13>1']);
  await collector.first(1);
  (await dial(t, port)).end('<13>2');
  const messages = await collector.first(2);
  assert.deepEqual(
    messages.map(({ source }) => [source.address, source.listener]),
    [
      ['127.0.0.1', `[::]:${port}`],
      ['127.0.0.1', `[::]:${port}`],
    ],
  );
});
