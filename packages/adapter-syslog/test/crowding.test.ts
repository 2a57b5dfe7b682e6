import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import type { SyslogMessage } from '@sputnikjs/adapter-syslog';
import { Collector, fly, gone, texts, until } from './support.js';

/** A connection from an address of its own: all of 127.0.0.0/8 is this machine. */
async function from(t: TestContext, localAddress: string, port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  socket.on('error', () => {});
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

test('who has most connections gives way to others: the one that was quiet for longest', async (t) => {
  const collector = new Collector<SyslogMessage>();
  const receiver = { maxConnections: 4 };
  const { port, counts, logs } = await fly(t, collector, 'syslogproducer', { receiver });
  const hog: Socket[] = [];
  for (let n = 0; n < 4; n++) {
    const socket = await from(t, '127.0.0.2', port);
    socket.write(`<13>hog ${n}\n`);
    await collector.first(n + 1);
    hog.push(socket);
  }
  hog[0]?.write('<13>hog again\n');
  await collector.first(5);
  const other = await from(t, '127.0.0.3', port);
  await gone(hog[1] as Socket);
  other.write('<13>other\n');
  hog[0]?.write('<13>hog still\n');
  const arrived = texts(await collector.first(7))
    .slice(5)
    .toSorted();
  assert.deepEqual(arrived, ['hog still', 'other']);
  const { text, remoteAddress } = await logs.first('connectionDisplaced');
  assert.match(text, /there are maxConnections \(4\), and its sender has most of them/);
  assert.equal(remoteAddress, '127.0.0.2');
  assert.equal((await counts()).connectionsDisplaced, 1);
});

test('who has as many connections as anybody displaces nobody, and is refused', async (t) => {
  const receiver = { maxConnections: 4 };
  const { port, counts } = await fly(t, new Collector<SyslogMessage>(), 'syslogproducer', { receiver });
  for (const address of ['127.0.0.2', '127.0.0.2', '127.0.0.3', '127.0.0.3']) await from(t, address, port);
  await until(async () => (await counts()).connections === 4);
  await gone(await from(t, '127.0.0.2', port));
  // three of one and one of another would be no fairer than two and two
  const { connectionsRefused, connectionsDisplaced } = await counts();
  assert.deepEqual({ connectionsRefused, connectionsDisplaced }, { connectionsRefused: 1, connectionsDisplaced: 0 });
  await from(t, '127.0.0.4', port);
  await until(async () => (await counts()).connectionsDisplaced === 1);
});
