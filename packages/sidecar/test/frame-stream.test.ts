import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FrameStream } from '../dist/process/frame-stream.js';
import { packetFrom, packetOf } from '../dist/process/packet.js';
import { chance, Time, turn } from './chance-helpers.js';

interface Side {
  readonly stream: FrameStream;
  readonly got: Buffer[];
}

/** Two streams, between which packets get lost as `isLost` says. */
class Pair {
  readonly time = new Time();
  readonly way: { readonly to: 'a' | 'b'; readonly packet: Uint8Array }[] = [];
  readonly isLost: () => boolean;
  sent = 0;
  readonly a = this.#side('b');
  readonly b = this.#side('a');

  constructor(isLost: () => boolean) {
    this.isLost = isLost;
  }

  #side(other: 'a' | 'b'): Side {
    const got: Buffer[] = [];
    const stream = new FrameStream({
      send: (packet) => {
        this.sent++;
        if (!this.isLost()) this.way.push({ to: other, packet });
      },
      mostBytes: 64,
      clock: this.time.clock,
      onFrame: (frame) => got.push(Buffer.from(frame)),
      tooLarge: () => assert.fail('it is too large'),
    });
    return { stream, got };
  }

  /** Delivers what is on its way, and what comes of it. */
  async deliver(): Promise<void> {
    do {
      for (let one = this.way.shift(); one; one = this.way.shift()) {
        const packet = packetFrom(one.packet);
        assert.ok(packet);
        this[one.to].stream.take(packet);
      }
      await turn();
    } while (this.way.length > 0);
  }

  /** Delivers until all has come, by as many retries as that takes. */
  async settle(): Promise<void> {
    for (let tries = 0; !(this.a.stream.isEmpty && this.b.stream.isEmpty); tries++) {
      assert.ok(tries < 1000, 'it does not come to an end');
      await this.deliver();
      this.time.pass(4_000);
    }
    await this.deliver();
  }
}

const frames = (count: number, next: () => number): readonly Buffer[] =>
  Array.from({ length: count }, (_, n) => Buffer.alloc(1 + Math.floor(next() * 300), n));

for (let seed = 1; seed <= 20; seed++)
  test(`each frame comes once and in order, both ways, though packets get lost (${seed})`, async () => {
    const next = chance(seed);
    const pair = new Pair(() => next() < seed / 40);
    const [toB, toA] = [frames(80, next), frames(80, next)];
    for (let n = 0; n < 80; n++) {
      pair.a.stream.write(toB[n] ?? Buffer.alloc(0));
      pair.b.stream.write(toA[n] ?? Buffer.alloc(0));
      if (next() < 0.3) await pair.deliver();
      if (next() < 0.05) pair.time.pass(600);
    }
    await pair.settle();
    assert.deepEqual(pair.b.got, toB);
    assert.deepEqual(pair.a.got, toA);
    assert.equal(pair.time.timers, 0, 'a timer is left');
  });

test('where nothing gets lost, nothing goes twice, and one word says that a burst has come', async () => {
  const pair = new Pair(() => false);
  for (let n = 0; n < 100; n++) pair.a.stream.write(Buffer.from([n]));
  await pair.deliver();
  assert.equal(pair.b.got.length, 100);
  assert.equal(pair.sent, 101);
  assert.equal(pair.a.stream.isEmpty, true);
});

test('a lost packet is asked for at once, not only after a while', async () => {
  let packets = 0;
  const pair = new Pair(() => ++packets === 2);
  for (let n = 0; n < 5; n++) pair.a.stream.write(Buffer.from([n]));
  await pair.deliver();
  assert.deepEqual(
    pair.b.got.map(([n]) => n),
    [0, 1, 2, 3, 4],
  );
});

test('no more is under way than the window holds; the rest waits for word', async () => {
  const pair = new Pair(() => false);
  for (let n = 0; n < 3; n++) pair.a.stream.write(Buffer.alloc(1024 * 1024, n));
  const underWay = pair.way.reduce((sum, { packet }) => sum + packet.length, 0);
  assert.ok(underWay < 1.5 * 1024 * 1024, `${underWay} bytes are under way`);
  await pair.settle();
  assert.deepEqual(
    pair.b.got.map(({ length }) => length),
    [1024 * 1024, 1024 * 1024, 1024 * 1024],
  );
});

test('a stream that is closed sends nothing more, and takes nothing', async () => {
  const pair = new Pair(() => false);
  pair.a.stream.write(Buffer.from('before'));
  pair.a.stream.close();
  pair.b.stream.close();
  const { sent } = pair;
  pair.a.stream.write(Buffer.from('after'));
  await pair.settle().catch(() => {});
  pair.time.pass(60_000);
  assert.deepEqual([pair.sent, pair.b.got.length, pair.time.timers], [sent, 0, 0]);
});

test('what is no packet is none', () => {
  assert.equal(packetFrom(Buffer.alloc(12)), undefined);
  const packet = {
    piece: { number: 2 ** 40, isLast: true, bytes: Buffer.from('x') },
    come: 7,
    again: true,
    ping: true,
  };
  assert.deepEqual(packetFrom(packetOf(packet)), { ...packet, unknown: false });
});
