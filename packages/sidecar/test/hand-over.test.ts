import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import {
  defineBlock,
  Sputnik,
  type BlockCommunicator,
  type BlockDescriptor,
  type Flight,
  type Logger,
  type SputnikError,
} from '@sputnikjs/core';
import { Arrivals } from '../dist/process/arrivals.js';
import type { FoundPeer } from '@sputnikjs/messaging';
import { Delivery, type Post } from '../dist/process/delivery.js';
import { FORMAT } from '../dist/process/format.js';
import { UNKNOWN_SESSION } from '../dist/process/talk.js';
import { Acknowledgements } from '../dist/remote/acknowledgements.js';
import type { SatelliteSetup } from '../dist/folder/setup.js';
import { chance, Time, turn } from './chance-helpers.js';
import { upTo } from './process-helpers.js';

const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {} };
const SILENT_MS = 1_000;
const FROM: BlockDescriptor = { name: 'source', responsibility: 'in/source' };
const STORE = {
  path: '',
  responsibility: 'store',
  name: 'store',
  capacity: 64,
  whenFull: 'reject',
  atOnce: 1,
} as const;

/** What carries packets between processes, and loses some. */
class Net {
  readonly time = new Time();
  readonly lost: () => boolean;
  /** The largest packet. */
  mostBytes = 512;
  /** Sees each packet that is sent. */
  onSent: (bytes: Uint8Array) => void = () => {};
  readonly #takes = new Map<string, (session: string, bytes: Uint8Array, from: string) => void>();
  readonly #gone = new Map<string, (session: string) => void>();
  readonly #way: (() => void)[] = [];

  constructor(lost: () => boolean = () => false) {
    this.lost = lost;
  }

  add(
    address: string,
    takes: (session: string, bytes: Uint8Array, from: string) => void,
    gone: (session: string) => void,
  ): Post {
    this.#takes.set(address, takes);
    this.#gone.set(address, gone);
    const size = (): number => this.mostBytes;
    return {
      get mostBytes() {
        return size();
      },
      send: (to, session, bytes) => {
        this.onSent(bytes);
        // a process that is gone says nothing
        if (this.lost() || !this.#takes.has(address)) return;
        this.#way.push(() => {
          const takesIt = this.#takes.get(to);
          if (takesIt) takesIt(session, bytes, address);
          else this.#gone.get(address)?.(session);
        });
      },
    };
  }

  remove(address: string): void {
    this.#takes.delete(address);
    this.#gone.delete(address);
  }

  /** What is on its way arrives, and what comes of it. */
  async deliver(turns: number = 20): Promise<void> {
    for (let n = 0; n < turns; n++) {
      for (const arrive of this.#way.splice(0)) arrive();
      await turn();
    }
  }
}

/** A process with the block `store`, which handles a message in a turn. */
class Instance {
  readonly got: number[] = [];
  readonly address: string;
  readonly arrivals: Arrivals;
  readonly #net: Net;
  #flight: Flight | undefined;
  /** Whether it has a connection to send on. */
  isConnected = true;
  /** While it holds, the handler does not end. */
  #holds: { promise: Promise<void>; release: () => void } | undefined;

  private constructor(net: Net, id: string) {
    this.#net = net;
    this.address = `at-${id}`;
    const acknowledgements = new Acknowledgements();
    this.acknowledgements = acknowledgements;
    const post = net.add(
      this.address,
      (session, bytes, from) => this.arrivals.packet({ session, bytes, from }),
      (session) => this.arrivals.unreachable(session),
    );
    this.arrivals = new Arrivals({
      destinationOf: () => () => this.#flight,
      acknowledgements,
      clock: net.time.clock,
      log: SILENT,
      silentMs: SILENT_MS,
      post: () => (this.isConnected ? post : undefined),
    });
  }

  readonly acknowledgements: Acknowledgements;

  static async start(t: TestContext, net: Net, id: string): Promise<Instance> {
    const instance = new Instance(net, id);
    t.after(() => instance.kill());
    const store = defineBlock({
      name: 'store',
      make: () => ({
        mailbox: { capacity: 64 },
        async onMsg({ n }: { n: number }) {
          await instance.#holds?.promise;
          await turn();
          instance.got.push(n);
          return `stored ${n}`;
        },
      }),
    });
    const options = { appBlocks: [{ name: 'store' }], blockFactories: { store }, signals: false };
    instance.#flight = await new Sputnik({ ...options, observer: instance.acknowledgements }).prepare();
    void instance.#flight.launch();
    return instance;
  }

