import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { readFileSync } from 'node:fs';
import { describe, test, type TestContext } from 'node:test';
import { serialize } from 'node:v8';
import { defineBlock, Sputnik, type Logger } from '@sputnikjs/core';
import type { FoundPeer } from '@sputnikjs/messaging';
import { MemoryLog } from '@sputnikjs/testkit';
import { Arrivals } from '../dist/process/arrivals.js';
import { Delivery } from '../dist/process/delivery.js';
import type { SatelliteSetup } from '../dist/folder/setup.js';
import { MOST_FRAME_BYTES, serialized } from '../dist/process/frame.js';
import { FrameStream } from '../dist/process/frame-stream.js';
import { packetFrom, packetOf } from '../dist/process/packet.js';
import { Acknowledgements } from '../dist/remote/acknowledgements.js';
import { Carrier } from '../dist/remote/carrier.js';
import { Link, receive } from '../dist/remote/link.js';
import type { Frame } from '../dist/remote/wire.js';
import { chance, Time, turn } from './chance-helpers.js';
import { until } from './place-helpers.js';
import { Constellation } from './process-helpers.js';

const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {} };
const EMPTY = {
  ways: [],
  heads: [],
  values: [],
  answers: [],
  items: [],
  settled: [],
  bytes: undefined,
  slots: [],
  views: [],
};
const WAY = { path: '', responsibility: 'store', from: { name: 'a', responsibility: 'a' } };
const MIB = 1024 * 1024;

/** A process with the block `store`, and a stranger who may publish at its subjects. */
class Attacked {
  readonly got: number[] = [];
  readonly time = new Time();
  readonly arrivals: Arrivals;
  /** Sessions that the process does not know, as it has said. */
  readonly unknown = new Set<string>();
  /** While it holds, no handler ends. */
  holds: Promise<void> | undefined;
  readonly #numbers = new Map<string, number>();

  static async start(t: TestContext): Promise<Attacked> {
    const acknowledgements = new Acknowledgements();
    const one: Attacked = new Attacked(acknowledgements, () => flight);
    const store = defineBlock({
      name: 'store',
      make: () => ({
        mailbox: { capacity: 64 },
        async onMsg({ n }: { n: number }) {
          await one.holds;
          one.got.push(n);
        },
      }),
    });
    const flight = await new Sputnik({
      appBlocks: [{ name: 'store' }],
      blockFactories: { store },
      signals: false,
      observer: acknowledgements,
    }).prepare();
    void flight.launch();
    t.after(() => flight.shootDown(undefined, { withinMs: 1 }));
    return one;
  }

  private constructor(
    acknowledgements: Acknowledgements,
    flight: () => Awaited<ReturnType<Sputnik['prepare']>> | undefined,
  ) {
    this.arrivals = new Arrivals({
      destinationOf: () => flight,
      acknowledgements,
      clock: this.time.clock,
      log: SILENT,
      silentMs: 1_000,
      post: () => ({
        mostBytes: MIB,
        send: (_to, session, bytes) => {
          if (packetFrom(bytes)?.unknown) this.unknown.add(session);
        },
      }),
    });
  }

