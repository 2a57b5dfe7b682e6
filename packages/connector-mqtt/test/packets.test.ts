import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketIds, publishPacket } from '../dist/packets.js';

test('the length of a packet takes as many bytes as it needs', () => {
  for (const [payloadBytes, head] of [
    [0, [8]],
    [119, [127]],
    [120, [0x80, 1]],
    [16_376, [0x80, 0x80, 1]],
    [2_097_144, [0x80, 0x80, 0x80, 1]],
  ] as const) {
    const packet = publishPacket(0x1234, 'abcd', 'x'.repeat(payloadBytes));
    assert.deepEqual([...packet.subarray(0, head.length + 1)], [0x32, ...head]);
    assert.deepEqual([...packet.subarray(head.length + 1, head.length + 9)], [0, 4, 97, 98, 99, 100, 0x12, 0x34]);
    assert.equal(packet.length, 1 + head.length + 8 + payloadBytes);
  }
});

test('text is sent as UTF-8, bytes as they are', () => {
  assert.deepEqual(publishPacket(1, 'ü', 'é'), publishPacket(1, 'ü', Buffer.from('é')));
  assert.deepEqual([...publishPacket(1, 'ü', Uint8Array.of(0, 255))], [0x32, 8, 0, 2, 0xc3, 0xbc, 0, 1, 0, 255]);
});

test('a packet identifier is not given out again before it is free', () => {
  const ids = new PacketIds();
  const given = new Set(Array.from({ length: 65_535 }, () => ids.allocate()));
  assert.equal(given.size, 65_535);
  assert.ok(!given.has(0) && !given.has(null));
  assert.equal(ids.allocate(), null);
  ids.deallocate(4711);
  assert.equal(ids.allocate(), 4711);
});
