import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { defineBlock } from '@sputnikjs/core';
import { check } from '@sputnikjs/sidecar';
import { MemoryLog } from '@sputnikjs/testkit';
import { Watched } from './admin-helpers.js';
import { folder } from './helpers.js';
import type { Nest } from './nested-helpers.js';
import { satellite, SERVER } from './place-fixtures.js';
import { failure, Outside, until } from './place-helpers.js';

const RESTART = { most: 5, withinMs: 60_000 };
/** A thread of such a satellite counts as stuck after two seconds: a loaded machine lets a thread wait longer than one. */
const IMPATIENT = { 'sputnik.json': { timeouts: { heartbeatMs: 1_000 } } };

/** A satellite in a thread with a block that obeys, and what is outside. */
async function obedient(
  entry: object = {},
  files: Readonly<Record<string, unknown>> = {},
  landingMs = 25_000,
): Promise<{ readonly outside: Outside; readonly nest: Nest; readonly log: MemoryLog }> {
  const outside = new Outside();
  const log = new MemoryLog();
  const file = join(await folder({}), 'count');
  const cf = await satellite(['obeys', 'logs'], { 'obeys.json': { file }, ...files });
  const nest = await outside.fly({
    blocks: [{ name: 'record' }, { satellite: 'in', folder: cf, place: 'thread', ...entry }, { name: 'source' }],
    log,
    landingMs,
  });
  return { outside, nest, log };
}

const text = (log: MemoryLog, event: string): string =>
  log.lines.find(({ fields }) => fields['event'] === event)?.text ?? `no ${event}`;

for (const [how, said, entry, files] of [
  ['exit', /something in the thread called process\.exit\(3\)/, {}, {}],
  ['throw', /uncaught error in the thread: a bug/, {}, {}],
  ['heap', /the heap of the thread of 32 MB is full; .*"heapMb"/, { heapMb: 32 }, {}],
  ['loop', /the thread is stuck: its event loop has stood still for .* s, and it is terminated/, {}, IMPATIENT],
] as const) {
  test(`T5: a thread that ends by itself is a failure of its satellite: it restarts (${how})`, async () => {
    const { outside, nest, log } = await obedient({ ...entry, restart: RESTART }, files);
    const to = outside.to('in/obeys');
    assert.equal(await to.ask({ n: 'before' }), 1);
    const asked = to.ask({ n: `${how} once` });
    await log.said('satelliteRestarted');
    // asked again, of the next one; one that throws later may have answered
    assert.ok((await asked) === 2 || how === 'throw');
    assert.match(text(log, 'satelliteFailed'), said);
    assert.equal(await to.ask({ n: 'after' }), 2);
    assert.deepEqual([nest.whole.status().state, nest.whole.nested()[0]?.restarted], ['flying', 1]);
    const report = await nest.whole.shootDown();
    assert.deepEqual([report.unfinished, report.failures, report.dropped], [[], [], []]);
  });
}

test('T5: without a limit for restarts, a thread that ends lands the whole, and the cause says why', async () => {
  const { outside, nest } = await obedient();
  outside.to('in/obeys').send({ n: 'exit' });
  const error = await failure(nest.launched);
  assert.match(error.message, /something in the thread called process\.exit\(3\)/);
  assert.deepEqual(
    error.report?.failures.map(({ block, callback }) => [block.responsibility, callback]),
    [['in', 'run']],
  );
  assert.deepEqual(error.report?.dropped, [{ block: { name: 'obeys', responsibility: 'in/obeys' }, count: 1 }]);
});

test('T5: a thread that is stuck when the enclosing satellite lands is terminated, and named', async () => {
  const { outside, nest } = await obedient({}, IMPATIENT);
  outside.to('in/obeys').send({ n: 'loop' });
  const report = await nest.whole.shootDown();
  assert.equal(report.clean, false);
  assert.match(report.failures.map(({ error }) => String(error)).join(), /the thread is stuck/);
});