  hold(): void {
    let release = (): void => {};
    const promise = new Promise<void>((resolve) => (release = resolve));
    this.#holds = { promise, release };
  }

  release(): void {
    this.#holds?.release();
    this.#holds = undefined;
  }

  /** Lands at once: what waits is dropped. */
  async land(): Promise<void> {
    this.arrivals.leave();
    await this.#flight?.shootDown(undefined, { withinMs: 1 });
  }

  /** As SIGKILL does it. */
  kill(): void {
    this.#net.remove(this.address);
    void this.#flight?.shootDown(undefined, { withinMs: 1 });
    this.#flight = undefined;
  }

  get peer(): FoundPeer {
    const own = { id: this.address, address: this.address };
    return { whole: 'demo', satellite: '', format: FORMAT, version: '0.1.0', ...own };
  }
}

/** A process that sends to `store`; it ends with the test. */
async function sender(
  t: TestContext,
  net: Net,
): Promise<{ delivery: Delivery; store: BlockCommunicator; searched: () => number }> {
  let [sessions, searched] = [0, 0];
  const post = net.add(
    'at-sender',
    (session, bytes) => void delivery.packet(session, bytes),
    (session) => delivery.unreachable(session),
  );
  const delivery: Delivery = await Delivery.for({
    part: { path: '', setup: { path: '', nested: new Map() } as unknown as SatelliteSetup },
    blocks: [STORE],
    self: 'sender',
    log: SILENT,
    clock: net.time.clock,
    observer: undefined,
    silentMs: SILENT_MS,
    nameSession: () => `s${++sessions}`,
    post: () => post,
    search: () => void searched++,
  });
  t.after(() => delivery.close(1));
  const store = delivery.level.flight.communicator('store', FROM);
  assert.ok(store);
  return { delivery, store, searched: () => searched };
}

/** The same, with an instance that it reaches. */
async function joined(
  t: TestContext,
  net: Net,
): Promise<{ delivery: Delivery; store: BlockCommunicator; one: Instance }> {
  const { delivery, store } = await sender(t, net);
  const one = await Instance.start(t, net, '1');
  delivery.offer([one.peer]);
  await net.deliver();
  return { delivery, store, one };
}

for (let seed = 1; seed <= 12; seed++)
  test(`instances that end and packets that get lost: nothing is, all keeps its order, and one instance takes each once (${seed})`, async (t) => {
    const next = chance(seed);
    const net = new Net(() => next() < 0.1);
    const { delivery, store } = await sender(t, net);
    const all: Instance[] = [];
    let now = await Instance.start(t, net, '0');
    all.push(now);
    const posted: Promise<boolean>[] = [];
    const step = async (): Promise<void> => {
      await net.deliver(3);
      net.time.pass(200);
      delivery.check();
      now.arrivals.check();
      delivery.offer([now.peer]);
    };
    for (let n = 0; n < 300; n++) {
      posted.push(store.post({ n }));
      if (next() < 0.3) await step();
      if (next() < 0.02) {
        now.kill();
        now = await Instance.start(t, net, String(all.length));
        all.push(now);
      }
    }
    for (let tries = 0; !delivery.isIdle; tries++) {
      assert.ok(tries < 2_000, 'it does not come to an end');
      await step();
    }
    assert.ok((await Promise.all(posted)).every(Boolean));
    for (const { got } of all) assert.deepEqual(got, [...new Set(got)], 'an instance handled one twice');
    assert.deepEqual([...new Set(all.flatMap(({ got }) => got))], upTo(300));
  });