  /** Sends a piece of a frame in a session. */
  piece(session: string, bytes: Uint8Array, isLast = true): void {
    const number = (this.#numbers.get(session) ?? 0) + 1;
    this.#numbers.set(session, number);
    this.arrivals.packet({ session, from: 'stranger', bytes: packetOf({ piece: { number, isLast, bytes } }) });
  }

  frame(session: string, frame: object): void {
    this.piece(session, serialize({ ...EMPTY, ...frame }));
  }

  hello(session: string): void {
    this.frame(session, { items: [['hello', `of ${session}`]] });
  }

  /** Whether the session is known still. */
  knows(session: string): boolean {
    this.unknown.delete(session);
    this.arrivals.packet({ session, from: 'stranger', bytes: packetOf({ ping: true }) });
    return !this.unknown.has(session);
  }

  /** Sends a message as a true process does, and sees it come. */
  async assertServes(session = 'good'): Promise<void> {
    this.hello(session);
    const n = Math.random();
    this.frame(session, { ways: [[0, WAY]], heads: [1, 0, 0], values: [{ n }] });
    for (let turns = 0; !this.got.includes(n); turns++) {
      assert.ok(turns < 1_000, 'the good one is not served');
      await turn();
    }
  }
}

/** A list that is long, and has nothing in it. */
const sparse = (): unknown[] => Object.assign<unknown[], object>([], { length: 4_000_000_000 });

/** A value that leads to itself by each key of a list that has nothing in it. */
function circle(): object {
  const value: Record<string, unknown> = {};
  value['undefined'] = value;
  return value;
}

describe('a stranger who may publish at the subjects of a process', () => {
  const frames: Readonly<Record<string, unknown>> = {
    'heads of any length': { ...EMPTY, heads: { length: 1e15 } },
    'heads with holes': { ...EMPTY, heads: sparse() },
    'answers with holes': { ...EMPTY, answers: sparse() },
    'settled with holes': { ...EMPTY, settled: sparse() },
    'values with holes': { ...EMPTY, values: sparse(), bytes: new ArrayBuffer(8) },
    'views with holes': { ...EMPTY, views: sparse() },
    'slots with holes': { ...EMPTY, slots: sparse() },
    'a slot that is none': { ...EMPTY, slots: [null] },
    'a slot with keys that are none': { ...EMPTY, slots: [{ keys: { length: 1e15 }, kind: 'Buffer' }] },
    'a slot in a circle without end': {
      ...EMPTY,
      values: [circle()],
      bytes: new ArrayBuffer(8),
      slots: [{ keys: sparse(), kind: 'Buffer' }],
      views: [0, 0, 0, 1],
    },
    'a view without a slot': { ...EMPTY, values: [{ a: 1 }], bytes: new ArrayBuffer(8), views: [0, 0, 0, 1] },
    'bytes that are a number': { ...EMPTY, values: [0], bytes: 4e9, views: [] },
    'a way without an address': { ...EMPTY, ways: [[0, {}]] },
    'a way with a long address': { ...EMPTY, ways: [[0, { ...WAY, path: 'x'.repeat(10_000) }]] },
    'items that are none': { ...EMPTY, items: [null] },
    'a way to what all objects share': {
      ...EMPTY,
      values: [{}],
      bytes: new ArrayBuffer(8),
      slots: [{ keys: ['__proto__', 'polluted'], kind: 'Uint8Array' }],
      views: [0, 0, 0, 1],
    },
    'a view beyond the bytes': {
      ...EMPTY,
      values: [{ a: 1 }],
      bytes: new ArrayBuffer(8),
      slots: [{ keys: ['a'], kind: 'Float64Array' }],
      views: [0, 0, 0, 1e9],
    },
    'a second name': {
      ...EMPTY,
      items: [
        ['hello', 'a'],
        ['hello', 'b'],
      ],
    },
    nothing: null,
  };
  for (const [what, frame] of Object.entries(frames))
    test(`who sends ${what} has his session ended, and no other`, async (t) => {
      const one = await Attacked.start(t);
      await one.assertServes();
      one.piece('bad', serialize(frame));
      assert.equal(one.knows('bad'), false);
      assert.equal('polluted' in {}, false);
      assert.equal(one.knows('good'), true);
      await one.assertServes('other');
    });

  test('who changes bytes of frames at random ends nothing but sessions', async (t) => {
    const one = await Attacked.start(t);
    const random = chance(18);
    const frame = serialize({
      ...EMPTY,
      ways: [[0, WAY]],
      heads: [1, 0, 0],
      values: [{ n: 1, list: [1, 2n, new Date(), /x/, new Map([[1, 2]]), new Float64Array(2)] }],
      items: [['failed', 1, { __error: { name: 'x', message: 'y', facts: {} } }]],
      settled: [1, 2],
    });
    for (let round = 0; round < 2_000; round++) {
      const bytes = Buffer.from(frame);
      for (let n = random() * 4; n >= 0; n--)
        bytes[2 + Math.floor(random() * (bytes.length - 2))] = Math.floor(random() * 256);
      one.hello(`${round}`);
      one.piece(`${round}`, bytes);
    }
    await turn();
    await one.assertServes();
    assert.deepEqual(Object.keys(Object.prototype), []);
  });

  test('who settles a range without end settles what is under way, at once', async () => {
    const carrier = new Carrier();
    const link = new Link({ postMessage() {}, tryOut() {} }, () => {});
    carrier.open(link);
    const sent = Promise.all(
      Array.from({ length: 100 }, () => carrier.carry(0, {}, 'send', new AbortController().signal)),
    );
    const ignore = (): void => {};
    const receiver = { way: ignore, message: ignore, answer: ignore, take: ignore };
    const frame = { ...EMPTY, settled: [-(2 ** 52), 2 ** 52] } as unknown as Frame;
    receive(frame, { ...receiver, settled: (first, last) => carrier.settled(first, last) });
    await sent;
  });

  test('who begins session after session keeps nobody from his, who has said whose it is', async (t) => {
    const one = await Attacked.start(t);
    await one.assertServes();
    for (let n = 0; n < 20_000; n++) one.piece(`bad${n}`, Buffer.from('x'), false);
    assert.equal(one.knows('bad0'), false);
    assert.equal(one.knows('bad19999'), true);
    assert.equal(one.knows('good'), true);
    await one.assertServes('other');
  });

  test('who begins as one process after the other has few of them remembered', async (t) => {
    const one = await Attacked.start(t);
    for (let n = 0; n < 10_000; n++) {
      one.hello(`bad${n}`);
      one.arrivals.unreachable(`bad${n}`);
      one.time.pass(0.001);
    }
    assert.ok(one.arrivals.senders <= 2_048, `${one.arrivals.senders} are remembered`);
    await one.assertServes();
  });

  test('who names one block after the other is refused in the end', async (t) => {
    const one = await Attacked.start(t);
    one.hello('bad');
    for (let n = 0; n < 20_000 && one.knows('bad'); n++)
      one.frame('bad', { ways: [[n % 100, { ...WAY, from: { name: 'x', responsibility: `x${n}` } }]] });
    assert.equal(one.knows('bad'), false);
  });

  test('who sends frames that do not end has his session ended: one that is large, and many together', async (t) => {
    const one = await Attacked.start(t);
    const piece = Buffer.alloc(MIB);
    for (let n = 0; n < 64; n++) one.piece('bad', piece, false);
    assert.equal(one.knows('bad'), true);
    one.piece('bad', piece, false);
    assert.equal(one.knows('bad'), false);
    const sessions = Array.from({ length: 100 }, (_, n) => `bad${n}`);
    for (const session of [...sessions, ...sessions]) one.piece(session, piece, false);
    const known = sessions.filter((session) => one.knows(session));
    assert.ok(known.length <= 100 && known.length >= 28, `${known.length} are known`);
    assert.ok(known.length < 100 - 28, `${known.length} are known`);
    await one.assertServes();
  });

  test('who heeds no window has his session ended', async (t) => {
    const one = await Attacked.start(t);
    one.holds = new Promise(() => {});
    one.hello('bad');
    one.frame('bad', { ways: [[0, WAY]] });
    for (let n = 0; n < 70_000 && one.knows('bad'); n += 7_000) {
      const numbers = Array.from({ length: 7_000 }, (_, index) => n + index + 1);
      one.frame('bad', { heads: numbers.flatMap((number) => [number, 0, 0]), values: numbers.map((n) => ({ n })) });
    }
    assert.equal(one.knows('bad'), false);
  });
});

test('strangers in another format are named, one after the other, and only some are remembered', async (t) => {
  const log = new MemoryLog();
  const delivery = await Delivery.for({
    part: { path: '', setup: { path: '', nested: new Map() } as unknown as SatelliteSetup },
    blocks: [],
    self: 'sender',
    log,
    clock: new Time().clock,
    observer: undefined,
    silentMs: 1_000,
    nameSession: () => 's',
    post: () => undefined,
    search: () => {},
  });
  t.after(() => delivery.close(1));
  const stranger = (n: number): FoundPeer => {
    const own = { id: `x${n}`, address: `x${n}` };
    return { whole: 'demo', satellite: '', format: 'another', version: '9', ...own };
  };
  const told = (n: number): number => {
    const before = log.lines.length;
    delivery.offer([stranger(n)]);
    return log.lines.length - before;
  };
  for (let n = 0; n < 5_000; n++) assert.equal(told(n), 1);
  assert.equal(told(4_999), 0, 'who was told of a moment ago is not told of again');
  assert.equal(told(4_999 - 2_047), 0);
  assert.equal(told(0), 1, 'who was told of long ago is forgotten');
  assert.equal(delivery.incompatible, 1);
});

describe('packets between two processes', () => {
  test('that ask for all again do not have it sent each time', () => {
    const time = new Time();
    let sent = 0;
    const stream = new FrameStream({
      send: () => sent++,
      mostBytes: 1_024,
      clock: time.clock,
      onFrame: () => {},
      tooLarge: () => {},
    });
    stream.write(Buffer.alloc(MIB));
    const first = sent;
    const again = packetFrom(packetOf({ again: true }));
    assert.ok(again);
    for (let n = 0; n < 1_000; n++, time.pass(0.1)) stream.take(again);
    assert.ok(sent <= first * 3, `${sent} packets, of ${first}`);
    stream.close();
  });

  test('that are too large together go one by one; one that is too large alone fails, and names its size', () => {
    const frames: Frame[] = [];
    const failed: string[] = [];
    const check = (value: unknown): void => {
      const { length } = serialize(value);
      if (length > 1_000) throw new RangeError(`it has ${length} bytes`);
    };
    const port = {
      postMessage(frame: Frame) {
        check(frame);
        frames.push(frame);
      },
      tryOut: check,
    };
    const link = new Link(port, (number, error) => failed.push(`${number}: ${error.message}`));
    link.way(0, WAY);
    for (const [number, size] of [500, 500, 1_100, 500].entries())
      link.message({ number, wayId: 0, how: 'send', msg: { text: 'x'.repeat(size) } });
    link.settle(7);
    link.flush();
    const of = ({ ways, heads, settled }: Frame): unknown => [ways.length, heads[0], settled[0]];
    assert.deepEqual(frames.map(of), [
      [1, 0, undefined],
      [0, 1, undefined],
      [0, 3, undefined],
      [0, undefined, 7],
    ]);
    assert.match(failed.join(), /^2: the message cannot go to another thread or process: it has \d+ bytes/);
    assert.throws(() => serialized('x'.repeat(MOST_FRAME_BYTES)), /another process takes 67108864 at most/);
  });
});

test('a stranger floods a process over a real server: it lives, its memory stays, true processes are served, and it lands clean', async (t) => {
  const count = 2_000;
  const one = await Constellation.sending(t, { count, how: 'post', to: 'store' }, [], { heartbeatMs: 15_000 });
  const main = one.run('');
  const { instance } = await main.event('joined');
  const address = `sputnik.demo.~.${String(instance)}`;
  const stranger = connect(Number(new URL(one.nats.url).port), '127.0.0.1').on('error', () => {});
  stranger.resume().write('CONNECT {"verbose":false,"pedantic":false,"headers":true}\r\n');
  t.after(() => stranger.destroy());
  const publish = (session: string, bytes: Uint8Array): boolean => {
    stranger.write(`PUB ${address}.${session} sputnik.demo.stranger.x.${session} ${bytes.length}\r\n`);
    stranger.write(bytes);
    return stranger.write('\r\n');
  };
  const random = chance(6);
  const piece = (bytes: Uint8Array, isLast: boolean, number = 1): Uint8Array =>
    packetOf({ piece: { number, isLast, bytes } });
  const hello = serialize({ ...EMPTY, items: [['hello', 'x']] });
  const big = Buffer.alloc(20_000);
  let sessions = 0;
  let isOver = false;
  const flood = (): void => {
    if (isOver) return;
    let goesOn = true;
    for (let n = 0; n < 20 && goesOn; n++) {
      const session = `s${++sessions}`;
      publish(session, piece(hello, true));
      publish(session, piece(Buffer.from(serialize({ ...EMPTY, settled: [0, 2 ** 52] })), true, 2));
      publish(session, packetOf({ again: true, come: 2 ** 40 }));
      publish(`${session}a`, piece(Buffer.from(Array.from({ length: 50 }, () => random() * 256)), true));
      goesOn = publish(`${session}b`, piece(big, false));
    }
    if (goesOn) setTimeout(flood, 20);
    else stranger.once('drain', () => setTimeout(flood, 20));
  };
  flood();
  const first = one.run('first');
  await first.event('sourceDone');
  await until(() => new Set(one.numbers()).size === count, 'all messages');
  isOver = true;
  const peak = /^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${main.child.pid}/status`, 'utf8'))?.[1];
  t.diagnostic(`${sessions} sessions, ${Number(peak) / 1024} MB`);
  assert.ok(Number(peak) / 1024 < 600, `it took ${Number(peak) / 1024} MB`);
  for (const run of [first, main]) {
    run.child.kill('SIGTERM');
    assert.equal(await run.end(), 0, run.stdout.slice(-3).join('\n'));
  }
});