test('T5: a thread that does not land in time is terminated, and the report says so', async () => {
  const patient = { 'sputnik.json': { timeouts: { heartbeatMs: 600_000 } } };
  const { outside, nest } = await obedient({}, patient, 1_500);
  outside.to('in/obeys').send({ n: 'loop' });
  const { clean, failures, unfinished } = await nest.whole.shootDown();
  assert.equal(clean, false);
  // where the machine is too busy to end the thread in time, the flight around it says that this hangs
  const said = failures.some(({ error }) => /has not landed within \d+ ms, and is terminated/.test(String(error)));
  const named = unfinished.some(({ block, callback }) => block.responsibility === 'in' && callback === 'finish');
  assert.ok(said || named);
  await until(() => nest.whole.nested()[0]?.status.state === 'landed', 'the end of the thread');
});

test('T3: what cannot be cloned is refused where it is sent, with the path of its key', async () => {
  const { outside, nest, log } = await obedient();
  const to = outside.to('in/obeys');
  const msg = { n: 1, headers: [{ done: () => {} }] };
  const refused = /the message cannot go to another thread or process: headers\.0\.done: a function; send plain values/;
  assert.equal(to.send(msg), false);
  assert.match(text(log, 'notCloned'), refused);
  await assert.rejects(to.post(msg), refused);
  await assert.rejects(to.ask(msg), refused);
  // nobody sees from outside that this one cannot be cloned: it is found when it is posted, among others
  const port = new MessageChannel().port1;
  const others = [to.ask({ n: 'a' }), to.ask({ n: 'b', port }), to.ask({ n: 'c' })];
  const [first, second, third] = await Promise.allSettled(others);
  assert.deepEqual([first?.status, second?.status, third?.status], ['fulfilled', 'rejected', 'fulfilled']);
  assert.match(
    String(second?.status === 'rejected' && (second.reason as Error).cause),
    /the message cannot go to another thread/,
  );
  port.close();
  const answer = await failure(to.ask({ n: 'function' }));
  assert.match(String(answer.cause), /the answer cannot go to another thread or process: inner\.done: a function/);
  assert.equal((await nest.whole.shootDown()).clean, true);
});

test('T4: bytes cross alone, whatever they are a slice of; those of the sender stay its own', async () => {
  const { outside, nest } = await obedient();
  const to = outside.to('in/obeys');
  const slab = Buffer.alloc(64 * 1024, 7);
  const bytes = slab.subarray(1000, 1200);
  const answer = (await to.ask({ n: 'back', bytes })) as { readonly same: Buffer; readonly buffer: boolean };
  assert.deepEqual([answer.buffer, Buffer.isBuffer(answer.same)], [true, true]);
  assert.deepEqual(answer.same, bytes);
  assert.equal(slab.length, 64 * 1024, 'not detached');
  assert.ok(answer.same.buffer.byteLength < 1_000, 'the slab did not come along');
  const numbers = new Float64Array([1, 2, 3]).subarray(1);
  const others = (await to.ask({ n: 'back', bytes: { deep: [{ numbers }], text: 'x' } })) as { readonly same: unknown };
  assert.deepEqual(others.same, { deep: [{ numbers: new Float64Array([2, 3]) }], text: 'x' });
  assert.deepEqual(numbers, new Float64Array([2, 3]));
  assert.equal((await nest.whole.shootDown()).clean, true);
});

test('T1: what a thread had not handled when it ended goes to the next one: nothing is lost, and the order is kept', async () => {
  const outside = new Outside();
  const log = new MemoryLog();
  const file = join(await folder({}), 'handled');
  const exitAt = [100, 1_500, 1_501, 9_000];
  const cf = await satellite(['keeper'], { 'keeper.json': { file, exitAt } });
  const nest = await outside.fly({
    blocks: [
      { satellite: 'in', folder: cf, place: 'thread', restart: { most: 50, withinMs: 60_000 } },
      { name: 'source' },
    ],
    log,
  });
  const to = outside.to('in/keeper');
  const count = 10_000;
  for (let n = 0; n < count; n++) assert.equal(await to.post({ n }), true);
  await until(() => existsSync(file) && readFileSync(file, 'utf8').endsWith(`\n${count - 1}\n`), 'the last message');
  const report = await nest.whole.shootDown();
  const handled = readFileSync(file, 'utf8').trim().split('\n').map(Number);
  assert.equal(new Set(handled).size, count, 'none is lost');
  const firsts = [...new Set(handled)];
  assert.deepEqual(
    firsts,
    firsts.toSorted((a, b) => a - b),
    'in order',
  );
  // each time the thread begins again where the last one had been acknowledged
  const back = handled.filter((n, index) => index > 0 && n <= (handled[index - 1] ?? 0));
  assert.equal(back.length, exitAt.length);
  const again = log.lines
    .filter(({ fields }) => fields['event'] === 'redelivered')
    .map(({ fields }) => fields['count']);
  assert.equal(again.length, exitAt.length);
  assert.ok(
    handled.length - count <= again.reduce<number>((sum, one) => sum + Number(one), 0),
    'duplicates are counted',
  );
  assert.deepEqual([report.dropped, report.failures, report.clean], [[], [], true]);
});

