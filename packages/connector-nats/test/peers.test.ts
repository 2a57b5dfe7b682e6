import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { peersOf } from '@sputnikjs/messaging';
import { rejection } from '@sputnikjs/testkit';
import { cutProxy } from '../../testkit/dist/cut-proxy.js';
import { connect, started } from './helpers.js';
import { BYTE, foundBy, heard, found, member, WRITES } from './peers-helpers.js';

test('two processes of a whole find each other, and themselves never', async (t) => {
  const { url } = await started(t);
  const [a, b] = [await member(t, url), await member(t, url, 'syslog')];
  assert.equal(peersOf(a.connection), a.connection.peers);
  assert.deepEqual(await foundBy(a, ['syslog', ''], [b]), found(b));
  assert.deepEqual(await foundBy(b, ['syslog', ''], [a]), found(a));
  assert.deepEqual(found(b), [{ ...b.self, address: b.membership.address }]);
});

test('of three processes each finds those that run what it asks for', async (t) => {
  const { url } = await started(t);
  const a = await member(t, url, 'syslog');
  const b = await member(t, url, 'syslog');
  const c = await member(t, url, 'http/inner');
  assert.deepEqual(await foundBy(c, ['syslog'], [a, b]), found(a, b));
  assert.deepEqual(await foundBy(a, ['syslog', 'http/inner'], [b, c]), found(b, c));
  assert.deepEqual(await foundBy(a, ['http/inner'], [c]), found(c));
  assert.deepEqual(await a.membership.find(['nobody'], 100), []);
  assert.deepEqual(await a.membership.find([], 100), []);
});

test('processes of another whole are not found, even where their services have the same name', async (t) => {
  const { url } = await started(t);
  const [a, b] = [await member(t, url), await member(t, url, 'a/b')];
  // both are the service demo-a-b
  const other = await member(t, url, 'b', {}, 'demo-a');
  const same = await member(t, url, 'a-b');
  assert.deepEqual(await foundBy(a, ['a/b'], [b]), found(b));
  assert.deepEqual(await foundBy(a, ['a-b'], [same]), found(same));
  assert.deepEqual(await foundBy(a, ['a/b', 'a-b'], [b, same]), found(b, same));
  assert.deepEqual(await other.membership.find(['a/b', 'a-b', 'b', ''], 100), []);
});

test('who has left is found by nobody; its packets come still, and it finds others', async (t) => {
  const { url } = await started(t);
  const [a, b, c] = [await member(t, url), await member(t, url, 'syslog'), await member(t, url, 'syslog')];
  assert.deepEqual(await foundBy(a, ['syslog'], [b, c]), found(b, c));
  await b.membership.leave();
  await b.membership.leave();
  assert.deepEqual(await foundBy(a, ['syslog'], [c]), found(c));
  a.membership.send(b.membership.address, 's1', BYTE);
  await b.packets.reaches(1);
  assert.deepEqual(await foundBy(b, ['syslog'], [c]), found(c));
});

test('a packet says its session and whom it is from, and is answered there', async (t) => {
  const { url } = await started(t);
  const [a, b] = [await member(t, url), await member(t, url, 'ü *.>')];
  a.membership.send(b.membership.address, 's1', Buffer.from('ping'));
  await b.packets.reaches(1);
  const [packet] = b.packets.items;
  assert.equal(packet?.from, a.membership.address);
  assert.deepEqual([packet.session, Buffer.from(packet.bytes).toString()], ['s1', 'ping']);
  b.membership.send(packet.from, packet.session, Buffer.from('pong'));
  await a.packets.reaches(1);
  const [answer] = a.packets.items;
  assert.equal(answer?.from, b.membership.address);
  assert.deepEqual([answer.session, Buffer.from(answer.bytes).toString()], ['s1', 'pong']);
});

test('who is gone is unreachable, session by session; others are reached as before', async (t) => {
  const server = await started(t);
  const proxy = await cutProxy(server.port);
  t.after(() => proxy.close());
  const [a, c] = [await member(t, server.url), await member(t, server.url)];
  const b = await member(t, `nats://127.0.0.1:${proxy.port}`);
  a.membership.send(b.membership.address, 's1', BYTE);
  await b.packets.reaches(1);
  assert.equal(a.unreachable.items.length, 0);
  proxy.cut();
  await b.lost;
  // until the server has noticed, packets go to the connection that was cut
  while (!a.unreachable.items.includes('s1')) {
    a.membership.send(b.membership.address, 's1', BYTE);
    await turn();
  }
  a.membership.send(b.membership.address, 's2', BYTE);
  while (!a.unreachable.items.includes('s2')) await turn();
  a.membership.send(c.membership.address, 's3', BYTE);
  await c.packets.reaches(1);
  assert.deepEqual([...new Set(a.unreachable.items)], ['s1', 's2']);
  assert.deepEqual(await foundBy(a, [''], [c]), found(c));
});

test('a lost connection ends a membership: nothing is sent, find and join say so; a new connection joins again', async (t) => {
  const server = await started(t);
  const [a, b] = [await member(t, server.url), await member(t, server.url)];
  const asked = rejection(a.membership.find([''], 3_600_000));
  await server.stop();
  await Promise.all([a.lost, b.lost]);
  assert.equal((await asked).code, 'CONNECTION_LOST');
  assert.equal((await rejection(a.membership.find([''], 3_600_000))).code, 'CONNECTION_LOST');
  assert.equal((await rejection(a.connection.peers.join(a.self, heard().listener))).code, 'CONNECTION_LOST');
  a.membership.send(b.membership.address, 's1', BYTE);
  await a.membership.leave();
  await server.start();
  const { connection } = await connect(a.connector);
  const { listener, packets } = heard();
  // the same process, by the same id
  const again = await connection.peers.join(a.self, listener);
  assert.equal(again.address, a.membership.address);
  const later = await member(t, server.url, 'syslog');
  later.membership.send(again.address, 's1', BYTE);
  await packets.reaches(1);
  assert.deepEqual(packets.items[0]?.from, later.membership.address);
  assert.deepEqual(await foundBy({ membership: again }, ['syslog', ''], [later]), found(later));
  assert.deepEqual([a.packets.items, b.packets.items], [[], []]);
});

test('a connection that ends while a process joins makes that reject with CONNECTION_LOST', async (t) => {
  const server = await started(t);
  const { connection, connector } = await member(t, server.url);
  server.freeze();
  const joined = rejection(
    connection.peers.join({ whole: 'demo', satellite: '', id: 'late', ...WRITES }, heard().listener),
  );
  await Promise.all([server.stop(), connector.disconnect()]);
  assert.equal((await joined).code, 'CONNECTION_LOST');
});

test('a process that has names too long for a subject is refused with the reason', async (t) => {
  const { url } = await started(t);
  const { connection } = await member(t, url);
  const self = { whole: 'x'.repeat(2000), satellite: '', id: 'p', ...WRITES };
  const error = await rejection(connection.peers.join(self, heard().listener));
  assert.equal(error.code, 'BAD_CONFIG');
  assert.match(error.message, /too long for a subject of NATS: 20\d\d bytes, 1900 at most; shorten them$/);
});