test('one instance has all, also when another one comes; when it ends, the other has what was not handled, and what follows', async (t) => {
  const net = new Net();
  const { delivery, store, searched } = await sender(t, net);
  const one = await Instance.start(t, net, '1');
  delivery.offer([one.peer]);
  one.hold();
  const sent = upTo(5).map((n) => store.post({ n }));
  await net.deliver();
  const two = await Instance.start(t, net, '2');
  for (let n = 0; n < 20; n++) delivery.offer([one.peer, two.peer]);
  store.send({ n: 5 });
  await net.deliver();
  assert.deepEqual([one.got, two.got], [[], []]);
  one.kill();
  delivery.check();
  await net.deliver();
  assert.equal(searched(), 1, 'another one is looked for at once');
  assert.equal(delivery.isReachable, false);
  delivery.offer([two.peer]);
  await net.deliver();
  await Promise.all(sent);
  assert.deepEqual(two.got, upTo(6));
  one.release();
});

test('a break that both outlive: what had come is not handled again, and its outcome is told in the next session', async (t) => {
  const net = new Net();
  const { delivery, store, one } = await joined(t, net);
  one.hold();
  const asked = store.ask({ n: 0 }, { timeoutMs: Infinity });
  for (const n of [1, 2, 3]) store.send({ n });
  await net.deliver();
  net.time.pass(SILENT_MS + 1);
  delivery.check();
  assert.equal(delivery.isReachable, false);
  delivery.offer([one.peer]);
  await net.deliver();
  one.release();
  await net.deliver(50);
  assert.equal(await asked, 'stored 0');
  assert.deepEqual(one.got, [0, 1, 2, 3]);
  assert.equal(one.arrivals.duplicates, 4);
  assert.equal(delivery.isIdle, true);
});

test('an answer that was lost with its session is said to be: the question is not handled again', async (t) => {
  let isCut = false;
  const net = new Net(() => isCut);
  const { delivery, store, one } = await joined(t, net);
  one.hold();
  const asked = store.ask({ n: 0 }, { timeoutMs: Infinity });
  asked.catch(() => {});
  await net.deliver();
  isCut = true;
  one.release();
  await net.deliver();
  net.time.pass(SILENT_MS + 1);
  delivery.check();
  isCut = false;
  delivery.offer([one.peer]);
  await net.deliver(50);
  await assert.rejects(asked, ({ code }: SputnikError) => code === 'ASK_ENDED');
  assert.deepEqual(one.got, [0]);
  // nothing of the session before is waited for
  let isClosed = false;
  void one.arrivals.close(60_000).then(() => (isClosed = true));
  await net.deliver();
  net.time.pass(20);
  await net.deliver();
  assert.equal(isClosed, true);
});

test('a session that begins while the other process has no connection begins when it has one', async (t) => {
  const net = new Net();
  const { delivery, store } = await sender(t, net);
  const one = await Instance.start(t, net, '1');
  one.isConnected = false;
  delivery.offer([one.peer]);
  store.send({ n: 0 });
  await net.deliver();
  assert.deepEqual(one.got, []);
  one.isConnected = true;
  net.time.pass(500);
  await net.deliver();
  assert.deepEqual(one.got, [0]);
  // what it says itself has a size
  one.arrivals.leave();
  await net.deliver();
  assert.equal(delivery.isReachable, false);
});

test('where a server comes back that takes smaller packets, a new session makes them', async (t) => {
  const net = new Net();
  const { delivery, store, one } = await joined(t, net);
  one.hold();
  store.send({ n: 0, text: 'x'.repeat(2_000) });
  await net.deliver();
  const sizes: number[] = [];
  net.mostBytes = 128;
  net.onSent = ({ length }) => sizes.push(length);
  delivery.resume(net.mostBytes);
  one.arrivals.resume(net.mostBytes);
  assert.equal(delivery.isReachable, false);
  delivery.offer([one.peer]);
  await net.deliver();
  one.release();
  await net.deliver();
  store.send({ n: 1, text: 'x'.repeat(2_000) });
  await net.deliver();
  assert.deepEqual(one.got, [0, 1]);
  assert.equal(Math.max(...sizes), 128);
});

test('what waits for another process is bounded by its bytes, too; when that takes some, there is room', async (t) => {
  const net = new Net();
  net.mostBytes = 262_144;
  const { delivery, store } = await sender(t, net);
  const bytes = Buffer.alloc(4_000_000);
  const sent = upTo(10).map((n) => store.send({ n, bytes }));
  assert.equal(sent.filter(Boolean).length, 8);
  const posted = store.post({ n: 10, bytes });
  const one = await Instance.start(t, net, '1');
  delivery.offer([one.peer]);
  for (let tries = 0; !delivery.isIdle && tries < 1_000; tries++) await net.deliver(200);
  assert.equal(await posted, true);
  assert.deepEqual(one.got, [0, 1, 2, 3, 4, 5, 6, 7, 10]);
});