test('T2: send is truthful across a thread: what it accepts is handled, and it refuses when the bounded places are taken', async () => {
  const outside = new Outside();
  const file = join(await folder({}), 'go');
  const cf = await satellite(['waits'], { 'waits.json': { file } });
  const nest = await outside.fly({
    blocks: [{ name: 'record' }, { satellite: 'in', folder: cf, place: 'thread' }, { name: 'source' }],
  });
  const to = outside.to('in/waits');
  const accepted: number[] = [];
  for (let n = 0; n < 200; n++) {
    if (to.send({ n })) accepted.push(n);
    await new Promise((resolve) => setImmediate(resolve));
  }
  // three wait here, and as many there as there is room for: three, and the one that is handled
  assert.equal(accepted.length, 3 + 3 + 1);
  const posted = to.post({ n: 'posted' });
  writeFileSync(file, '');
  assert.equal(await posted, true);
  const report = await nest.whole.shootDown();
  assert.deepEqual([outside.got, report.clean], [[...accepted, 'posted'], true]);
});

test('T2: a mailbox that drops its oldest message does so before the thread, and what it dropped is in the report', async () => {
  const outside = new Outside();
  const file = join(await folder({}), 'go');
  const cf = await satellite(['waits'], { 'waits.json': { file, whenFull: 'drop-oldest' } });
  const nest = await outside.fly({
    blocks: [{ name: 'record' }, { satellite: 'in', folder: cf, place: 'thread' }, { name: 'source' }],
  });
  const to = outside.to('in/waits');
  for (let n = 0; n < 200; n++) {
    assert.equal(to.send({ n }), true);
    await new Promise((resolve) => setImmediate(resolve));
  }
  writeFileSync(file, '');
  const report = await nest.whole.shootDown();
  assert.deepEqual(outside.got, [0, 1, 2, 197, 198, 199]);
  assert.deepEqual(report.dropped, [{ block: { name: 'waits', responsibility: 'in/waits' }, count: 194 }]);
});

