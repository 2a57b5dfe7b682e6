import assert from 'node:assert/strict';
import { once } from 'node:events';
import { lstatSync, readdirSync, renameSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { gate } from '@sputnikjs/testkit';
import { own } from '../dist/store/owner.js';
import { folder } from './helpers.js';

/** Leaves a socket at which nobody listens, as a process does that is killed. */
async function leave(path: string): Promise<void> {
  const server = createServer();
  server.listen(`${path}.x`);
  await once(server, 'listening');
  renameSync(`${path}.x`, path);
  server.close();
  await once(server, 'close');
}

/** How many of those who want the folder at once get it. Those that do not are told that it is in use. */
async function race(path: string, count: number): Promise<number> {
  const late = async (turns: number) => {
    for (; turns > 0; turns--) await setImmediate();
    return own(path);
  };
  const all = await Promise.allSettled(Array.from({ length: count }, (_, n) => late(n)));
  const owners = all.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
  for (const one of all) if (one.status === 'rejected') assert.match(String(one.reason), /another satellite keeps/);
  await Promise.all(owners.map((owner) => owner.release()));
  assert.deepEqual(readdirSync(path), []);
  return owners.length;
}

test('D8: of many that want a folder at once, one gets it', async () => {
  const path = folder();
  for (let round = 0; round < 10; round++) assert.equal(await race(path, 16), 1);
});

test('D8: of many that find the socket of a process that was killed, one takes it over', async () => {
  const path = folder();
  for (let round = 0; round < 10; round++) {
    await leave(join(path, 'owner'));
    assert.equal(await race(path, 16), 1);
  }
});

test('D8: nor does it matter that a process was killed while it took a socket over', async () => {
  const path = folder();
  for (let round = 0; round < 10; round++) {
    const socket = join(path, 'owner');
    await leave(socket);
    await leave(`${socket}.${lstatSync(socket, { bigint: true }).ino.toString(36)}`);
    assert.equal(await race(path, 16), 1);
  }
});

test('D8: a folder whose path leaves no room for a socket is refused, and the error says by how much', async () => {
  const path = join(folder(), 'x'.repeat(100));
  await assert.rejects(own(path), /too long for a socket in it, by \d+ bytes/);
});

test('D8: who is connected to an owner does not keep it from ending', async () => {
  const path = folder();
  const connected = gate();
  const owner = await own(path, () => connected.open());
  const socket = connect(join(path, 'owner'));
  await connected.passed;
  const closed = once(socket, 'close');
  await owner.release();
  await closed;
});