test('who asks where nobody is hears it at once; so does who had asked when the last one went, unless somebody has the question', async (t) => {
  const net = new Net();
  const { delivery, store } = await sender(t, net);
  const unreachable = ({ code }: SputnikError): boolean => code === 'ASK_UNREACHABLE';
  await assert.rejects(store.ask({ n: 0 }), unreachable);
  const one = await Instance.start(t, net, '1');
  delivery.offer([one.peer]);
  await net.deliver();
  one.arrivals.leave();
  await net.deliver();
  await assert.rejects(store.ask({ n: 1 }), unreachable);
});

/** An instance that has begun to land ends, and the next one takes its place; resolves with that when all has come to rest. */
async function followed(t: TestContext, net: Net, delivery: Delivery, one: Instance): Promise<Instance> {
  const closed = one.arrivals.close(10_000);
  await net.deliver();
  net.time.pass(1_000);
  await closed;
  const two = await Instance.start(t, net, '2');
  delivery.offer([two.peer]);
  await net.deliver(50);
  return two;
}

test('one that lands handles what it has, takes nothing more, and the next one has the rest, in order', async (t) => {
  const net = new Net();
  const { delivery, store, one } = await joined(t, net);
  one.hold();
  for (const n of [0, 1, 2]) store.send({ n });
  await net.deliver();
  one.arrivals.leave();
  for (const n of [3, 4]) store.send({ n });
  await net.deliver();
  one.release();
  await net.deliver();
  const two = await followed(t, net, delivery, one);
  assert.deepEqual(
    [one.got, two.got],
    [
      [0, 1, 2],
      [3, 4],
    ],
  );
});

test('P6: what waits in one that lands, and has no time for it, goes to the next one', async (t) => {
  const net = new Net();
  const { delivery, store, one } = await joined(t, net);
  one.hold();
  for (const n of [0, 1, 2, 3]) store.send({ n });
  await net.deliver();
  await one.land();
  await net.deliver();
  const two = await followed(t, net, delivery, one);
  assert.deepEqual([one.got, two.got], [[], [0, 1, 2, 3]]);
  one.release();
});

test('P9: one that writes in another format gets nothing, and is named; one of another version that writes in the same gets all', async (t) => {
  const net = new Net();
  const { delivery, store } = await sender(t, net);
  const other = await Instance.start(t, net, '1');
  const posted = store.post({ n: 0 });
  delivery.offer([{ ...other.peer, format: '9.9', version: '9.0.0' }]);
  await net.deliver();
  assert.deepEqual([delivery.isReachable, delivery.instances, delivery.incompatible, other.got], [false, 0, 1, []]);
  assert.match(
    String(delivery.problem),
    /runs Sputnik 9\.0\.0 \(format 9\.9\), and this process .* \(format \d+\.\d+\)/,
  );
  const same = await Instance.start(t, net, '2');
  delivery.offer([
    { ...other.peer, format: '9.9' },
    { ...same.peer, version: '0.0.9' },
  ]);
  await net.deliver();
  assert.deepEqual([delivery.problem, delivery.incompatible, await posted, same.got], [undefined, 1, true, [0]]);
});

test('whoever talks of a session that nobody knows is told so, and begins another one', async (t) => {
  const net = new Net();
  const { delivery, store, one } = await joined(t, net);
  assert.equal(delivery.isReachable, true);
  // as if the instance had forgotten it
  one.arrivals.unreachable('s1');
  store.send({ n: 0 });
  await net.deliver();
  assert.equal(delivery.isReachable, false);
  delivery.offer([one.peer]);
  await net.deliver(50);
  assert.deepEqual(one.got, [0]);
  // nobody answers that a session is not known
  one.arrivals.packet({ session: 'x', bytes: UNKNOWN_SESSION, from: 'at-sender' });
  assert.equal(one.arrivals.senders, 1);
});
