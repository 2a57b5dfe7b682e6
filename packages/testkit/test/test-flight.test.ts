import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  defineBlock,
  type SputnikError,
  type Block,
  type BlockCommunicator,
  type BlockContext,
  type Responsibility,
  type StandardSchemaV1,
} from '@sputnikjs/core';
import { echoBlock, testFlight, turn } from '@sputnikjs/testkit';

interface Numbered {
  readonly n: number;
}
const SINK: Responsibility<{ readonly n: number }, string> = 'sink';

/** Any object, taken as it is. */
function schema<T>(): StandardSchemaV1<unknown, T> {
  return { '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value: value as T }) } };
}

/** Counts seconds, and sends each number to the sink. */
const ticker = defineBlock({
  name: 'ticker',
  config: schema<{ readonly everyMs: number }>(),
  needs: { sink: SINK },
  make: ({ everyMs }, { sink }, { clock, signal }) => ({
    async run() {
      let n = 0;
      for await (const _ of clock.every(everyMs, signal)) sink.send({ n: ++n });
    },
  }),
});

const listener = defineBlock<undefined, {}, string>({
  name: 'listener',
  make: () => ({ onServerConnect() {}, onServerDisconnect() {} }),
});

test('the lines of a flight say what happened, in order', async () => {
  const sink = echoBlock<{ readonly n: number }>();
  const flight = await testFlight({
    blocks: { sink, ticker, listener },
    config: { ticker: { everyMs: 1_000 } },
    connection: 'one',
  });
  assert.deepEqual(flight.recorder.flush(), [
    'sink.init',
    'sink.run',
    'ticker.run',
    'launched',
    'connected',
    'listener.onServerConnect',
  ]);
  await flight.clock.advance(2_000);
  await flight.server.drop();
  flight.recorder.note('now it is dark');
  await flight.clock.advance(1_000);
  assert.deepEqual(flight.recorder.flush(), [
    'sink.onMsg { n: 1 }',
    'sink.onMsg { n: 2 }',
    'disconnected',
    'listener.onServerDisconnect',
    'now it is dark',
    'sink.onMsg { n: 3 }',
  ]);
  const report = await flight.land();
  assert.equal(report.clean, true);
  assert.deepEqual(flight.recorder.flush(), ['landing: shootDown', 'sink.finish(false)', 'landed clean']);
  assert.equal(flight.clock.pending, 0);
});

test('what a restored server does has had its effects after ten seconds', async () => {
  const flight = await testFlight({ blocks: { listener }, connection: (n: number) => `connection ${n}` });
  const before = flight.clock.now();
  await flight.server.drop();
  assert.equal(flight.status().connection, 'disconnected');
  assert.equal(flight.clock.now(), before);
  await flight.server.restore();
  assert.equal(flight.status().connection, 'connected');
  assert.equal(flight.clock.now() - before, 10_000);
  flight.recorder.flush();
  await flight.server.flap(3);
  const outage = ['disconnected', 'listener.onServerDisconnect', 'connected', 'listener.onServerConnect'];
  assert.deepEqual(flight.recorder.flush(), [...outage, ...outage, ...outage]);
  assert.equal((await flight.land()).clean, true);
});

test('a function gives a connection for each connect, a value is the same each time', async () => {
  const got: unknown[] = [];
  const block = defineBlock<undefined, {}, object | string>({
    name: 'block',
    make: () => ({ onServerConnect: (connection) => void got.push(connection) }),
  });
  const each = await testFlight({ blocks: { block }, connection: (n: number) => `c${n}` });
  await each.server.flap(1);
  const value = {};
  const same = await testFlight({ blocks: { block }, connection: value });
  await same.server.flap(1);
  assert.deepEqual(got.slice(0, 2), ['c1', 'c2']);
  assert.ok(got[2] === value && got[3] === value);
});

test('a slow server is lost when its heartbeat is late, and connects late', async () => {
  const flight = await testFlight({ blocks: { listener }, connection: 'one' });
  flight.server.slow(6_000);
  flight.recorder.flush();
  await flight.clock.advance(10_000);
  assert.deepEqual(flight.recorder.flush(), ['disconnected', 'listener.onServerDisconnect']);
  await flight.clock.advance(6_000);
  assert.equal(flight.status().connection, 'connected');
  // The next heartbeat is under way.
  await flight.clock.advance(5_000);
  const { clean, tookMs } = await flight.land();
  assert.ok(clean && tookMs < 3_000, `the landing waited for the heartbeat: ${tookMs} ms`);
  assert.equal(flight.clock.pending, 0);
});

test('the test asks, sends and posts by a handle of its own, typed by the responsibility', async () => {
  const sink = echoBlock<{ readonly n: number }, string>(({ n }) => `got ${n}`);
  const flight = await testFlight({ blocks: { sink } });
  const answer: string = await flight.to(SINK).ask({ n: 1 });
  assert.equal(answer, 'got 1');
  assert.equal(flight.to(SINK).send({ n: 2 }), true);
  assert.equal(await flight.to(SINK).post({ n: 3 }), true);
  await turn();
  assert.deepEqual(sink.messages, [{ n: 1 }, { n: 2 }, { n: 3 }]);
  const plain: Numbered = { n: 4 };
  assert.equal(await flight.to('sink').ask(plain), 'got 4');
  assert.throws(() => flight.to('sinc'), /no block has the responsibility "sinc"; there are: .*sink/);
  assert.throws(() => flight.server, /give testFlight a connection/);
});

test('a list says the responsibilities, and rewires needs', async () => {
  const [first, second] = [echoBlock<{ readonly n: number }>(), echoBlock<{ readonly n: number }>()];
  const flight = await testFlight({
    blocks: [
      { responsibility: 'first', block: first },
      { responsibility: 'second', block: second },
      { responsibility: 'fast', block: ticker, needs: { sink: 'first' } },
      { responsibility: 'slow', block: ticker, needs: { sink: 'second' } },
    ],
    config: { ticker: { everyMs: 1_000 }, fast: { everyMs: 100 } },
  });
  await flight.clock.advance(1_000);
  assert.deepEqual([first.messages.length, second.messages.length], [10, 1]);
});

test('two different blocks of one name are refused', async () => {
  const blocks = {
    a: defineBlock({ name: 'same', make: () => ({}) }),
    b: defineBlock({ name: 'same', make: () => ({}) }),
  };
  await assert.rejects(testFlight({ blocks }), /two different blocks have the name "same"/);
});

test('a block of the original form, made by a class with private state, flies as it is', async () => {
  class Counter implements Block {
    #count = 0;
    readonly mailbox = { capacity: 1 };
    init(): void {
      this.#count = 10;
    }
    run(self: BlockCommunicator): void {
      self.communicator('counter')?.send({});
    }
    finish(): void {
      this.#count = 0;
    }
    onMsg(): number {
      return ++this.#count;
    }
  }
  const flight = await testFlight({ blocks: { counter: () => new Counter() } });
  assert.equal(await flight.to('counter').ask({}), 12);
  assert.equal((await flight.land()).clean, true);
});

test('what is no block is refused by the core, all problems at once', async () => {
  const blocks = { nothing: () => undefined as never, listener };
  await assert.rejects(testFlight<string>({ blocks }), (error: SputnikError) => {
    assert.equal(error.code, 'BAD_SETUP');
    assert.match(error.message, /nothing: its factory returned no block\n.*listener: it has onServerConnect/);
    return true;
  });
});

test('an init may wait for its clock, and for real time', async () => {
  const block = defineBlock({
    name: 'block',
    make: () => ({
      async init(_config: unknown, { clock }: BlockContext) {
        await clock.sleep(20);
        await new Promise((resolve) => setTimeout(resolve, 20));
      },
    }),
  });
  const flight = await testFlight({ blocks: { block } });
  assert.ok(flight.clock.now() >= 20);
});

test('a finish that hangs is named when its deadline has passed', async () => {
  const block = defineBlock({ name: 'block', make: () => ({ finish: () => new Promise(() => {}) }) });
  const flight = await testFlight({ blocks: { block } });
  const landing = flight.land();
  await flight.clock.advance(25_000);
  const { unfinished } = await landing;
  assert.deepEqual(
    unfinished.map(({ block, callback }) => `${block.responsibility}.${callback}`),
    ['block.finish'],
  );
});

test('the landing waits for what a block does in real time', async () => {
  const block = defineBlock({
    name: 'block',
    make: () => ({ finish: () => new Promise((resolve) => setTimeout(resolve, 30)) }),
  });
  const flight = await testFlight({ blocks: { block } });
  assert.equal((await flight.land()).clean, true);
});

test('a block may land the flight, and the report says why', async () => {
  const block = defineBlock({
    name: 'block',
    make: (_config, _to, { land }) => ({ onMsg: () => land('enough') }),
  });
  const flight = await testFlight({ blocks: { block } });
  flight.to('block').send({});
  const { cause } = await flight.landed;
  assert.deepEqual([cause.kind, cause.reason], ['block', 'enough']);
});

test('a failure is in the lines and in the report', async () => {
  const block = defineBlock({
    name: 'block',
    make: () => ({
      run() {
        throw new Error('a bug');
      },
    }),
  });
  const flight = await testFlight({ blocks: { block } });
  const { cause, failures } = await flight.land();
  assert.equal(cause.kind, 'failure');
  assert.match(String(failures[0]?.error), /a bug/);
  assert.deepEqual(flight.recorder.lines.slice(-4), [
    'launched',
    'block.run failed: a bug',
    'landing: failure',
    'landed, not clean',
  ]);
});

test('what blocks log is kept, with the name of the block', async () => {
  const block = defineBlock({
    name: 'block',
    make: (_config, _to, { log }) => ({ run: () => log.warn({ event: 'hot' }, 'it is hot') }),
  });
  const { recorder } = await testFlight({ blocks: { block } });
  assert.deepEqual(recorder.logs, [{ block: 'block', event: 'hot', level: 'warn', text: 'it is hot' }]);
});

test('dropped messages are in the lines', async () => {
  const block = defineBlock({
    name: 'block',
    make: () => ({ mailbox: { capacity: 1, whenFull: 'drop-oldest' }, onMsg() {} }),
  });
  const flight = await testFlight({ blocks: { block } });
  for (let n = 0; n < 2; n++) flight.to('block').send({});
  await turn();
  assert.ok(flight.recorder.lines.includes('block dropped 1'));
});

test('a batch is a line of the record, and its messages can be answered', async () => {
  const t = await testFlight({
    blocks: {
      sum: defineBlock({
        name: 'sum',
        make: () => ({ onMsgs: (batch) => batch.forEach((mail) => mail.reply((mail.msg as { n: number }).n + 1)) }),
      }),
    },
  });
  t.recorder.flush();
  assert.deepEqual(await Promise.all([t.to('sum').ask({ n: 1 }), t.to('sum').ask({ n: 2 })]), [2, 3]);
  assert.deepEqual(t.recorder.lines, ['sum.onMsgs [ { n: 1 }, { n: 2 } ]']);
});