test('T6: the main thread answers while a block in a thread computes', async () => {
  const outside = new Outside();
  const file = join(await folder({}), 'count');
  const until = join(await folder({}), 'go');
  const cf = await satellite(['obeys'], { 'obeys.json': { file } });
  const told: string[] = [];
  const watched = await Watched.start({
    blocks: [{ name: 'record' }, { satellite: 'in', folder: cf, place: 'thread' }, { name: 'source' }],
    blockFactories: outside.blockFactories,
  });
  await watched.runner;
  const handled = outside
    .to('in/obeys')
    .ask({ n: 'spin', until })
    .then(() => told.push('handled'));
  while (outside.got.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  for (const path of ['/livez', '/status', '/metrics']) {
    assert.equal((await watched.get(path)).status, 200);
    told.push(path);
  }
  assert.deepEqual(Object.keys(await watched.metric('sputnik_satellite_thread_heap_bytes')), ['{satellite="in"}']);
  assert.ok(((await watched.status()).satellites[0]?.thread?.heapBytes ?? 0) > 1e6);
  const late = async (): Promise<number> => (await watched.status()).satellites[0]?.thread?.loopMaxMs ?? 0;
  while ((await late()) < 500) await new Promise((resolve) => setTimeout(resolve, 20));
  writeFileSync(until, '');
  await handled;
  assert.deepEqual(told, ['/livez', '/status', '/metrics', 'handled']);
});

test('T7: lines that blocks in a thread log are in the log, with their addresses and errors', async () => {
  const { nest, log } = await obedient();
  await log.said('odd');
  const line = log.lines.find(({ fields }) => fields['event'] === 'odd');
  assert.deepEqual([line?.level, line?.text], ['warn', 'something odd']);
  assert.match(String(line?.fields['error']), /why/);
  assert.equal((await nest.whole.shootDown()).clean, true);
});

test('T7: of a flood of lines in one turn the rest is left out, and counted', async () => {
  const { outside, nest, log } = await obedient();
  await outside.to('in/obeys').ask({ n: 'log' });
  await log.said('linesLeftOut');
  assert.equal(log.lines.filter(({ fields }) => fields['event'] === 'line').length, 1_000);
  assert.equal(log.lines.find(({ fields }) => fields['event'] === 'linesLeftOut')?.fields['count'], 500);
  assert.equal((await nest.whole.shootDown()).clean, true);
});

test('T8: check says what cannot go into a thread, and what to do', async () => {
  const cf = await satellite(['hears', 'quiet'], { 'hears.json': {} });
  const server = { 'connector.json': { module: './server.mjs', called: 'outer' }, 'server.mjs': SERVER };
  const whole = await folder({
    'blocks.json': [
      { satellite: 'in', folder: cf, place: 'thread' },
      { satellite: 'here', folder: cf, heapMb: 64 },
    ],
    ...server,
  });
  const { problems } = await check({ cf: whole });
  const own = problems.map((problem) => problem.replaceAll(whole, 'FOLDER')).toReversed();
  assert.deepEqual(own.slice(-2), [
    'FOLDER/blocks.json: [1].heapMb: only a thread has its own heap; add "place": "thread", or leave it out',
    'FOLDER/blocks.json: [0].place: "in" cannot fly in a thread: block in/hears uses the server connection of the enclosing satellite, which it cannot use there; give "in" its own connector, or have the block send to a block outside, such as "producer"',
  ]);
  const code = defineBlock({ name: 'code', make: () => ({}) });
  const inCode = await check({
    blocks: [
      {
        satellite: {
          name: 'in',
          blocks: [{ name: 'code' }],
          configs: { code: { done: () => {} } },
          blockFactories: { code },
        },
        place: 'thread',
      },
    ],
  });
  assert.deepEqual(inCode.problems, [
    'configs.blocks: [0].place: "in" cannot fly in a thread: block "code" comes from code, which a thread does not have; name its "module"',
    'configs.blocks: [0].place: "in" cannot fly in a thread: its configs have code.done: a function; give plain values',
  ]);
  assert.ok(existsSync(cf));
});

test('T8: a satellite in code flies in a thread, if it is plain data', async () => {
  const outside = new Outside();
  const cf = await satellite(['note']);
  const nest = await outside.fly({
    blocks: [
      { name: 'record' },
      {
        satellite: { name: 'in', blocks: [{ name: 'note', module: join(cf, 'blocks.mjs') }], configs: {} },
        place: 'thread',
      },
      { name: 'source' },
    ],
  });
  assert.equal(await outside.to('in/note').ask({ text: 'x' }), 'note');
  await until(() => outside.got.length === 1, 'the message');
  assert.equal((await nest.whole.shootDown()).clean, true);
});

test('a thread inside a thread', async () => {
  const outside = new Outside();
  const file = join(await folder({}), 'count');
  const inner = await satellite(['obeys'], { 'obeys.json': { file } });
  const cf = await satellite(['note', { satellite: 'deep', folder: inner, place: 'thread', restart: RESTART }]);
  const nest = await outside.fly({
    blocks: [{ name: 'record' }, { satellite: 'in', folder: cf, place: 'thread' }, { name: 'source' }],
  });
  const to = outside.to('in/deep/obeys');
  assert.equal(await to.ask({ n: 1 }), 1);
  assert.equal(await to.ask({ n: 'exit once' }), 2, 'the next one answers');
  assert.equal(await to.ask({ n: 2 }), 2);
  await until(() => nest.whole.nested()[1]?.restarted === 1, 'the count of restarts');
  assert.deepEqual(outside.got, ['1 1', '2 2']);
  const { clean, failures, dropped, unfinished } = await nest.whole.shootDown();
  assert.deepEqual([failures, dropped, unfinished, clean], [[], [], [], true]);
});
