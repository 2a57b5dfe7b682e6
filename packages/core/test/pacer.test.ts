import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import type { BlockCommunicator } from '@sputnikjs/core';
import { Pacer } from '../dist/time/pacer.js';
import type { Acts } from './support/recorder.js';
import { TestFlight } from './support/test-flight.js';

/** How two blocks bounce messages without end. */
const bounces: Record<string, (go: () => boolean) => Acts<string>> = {
  'answered at once': (go) => ({ onMsg: (msg, from) => void (go() && from.send(msg)) }),
  'answered after an await': (go) => ({
    async onMsg(msg, from) {
      await Promise.resolve();
      if (go()) from.send(msg);
    },
  }),
  'asked back': (go) => ({
    onMsg(msg, from: BlockCommunicator, ctx) {
      if (go()) ctx.waitUntil(from.ask(msg));
    },
  }),
  posted: (go) => ({ onMsg: (msg, from) => void (go() && from.post(msg)), mailbox: { capacity: 1 } }),
};

async function echo(t: TestContext): Promise<string> {
  const server = createServer((socket) => socket.pipe(socket)).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.end('hello');
  const [data] = (await once(socket, 'data')) as [Buffer];
  return data.toString();
}

for (const [how, block] of Object.entries(bounces)) {
  test(`M6: two blocks that bounce messages without end (${how}) let timers, immediates and sockets through`, async (t) => {
    let going = true;
    const flight = new TestFlight();
    const acts = block(() => going);
    // Unrecorded: the log would grow without end.
    const quiet = { init() {}, finish() {}, ...acts };
    let self!: BlockCommunicator;
    await flight.prepare({
      a: () => ({ ...quiet, run: (own) => void (self = own) }),
      b: () => ({ ...quiet, run() {} }),
    });
    const launched = flight.flight.launch();
    const toB = self.communicator('b');
    for (let balls = 0; balls < 3; balls++) toB?.send({ balls });
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setTimeout(resolve, 1));
    assert.equal(await echo(t), 'hello');
    assert.ok(flight.status('a').handled + flight.status('b').handled > 0);
    going = false;
    assert.equal((await flight.land()).clean, true);
    await launched;
  });
}

/** Lets the test say what time it is, and when the event loop turns. */
function fakeTime(t: TestContext): { pass(ms: number): void; turn(): void; readonly turnsAsked: number } {
  let now = 1_000;
  const asked: (() => void)[] = [];
  t.mock.method(performance, 'now', () => now);
  t.mock.method(globalThis, 'setImmediate', (callback: () => void) => void asked.push(callback));
  return {
    pass: (ms) => void (now += ms),
    turn: () => asked.shift()?.(),
    get turnsAsked() {
      return asked.length;
    },
  };
}

for (const cost of [0.001, 0.05, 0.3, 1, 3]) {
  test(`M6: a slice ends after a few milliseconds when a message takes ${cost} ms, however many slices there are`, (t) => {
    const time = fakeTime(t);
    const pacer = new Pacer();
    for (let slice = 0; slice < 50; slice++) {
      pacer.defer(() => {});
      time.turn();
      let took = 0;
      for (; pacer.mayGoOn(); took += cost) time.pass(cost);
      assert.ok(took >= Math.min(2, cost), `${took} ms`);
      assert.ok(took <= 4 + cost, `${took} ms`);
    }
  });
}

test('M6: mailboxes share the slice: what one has used up the other one does not have', (t) => {
  const time = fakeTime(t);
  const pacer = new Pacer();
  const order: string[] = [];
  const mailbox = (name: string) => (): void => {
    for (; pacer.mayGoOn(); time.pass(0.5)) order.push(name);
    order.push(`${name} waits`);
    pacer.defer(mailbox(name));
  };
  pacer.defer(mailbox('a'));
  pacer.defer(mailbox('b'));
  time.turn();
  assert.deepEqual(order, ['a', 'a', 'a', 'a', 'a waits'], 'b has to wait for the next turn');
  order.length = 0;
  time.turn();
  assert.deepEqual(order, ['b', 'b', 'b', 'b', 'b waits'], 'and is the first then');
  assert.equal(time.turnsAsked, 1, 'one turn is asked for at a time');
});

test('M6: however many blocks are busy, a turn of the event loop belongs to all of them together', async () => {
  const busy: Acts<string> = {
    onMsg(): void {
      handled++;
      for (const end = performance.now() + 1; performance.now() < end;);
    },
  };
  let handled = 0;
  const t = new TestFlight();
  const names = Array.from({ length: 20 }, (_, n) => `b${n}`);
  await t.fly(Object.fromEntries(names.map((name) => [name, busy])));
  for (const name of names) for (let n = 0; n < 3; n++) t.self(name).send({ n });
  for (let before = 0; before < 60; before = handled) {
    await new Promise((resolve) => setImmediate(resolve));
    // A slice of 2 ms, and the last message of the one before.
    assert.ok(handled - before <= 4, `${handled - before} messages of a millisecond each in a turn`);
  }
  assert.equal((await t.land()).clean, true);
});

test('M6: mailboxes that need little share a turn', (t) => {
  const time = fakeTime(t);
  const pacer = new Pacer();
  const resumed: number[] = [];
  for (let n = 0; n < 5; n++) pacer.defer(() => void resumed.push(n));
  assert.equal(time.turnsAsked, 1);
  time.turn();
  assert.deepEqual(resumed, [0, 1, 2, 3, 4]);
  assert.equal(time.turnsAsked, 0);
});
