import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import { test } from 'node:test';
import type { SyslogMessage } from '@sputnikjs/adapter-syslog';
import { kernelDrops } from '../dist/receive/kernel-drops.js';
import { Collector, fly } from './support.js';

const onLinux = process.platform === 'linux';

/** Sends more than the smallest of buffers holds, while nobody in this process reads. */
function flood(host: string, port: number): Promise<void> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  const datagram = Buffer.from(`<13>${'x'.repeat(1_000)}`);
  // All are handed to the kernel before this process reads again.
  return new Promise((resolve) => {
    let sent = 0;
    const count = (): void => void (++sent === 200 && socket.close(() => resolve()));
    for (let n = 0; n < 200; n++) socket.send(datagram, port, host, count);
  });
}

const hosts = ['127.0.0.1', '::1', '0.0.0.0', '::'];
const hasIPv6 = (networkInterfaces()['lo'] ?? []).some(({ address }) => address === '::1');

for (const host of hosts) {
  test(`the kernel's count of what it dropped at ${host} is found`, { skip: !onLinux }, async (t) => {
    if (host === '::1' && !hasIPv6) return t.skip('this machine has no ::1');
    const socket = createSocket({ type: host.includes(':') ? 'udp6' : 'udp4', recvBufferSize: 1024 });
    t.after(() => socket.close());
    socket.bind(0, host);
    await once(socket, 'listening');
    const place = { ...socket.address(), address: socket.address().address };
    assert.equal(await kernelDrops(place), 0);
    assert.equal(await kernelDrops({ ...place, address: host.includes(':') ? '::2' : '127.0.0.2' }), undefined);
    await flood(host === '::1' ? host : '127.0.0.1', place.port);
    const drops = await kernelDrops(place);
    assert.ok(drops !== undefined && drops > 0, `${drops}`);
  });
}

test('what the kernel dropped is counted and told: no datagram is missing unseen', { skip: !onLinux }, async (t) => {
  const collector = new Collector<SyslogMessage>();
  const receiver = { listeners: [{ transport: 'udp', port: 0, name: 'small', udpBufferBytes: 1024 }] };
  const { port, counts, logs, flight } = await fly(t, collector, 'syslogproducer', { receiver });
  await flood('127.0.0.1', port);
  const sum = async (): Promise<number> => {
    const { datagrams, datagramsDroppedByKernel } = await counts();
    return datagrams + datagramsDroppedByKernel;
  };
  while ((await sum()) < 200);
  const { datagramsDroppedByKernel } = await counts();
  assert.ok(datagramsDroppedByKernel > 0);
  await flight.shootDown();
  const told = logs.of('datagramsDroppedByKernel');
  assert.equal(
    told.reduce((all, { count }) => all + Number(count), 0),
    datagramsDroppedByKernel,
  );
  assert.equal(told[0]?.['listener'], 'small');
  assert.match(told[0]?.text ?? '', /udpBufferBytes \(1024\) and net\.core\.rmem_max/);
});

test('what the kernel dropped is told at landing, though nobody asked before', { skip: !onLinux }, async (t) => {
  const receiver = { listeners: [{ transport: 'udp', port: 0, udpBufferBytes: 1024 }] };
  const { port, logs, flight } = await fly(t, new Collector<SyslogMessage>(), 'syslogproducer', { receiver });
  await flood('127.0.0.1', port);
  const drops = await kernelDrops({ address: '127.0.0.1', port });
  assert.ok(drops !== undefined && drops > 0);
  await flight.shootDown();
  assert.equal(logs.of('datagramsDroppedByKernel')[0]?.['count'], drops);
});
