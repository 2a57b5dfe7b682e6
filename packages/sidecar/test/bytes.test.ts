import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defineBlock, Sputnik, type BlockDescriptor } from '@sputnikjs/core';
import { bytesOf } from '../dist/clone/bytes.js';
import { WaitingRoom } from '../dist/satellite/waiting-room.js';
import { turn } from './chance-helpers.js';

const FROM: BlockDescriptor = { name: 'source', responsibility: 'source' };

test('a message weighs what its texts, bytes and keys take, about, wherever they are in it', () => {
  const empty = bytesOf({});
  for (const [value, least] of [
    [{ text: 'x'.repeat(1_000) }, 1_000],
    [{ deep: [{ deeper: { text: 'x'.repeat(1_000) } }] }, 1_000],
    [{ bytes: Buffer.alloc(64 * 1024).subarray(0, 1_000) }, 1_000],
    [{ buffer: new ArrayBuffer(1_000) }, 1_000],
    [new Map([['x'.repeat(500), new Set(['x'.repeat(500)])]]), 1_000],
    [Array.from({ length: 100 }, (_, n) => n), 1_000],
  ] as const) {
    const bytes = bytesOf(value) - empty;
    assert.ok(bytes >= least && bytes < 3 * least, `${bytes}`);
  }
});

test('a message that leads back to itself is weighed, and so is one that cannot be read', () => {
  const circle: { self?: object } = {};
  circle.self = circle;
  assert.ok(bytesOf(circle) < 1_000);
  const bad = Object.defineProperty({}, 'x', { enumerable: true, get: () => assert.fail('not read') });
  assert.ok(bytesOf(bad) > 0);
});

test('C7: what waits for a satellite that restarts is bounded by its bytes, too; when that flies again, all is handed on', async (t) => {
  const block = { path: '', name: 'store', responsibility: 'store', capacity: 64 };
  const room = await WaitingRoom.for([block]);
  t.after(() => room.close(1));
  const bytes = Buffer.alloc(4_000_000);
  const waiting = room.shut().flight.communicator('store', FROM);
  const sent = Array.from({ length: 10 }, (_, n) => waiting?.send({ n, bytes }));
  assert.equal(sent.filter(Boolean).length, 8);
  const got: unknown[] = [];
  const store = defineBlock({ name: 'store', make: () => ({ onMsg: ({ n }) => void got.push(n) }) });
  const options = { appBlocks: [{ name: 'store' }], blockFactories: { store }, signals: false };
  const flight = await new Sputnik(options).prepare();
  void flight.launch();
  t.after(() => flight.shootDown());
  await new Promise<void>((resolve) => room.open({ flight, nested: new Map() }, resolve));
  await turn();
  assert.deepEqual(got, [0, 1, 2, 3, 4, 5, 6, 7]);
});
