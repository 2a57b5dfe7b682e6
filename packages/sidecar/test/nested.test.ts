import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  defineBlock,
  SputnikError,
  type AnyBlock,
  type BlockCommunicator,
  type BlockFactory,
  type LandingReport,
} from '@sputnikjs/core';
import type { RestartLimit } from '@sputnikjs/sidecar';
import { gate, manualClock, turn } from '@sputnikjs/testkit';
import { Nest } from './nested-helpers.js';

/** Factories of blocks, each made by a function that may be called again. */
function factories(blocks: Readonly<Record<string, () => Partial<AnyBlock>>>): Record<string, BlockFactory> {
  return Object.fromEntries(
    Object.entries(blocks).map(([name, make]) => [name, defineBlock({ name, make: () => make() })]),
  );
}

const turns = async (count = 20): Promise<void> => {
  for (let i = 0; i < count; i++) await turn();
};

async function failure(work: Promise<unknown>): Promise<SputnikError<LandingReport>> {
  const error = await work.then(
    () => assert.fail('it did not reject'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof SputnikError);
  return error as SputnikError<LandingReport>;
}

test('C1: a nested satellite is initialised at its place, and lands at its place', async () => {
  const nest = await Nest.fly({
    blocks: [{ name: 'a' }, { satellite: { name: 'in', blocks: [{ name: 'b' }, { name: 'c' }] } }, { name: 'd' }],
    blockFactories: factories({ a: () => ({}), b: () => ({}), c: () => ({}), d: () => ({}) }),
  });
  assert.deepEqual(
    nest.whole.status().blocks.map(({ responsibility }) => responsibility),
    ['finisher', 'a', 'in/b', 'in/c', 'd'],
  );
  const report = await nest.whole.shootDown('enough');
  assert.deepEqual(nest.of('initialized'), ['finisher', 'a', 'in/b', 'in/c', 'in', 'd']);
  assert.deepEqual(nest.of('finished'), ['d', 'in/c', 'in/b', 'in', 'a', 'finisher']);
  assert.deepEqual([report.clean, report.cause.reason], [true, 'enough']);
});

test('C3: messages go in and out and between satellites, and what is sent back reaches who sent', async () => {
  const got: string[] = [];
  const note =
    (own: string): (() => Partial<AnyBlock>) =>
    () => ({
      onMsg(msg, from) {
        got.push(`${own} ${msg.text} of ${from.descriptor.responsibility}`);
        if (msg.text === 'ping') from.send({ text: 'pong' });
        return own;
      },
    });
  const sender =
    (to: string): (() => Partial<AnyBlock>) =>
    () => ({
      async run(self) {
        got.push(
          `${self.descriptor.responsibility} asked ${String(await self.communicator(to)?.ask({ text: 'ping' }))}`,
        );
      },
      onMsg: (msg, from) => void got.push(`sender ${msg.text} of ${from.descriptor.responsibility}`),
    });
  const nest = await Nest.fly({
    blocks: [
      { name: 'store' },
      { satellite: { name: 'one', blocks: [{ name: 'store', responsibility: 'own' }, { name: 'out' }] } },
      { satellite: { name: 'two', blocks: [{ name: 'store' }, { name: 'across' }, { name: 'up' }] } },
      { name: 'inward' },
    ],
    blockFactories: factories({
      store: note('store'),
      out: sender('store'),
      across: sender('one/own'),
      up: sender('../store'),
      inward: sender('two/store'),
    }),
  });
  await turns();
  assert.deepEqual(got.toSorted(), [
    'across asked store',
    'inward asked store',
    'out asked store',
    'sender pong of ../one/own',
    'sender pong of ../store',
    'sender pong of ../store',
    'sender pong of two/store',
    'store ping of ../inward',
    'store ping of ../two/across',
    'store ping of one/out',
    'store ping of two/up',
    'up asked store',
  ]);
  assert.equal((await nest.whole.shootDown()).clean, true);
});

test('C1: what was accepted anywhere is delivered at a landing, to and fro between the levels', async () => {
  const got: number[] = [];
  let self: BlockCommunicator | undefined;
  const nest = await Nest.fly({
    blocks: [{ name: 'store' }, { satellite: { name: 'in', blocks: [{ name: 'relay' }] } }, { name: 'source' }],
    blockFactories: {
      ...factories({
        store: () => ({ onMsg: ({ n }) => void got.push(n) }),
        relay: () => {
          let own: BlockCommunicator | undefined;
          return {
            run: (me) => void (own = me),
            async onMsg(msg) {
              await turn();
              await own?.communicator('store')?.post(msg);
            },
          };
        },
        source: () => ({ run: (me) => void (self = me) }),
      }),
    },
  });
  const numbers = Array.from({ length: 100 }, (_, n) => n);
  for (const n of numbers) assert.equal(self?.communicator('in/relay')?.send({ n }), true);
  const report = await nest.whole.shootDown();
  assert.deepEqual([got, report.clean], [numbers, true]);
});

test('C6: a block inside that asks to land lands the whole, in order, and the cause names it', async () => {
  const nest = await Nest.fly({
    blocks: [
      { name: 'a' },
      { satellite: { name: 'out', blocks: [{ satellite: { name: 'in', blocks: [{ name: 'b' }] } }] } },
      { name: 'c' },
    ],
    blockFactories: factories({ a: () => ({}), b: () => ({ run: (_self, { land }) => land('done') }), c: () => ({}) }),
  });
  const { cause, clean } = await nest.launched;
  assert.deepEqual([cause.kind, cause.block?.responsibility, cause.reason, clean], ['block', 'out/in/b', 'done', true]);
  assert.deepEqual(nest.of('finished'), ['c', 'out/in/b', 'out/in', 'out', 'a', 'finisher']);
});

test('C6: a failure inside lands the whole; the report has it once, with the path', async () => {
  const boom = new Error('boom');
  const nest = await Nest.fly({
    blocks: [{ name: 'a' }, { satellite: { name: 'in', blocks: [{ name: 'b' }] } }],
    blockFactories: factories({ a: () => ({}), b: () => ({ run: () => Promise.reject(boom) }) }),
  });
  const { code, report } = await failure(nest.launched);
  assert.equal(code, 'BLOCK_FAILED');
  assert.deepEqual([report?.cause.block?.responsibility, report?.cause.reason, report?.clean], ['in/b', boom, false]);
  assert.deepEqual(
    report?.failures.map(({ block, callback, error, count }) => [block.responsibility, callback, error, count]),
    [['in/b', 'run', boom, 1]],
  );
});

test('C1: an init that fails inside takes back what was done, at all levels', async () => {
  const boom = new Error('boom');
  const nest = await Nest.assemble({
    blocks: [{ name: 'a' }, { satellite: { name: 'in', blocks: [{ name: 'b' }, { name: 'c' }] } }],
    blockFactories: factories({ a: () => ({}), b: () => ({}), c: () => ({ init: () => Promise.reject(boom) }) }),
  });
  const error = await failure(nest.whole.boot());
  assert.equal(error.code, 'INIT_FAILED');
  assert.match(error.message, /in \(satellite\), init: block c, init: boom/);
  assert.deepEqual(nest.of('finished'), ['in/b', 'a', 'finisher']);
});

test('C7: a satellite that fails restarts; what is sent meanwhile waits, and is passed on in order', async () => {
  const clock = manualClock();
  const got: string[] = [];
  let self: BlockCommunicator | undefined;
  let made = 0;
  const nest = await Nest.fly({
    clock,
    blocks: [
      { satellite: { name: 'in', blocks: [{ name: 'b' }] }, restart: { most: 3, withinMs: 10_000 } },
      { name: 'source' },
    ],
    blockFactories: factories({
      b: () => {
        let own = 0;
        return {
          init: () => void (own = ++made),
          onMsg({ n }) {
            if (n === 'fail') throw new Error('boom');
            got.push(`${own} ${n}`);
            return own;
          },
        };
      },
      source: () => ({ run: (me) => void (self = me) }),
    }),
  });
  const to = self?.communicator('in/b');
  to?.send({ n: 1 });
  to?.send({ n: 'fail' });
  to?.send({ n: 2 });
  await turns();
  for (const n of [3, 4]) assert.equal(to?.send({ n }), true);
  const asked = to?.ask({ n: 5 });
  assert.equal(await to?.post({ n: 6 }), true);
  assert.deepEqual(got, ['1 1', '1 2'], 'what the old one had accepted, it has handled');
  assert.equal(nest.status('in/b').depth > 0, true);
  await clock.advance(1_000);
  await turns();
  assert.equal(await asked, 2);
  to?.send({ n: 7 });
  await turns();
  assert.deepEqual(got, ['1 1', '1 2', '2 3', '2 4', '2 5', '2 6', '2 7']);
  assert.equal(nest.whole.status().state, 'flying');
  assert.deepEqual(nest.status('in/b'), { accepted: 8, handled: 7, failed: 1, dropped: 0, depth: 0 });
  const report = await nest.whole.shootDown();
  assert.deepEqual(
    report.failures.map(({ block, callback, count }) => [block.responsibility, callback, count]),
    [['in/b', 'onMsg', 1]],
    'the message that failed is lost, and in the report',
  );
});

test('C9: a failure that has lost nothing leaves the landing clean once the satellite flies again', async () => {
  const clock = manualClock();
  let fails = 2;
  const nest = await Nest.fly({
    clock,
    blocks: [{ satellite: { name: 'in', blocks: [{ name: 'b' }] }, restart: { most: 3, withinMs: 60_000 } }],
    blockFactories: factories({
      b: () => ({
        run() {
          if (fails-- > 0) throw new Error('boom');
        },
      }),
    }),
  });
  await turns();
  await clock.advance(10_000);
  await turns();
  await clock.advance(10_000);
  await turns();
  assert.deepEqual([nest.whole.nested()[0]?.restarted, nest.whole.status().state], [2, 'flying']);
  assert.equal((await nest.whole.shootDown()).clean, true);
});

test('C8: one that fails too often lands the whole, with all failures', async () => {
  const clock = manualClock();
  let made = 0;
  const nest = await Nest.fly({
    clock,
    blocks: [
      { name: 'a' },
      { satellite: { name: 'in', blocks: [{ name: 'b' }] }, restart: { most: 2, withinMs: 60_000 } },
    ],
    blockFactories: factories({
      a: () => ({}),
      b: () => ({
        init() {
          if (++made === 2) throw new Error('boom 2');
        },
        run: () => Promise.reject(new Error(`boom ${made}`)),
      }),
    }),
  });
  for (let i = 0; i < 3; i++) {
    await turns();
    await clock.advance(1_000);
  }
  const error = await failure(nest.launched);
  assert.match(error.message, /more than 2 times within 60000 ms.*1\. .*boom 1; 2\. .*boom 2; 3\. .*boom 3/);
  assert.deepEqual([made, error.report?.clean], [3, false]);
});

test('C9: a landing while a satellite restarts waits for no restart; what waits is dropped, and in the report', async () => {
  const clock = manualClock();
  let self: BlockCommunicator | undefined;
  let made = 0;
  const nest = await Nest.fly({
    clock,
    blocks: [
      { satellite: { name: 'in', blocks: [{ name: 'b' }] }, restart: { most: 3, withinMs: 10_000 } },
      { name: 'source' },
    ],
    blockFactories: factories({
      b: () => ({ init: () => void made++, run: () => Promise.reject(new Error('boom')), onMsg: () => 'answer' }),
      source: () => ({ run: (me) => void (self = me) }),
    }),
  });
  await turns();
  const to = self?.communicator('in/b');
  for (const n of [1, 2, 3]) assert.equal(to?.send({ n }), true);
  const asked = failure(to?.ask({ n: 4 }) ?? Promise.resolve());
  const report = await nest.whole.shootDown();
  assert.deepEqual(report.dropped, [{ block: { name: 'b', responsibility: 'in/b' }, count: 4 }]);
  assert.equal((await asked).code, 'ASK_ENDED', 'who asked knows');
  assert.deepEqual([made, report.clean], [1, false]);
});

test('C9: a landing while a satellite restarts gives that up', async () => {
  const clock = manualClock();
  const booting = gate();
  let made = 0;
  const nest = await Nest.fly({
    clock,
    blocks: [{ satellite: { name: 'in', blocks: [{ name: 'b' }] }, restart: { most: 3, withinMs: 10_000 } }],
    blockFactories: factories({
      b: () => {
        return {
          init: (_config, { signal, landing }) =>
            ++made === 1
              ? undefined
              : new Promise<void>((_, reject) => {
                  booting.open();
                  for (const one of [signal, landing]) one.addEventListener('abort', () => reject(one.reason as Error));
                }),
          run: () => Promise.reject(new Error('boom')),
        };
      },
    }),
  });
  await turns();
  await clock.advance(1_000);
  await booting.passed;
  const report = await nest.whole.shootDown();
  assert.deepEqual([made, report.unfinished], [2, []]);
});

test('C4: without a server of its own, a nested satellite hears of the one around it; with one, of its own', async () => {
  const log: string[] = [];
  const losers: Record<string, () => void> = {};
  const connector = (name: string) => ({
    connect: (_: unknown, { lost }: { lost: () => void }) => ((losers[name] = lost), name),
    isConnected: () => true,
    disconnect: () => void log.push(`${name} disconnected`),
  });
  const hears = (own: string) => () => ({
    onServerConnect: (connection: unknown) => void log.push(`${own} has ${String(connection)}`),
    onServerDisconnect: () => void log.push(`${own} has none`),
  });
  const nest = await Nest.fly({
    connector: connector('outer'),
    blocks: [
      { name: 'a' },
      { satellite: { name: 'sharing', blocks: [{ name: 'b' }] } },
      { satellite: { name: 'own', blocks: [{ name: 'c' }], connector: connector('inner') } },
    ],
    blockFactories: factories({ a: hears('a'), b: hears('b'), c: hears('c') }),
  });
  await turns();
  assert.deepEqual(log.splice(0).toSorted(), ['a has outer', 'b has outer', 'c has inner']);
  losers['outer']?.();
  while (log.length < 4) await new Promise((resolve) => setTimeout(resolve, 1));
  assert.deepEqual(log.splice(0).toSorted(), ['a has none', 'a has outer', 'b has none', 'b has outer']);
  assert.equal(nest.whole.status().connection, 'connected');
  assert.deepEqual(
    nest.others.filter((event) => event.includes('connect')),
    ['own connecting', 'own connected'],
    'a connection that is shared is told once',
  );
  assert.equal((await nest.whole.shootDown()).clean, true);
  assert.deepEqual(log, ['inner disconnected', 'outer disconnected']);
});

test('C1: a landing while a nested satellite boots ends the boot, and is no failure', async () => {
  const booting = gate();
  const nest = await Nest.assemble({
    blocks: [{ name: 'a' }, { satellite: { name: 'in', blocks: [{ name: 'b' }, { name: 'c' }] } }],
    blockFactories: factories({
      a: () => ({}),
      b: () => ({
        init: (_config, { landing }) => {
          booting.open();
          return new Promise((_, reject) => landing.addEventListener('abort', () => reject(landing.reason as Error)));
        },
      }),
      c: () => ({}),
    }),
  });
  const booted = failure(nest.whole.boot());
  await booting.passed;
  const report = await nest.whole.shootDown('enough');
  assert.deepEqual([report.clean, report.cause.reason], [true, 'enough']);
  assert.equal((await booted).code, 'ABORTED');
  assert.deepEqual(nest.of('finished'), ['a', 'finisher']);
});

test('C8: a process whose first boot fails ends by itself, also where a part was to be restarted', async () => {
  const before = process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
  const nest = await Nest.assemble({
    blocks: [
      { name: 'a' },
      { satellite: { name: 'in', blocks: [{ name: 'b' }] }, restart: { most: 1, withinMs: 1_000 } },
    ],
    blockFactories: factories({
      a: () => ({ init: () => Promise.reject(new Error('boom')) }),
      b: () => ({ onMsg() {} }),
    }),
  });
  assert.equal((await failure(nest.whole.boot())).code, 'INIT_FAILED');
  assert.equal(process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length, before);
});

test('C6: a block inside that asks to land while it boots lands the whole', async () => {
  const nest = await Nest.assemble({
    blocks: [{ name: 'a' }, { satellite: { name: 'in', blocks: [{ name: 'b' }] } }],
    blockFactories: factories({ a: () => ({}), b: () => ({ init: (_config, { land }) => land('no need') }) }),
  });
  const { code, report } = await failure(nest.whole.boot());
  assert.deepEqual(
    [code, report?.cause.kind, report?.cause.reason, report?.clean],
    ['ABORTED', 'block', 'no need', true],
  );
});

test('C7: the event of a failure says whether the whole goes on', async () => {
  const decisionOf = async (restart: RestartLimit | undefined): Promise<unknown> => {
    const nest = await Nest.fly({
      clock: manualClock(),
      blocks: [{ satellite: { name: 'in', blocks: [{ name: 'b' }] }, restart }],
      blockFactories: factories({ b: () => ({ run: () => Promise.reject(new Error('boom')) }) }),
    });
    await turns();
    await nest.whole.shootDown();
    return nest.events.flatMap((event) =>
      event.type === 'failed' && event.block.responsibility === 'in/b' ? event.decision : [],
    );
  };
  assert.deepEqual(await decisionOf({ most: 1, withinMs: 1_000 }), ['continue']);
  assert.deepEqual(await decisionOf(undefined), ['shutdown']);
});

test('a boot that fails before its turn comes leaves nothing that keeps the process alive', async () => {
  const timers = (): number => process.getActiveResourcesInfo().filter((one) => one === 'Timeout').length;
  const before = timers();
  const nest = await Nest.assemble({
    blocks: [
      { name: 'a' },
      { satellite: { name: 'in', blocks: [{ name: 'b' }] }, restart: { most: 3, withinMs: 10_000 } },
    ],
    blockFactories: factories({
      a: () => ({ init: () => Promise.reject(new Error('boom')) }),
      b: () => ({ onMsg: () => undefined }),
    }),
  });
  await failure(nest.whole.boot());
  assert.equal(timers(), before);
});

test('C3: with "clone", messages and answers arrive as in a thread: plain, as copies, and what cannot go there is refused with its key', async () => {
  class Fancy {
    readonly n = 1;
    text(): string {
      return 'fancy';
    }
  }
  const got: unknown[] = [];
  let self!: BlockCommunicator;
  const nest = await Nest.fly({
    blocks: [{ satellite: { name: 'in', blocks: [{ name: 'inner' }] }, clone: true }, { name: 'source' }],
    blockFactories: factories({
      inner: () => ({ onMsg: (msg) => (got.push(msg), new Fancy()) }),
      source: () => ({ run: (own) => void (self = own) }),
    }),
  });
  const to = self.communicator('in/inner');
  const bytes = Buffer.from('bytes');
  const sent = { fancy: new Fancy(), bytes };
  const answer = await to?.ask(sent);
  assert.deepEqual(answer, { n: 1 });
  assert.equal(answer instanceof Fancy, false);
  const [{ fancy, bytes: came }] = got as [{ fancy: object; bytes: Buffer }];
  assert.deepEqual([fancy, came, Buffer.isBuffer(came), came === bytes], [{ n: 1 }, bytes, true, false]);
  await assert.rejects(Promise.resolve(to?.post({ inside: { done: () => {} } })), /inside\.done: a function/);
  await assert.rejects(Promise.resolve(to?.ask({ later: Promise.resolve() })), /later: a promise/);
  assert.equal((await nest.whole.shootDown()).clean, true);
});
