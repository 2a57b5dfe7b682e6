import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import type { Cli } from './helpers.js';
import { until } from './place-helpers.js';
import { Constellation, firsts, upTo } from './process-helpers.js';

test('three processes: messages and questions go from one through another to the third, in order, each once', async (t) => {
  const count = 2_000;
  const one = await Constellation.of(t, [
    { name: 'middle', block: 'relay' },
    { name: 'first', block: 'source', conf: { file: '', count, how: 'ask', to: 'middle/relay' } },
  ]);
  await writeFile(one.path('progress'), '0');
  await one.write('first/source.json', { file: one.path('progress'), count, how: 'ask', to: 'middle/relay' });
  const runs = ['', 'middle'].map((satellite) => one.run(satellite));
  await Promise.all(runs.map((run) => run.event('partReachable')));
  runs.push(one.run('first'));
  await runs[2]?.event('sourceDone');
  assert.deepEqual(
    one.stored(),
    upTo(count).map((n) => ['middle/relay', n]),
  );
  for (const run of runs.toReversed()) {
    run.child.kill('SIGTERM');
    assert.equal(await run.end(), 0, run.stdout.slice(-3).join('\n'));
  }
});

test('the one that takes is killed again and again: nothing is lost, and all keeps its order', async (t) => {
  const count = 20_000;
  const one = await Constellation.of(t, [{ name: 'first', block: 'source' }]);
  await writeFile(one.path('progress'), '0');
  await one.write('first/source.json', { file: one.path('progress'), count, how: 'post', to: 'store' });
  one.run('');
  const first = one.run('first');
  for (const after of [1_000, 4_000, 8_000, 12_000]) {
    await until(() => one.stored().length >= after, `${after} messages`);
    await one.killAndRun('');
  }
  await first.event('sourceDone');
  await until(() => new Set(one.stored().map(([, n]) => n)).size === count, 'all messages');
  const numbers = one.stored().map(([, n]) => n);
  assert.deepEqual(firsts(numbers), upTo(count));
  first.child.kill('SIGTERM');
  assert.equal(await first.end(), 0);
});

test('of two instances that share the work, one is killed: its senders go to the other, and nothing is lost', async (t) => {
  const count = 20_000;
  const one = await Constellation.of(t, [
    { name: 'middle', block: 'relay' },
    { name: 'first', block: 'source' },
  ]);
  await writeFile(one.path('progress'), '0');
  await one.write('first/source.json', { file: one.path('progress'), count, how: 'post', to: 'middle/relay' });
  const main = one.run('');
  const instances = new Map<unknown, Cli>();
  for (let n = 0; n < 2; n++) {
    const run = one.run('middle');
    instances.set((await run.event('joined'))['instance'], run);
    await run.event('partReachable');
  }
  const first = one.run('first');
  const { instance } = await first.event('partReachable', ({ satellite }) => satellite === 'middle');
  await until(() => one.stored().length > count / 10, 'a tenth');
  instances.get(instance)?.child.kill('SIGKILL');
  await first.event('partUnreachable');
  const next = await first.event(
    'partReachable',
    (line) => line['instance'] !== instance && line['satellite'] === 'middle',
  );
  assert.ok(instances.has(next['instance']));
  await until(() => new Set(one.stored().map(([, n]) => n)).size === count, 'all messages');
  main.child.kill('SIGKILL');
});

test('a sender that is killed loses what it holds at most: the one after it goes on from where it was', async (t) => {
  const count = 10_000;
  const one = await Constellation.of(t, [{ name: 'first', block: 'source' }]);
  await writeFile(one.path('progress'), '0');
  await one.write('first/source.json', { file: one.path('progress'), count, how: 'ask', to: 'store' });
  one.run('');
  one.run('first');
  for (const after of [500, 3_000, 6_000]) {
    await until(() => one.stored().length >= after, `${after} messages`);
    await one.killAndRun('first');
  }
  await until(() => new Set(one.stored().map(([, n]) => n)).size === count, 'all messages');
});

test('one that stands still is gone after a while; what it had not handled it gets once more, and takes once', async (t) => {
  const count = 10_000;
  const one = await Constellation.of(t, [{ name: 'first', block: 'source' }], { heartbeatMs: 500 });
  await writeFile(one.path('progress'), '0');
  await one.write('first/source.json', { file: one.path('progress'), count, how: 'post', to: 'store' });
  const main = one.run('');
  const first = one.run('first');
  await until(() => one.stored().length >= 1_000, 'some messages');
  main.child.kill('SIGSTOP');
  const { reason } = await first.event('partUnreachable');
  assert.match(String(reason), /nothing was heard of it for \d/);
  main.child.kill('SIGCONT');
  await first.event('sourceDone');
  await until(() => one.stored().length >= count, 'all messages');
  // the process lives: it knows what it has taken
  assert.deepEqual(
    one.stored().map(([, n]) => n),
    upTo(count),
  );
});

test('the server that joins them goes away and comes back: nothing is lost, nothing comes twice', async (t) => {
  const count = 20_000;
  const one = await Constellation.of(t, [{ name: 'first', block: 'source' }]);
  await writeFile(one.path('progress'), '0');
  await one.write('first/source.json', { file: one.path('progress'), count, how: 'post', to: 'store' });
  one.run('');
  const first = one.run('first');
  for (const after of [1_000, 8_000]) {
    await until(() => one.stored().length >= after, `${after} messages`);
    await one.nats.stop();
    await one.nats.start();
  }
  await first.event('sourceDone');
  await until(() => one.stored().length >= count, 'all messages');
  assert.deepEqual(
    one.stored().map(([, n]) => n),
    upTo(count),
  );
});

test('one that lands takes no more, handles what it has, and gives back the rest: it ends clean, and nothing is lost', async (t) => {
  const count = 10_000;
  const one = await Constellation.of(t, [{ name: 'first', block: 'source' }]);
  await writeFile(one.path('progress'), '0');
  await one.write('first/source.json', { file: one.path('progress'), count, how: 'post', to: 'store' });
  let main = one.run('');
  const first = one.run('first');
  for (const after of [1_000, 5_000]) {
    await until(() => one.stored().length >= after, `${after} messages`);
    main.child.kill('SIGTERM');
    assert.equal(await main.end(), 0, main.stdout.slice(-3).join('\n'));
    main = one.run('');
  }
  await first.event('sourceDone');
  await until(() => one.stored().length >= count, 'all messages');
  assert.deepEqual(
    one.stored().map(([, n]) => n),
    upTo(count),
  );
});

test('while nobody runs the other part, who asks hears so at once, who posts waits, and send says no when the room is full', async (t) => {
  const one = await Constellation.of(t, [{ name: 'first', block: 'prober' }]);
  const run = one.run('first');
  const { asked, tookMs, sent, refused } = await run.event('probed');
  assert.equal(asked, 'ASK_UNREACHABLE');
  assert.ok(Number(tookMs) < 5_000, `${tookMs} ms`);
  assert.deepEqual([sent, refused], [4096, true]);
  run.child.kill('SIGTERM');
  assert.equal(await run.end(), 1, 'what nobody has taken is lost with it');
  const landed = await run.event('landed');
  assert.deepEqual(landed['dropped'], { store: 4096 });
});
