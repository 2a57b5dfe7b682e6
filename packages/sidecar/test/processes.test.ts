import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { check } from '@sputnikjs/sidecar';
import { freePort } from '@sputnikjs/testkit/servers';
import { FORMAT } from '../dist/process/format.js';
import { VERSION } from '../dist/own-files.js';
import { folder, type Cli } from './helpers.js';
import { until } from './place-helpers.js';
import { Constellation, firsts, upTo } from './process-helpers.js';

const QUIET = `
import { defineBlock } from '@sputnikjs/core';
export const quiet = defineBlock({ name: 'quiet', make: () => ({}) });
`;

test('P1: three processes: messages and questions go from one through another to the third, in order, each once', async (t) => {
  const count = 2_000;
  const one = await Constellation.sending(t, { count, how: 'ask', to: 'middle/relay' }, [
    { name: 'middle', block: 'relay' },
  ]);
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

test('P2: the one that takes is killed again and again: nothing is lost, and all keeps its order', async (t) => {
  const count = 20_000;
  const one = await Constellation.sending(t, { count, how: 'post', to: 'store' });
  one.run('');
  const first = one.run('first');
  for (const after of [1_000, 4_000, 8_000, 12_000]) {
    await until(() => one.stored().length >= after, `${after} messages`);
    await one.killAndRun('');
  }
  await first.event('sourceDone');
  await until(() => new Set(one.numbers()).size === count, 'all messages');
  const numbers = one.numbers();
  assert.deepEqual(firsts(numbers), upTo(count));
  first.child.kill('SIGTERM');
  assert.equal(await first.end(), 0);
});

test('P2: of two instances that share the work, one is killed: its senders go to the other, and nothing is lost', async (t) => {
  const count = 20_000;
  const one = await Constellation.sending(t, { count, how: 'post', to: 'middle/relay' }, [
    { name: 'middle', block: 'relay' },
  ]);
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
  await until(() => new Set(one.numbers()).size === count, 'all messages');
  main.child.kill('SIGKILL');
});

test('P7: a sender that is killed loses what it holds at most: the one after it goes on from where it was', async (t) => {
  const count = 10_000;
  const one = await Constellation.sending(t, { count, how: 'ask', to: 'store' });
  one.run('');
  one.run('first');
  for (const after of [500, 3_000, 6_000]) {
    await until(() => one.stored().length >= after, `${after} messages`);
    await one.killAndRun('first');
  }
  await until(() => new Set(one.numbers()).size === count, 'all messages');
});

test('P4, P5: one that stands still is gone after a while; what it had not handled it gets once more, and takes once', async (t) => {
  const count = 10_000;
  const one = await Constellation.sending(t, { count, how: 'post', to: 'store' }, [], { heartbeatMs: 500 });
  const main = one.run('');
  const first = one.run('first');
  await until(() => one.stored().length >= 1_000, 'some messages');
  main.child.kill('SIGSTOP');
  const { reason } = await first.event('partUnreachable');
  assert.match(String(reason), /it has sent nothing for \d/);
  main.child.kill('SIGCONT');
  await first.event('sourceDone');
  await until(() => one.stored().length >= count, 'all messages');
  // the process lives: it knows what it has taken
  assert.deepEqual(one.numbers(), upTo(count));
});

test('P5: the server that joins them goes away and comes back: nothing is lost, nothing comes twice', async (t) => {
  const count = 20_000;
  const one = await Constellation.sending(t, { count, how: 'post', to: 'store' });
  one.run('');
  const first = one.run('first');
  for (const after of [1_000, 8_000]) {
    await until(() => one.stored().length >= after, `${after} messages`);
    await one.nats.stop();
    await one.nats.start();
  }
  await first.event('sourceDone');
  await until(() => one.stored().length >= count, 'all messages');
  assert.deepEqual(one.numbers(), upTo(count));
});

test('P6: one that lands takes no more, handles what it has, and gives back the rest: it ends clean, and nothing is lost', async (t) => {
  const count = 10_000;
  const one = await Constellation.sending(t, { count, how: 'post', to: 'store' });
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
  assert.deepEqual(one.numbers(), upTo(count));
});

test('P3: while nobody runs the other part, who asks hears so at once, who posts waits, and send says no when the room is full', async (t) => {
  const one = await Constellation.of(t, [{ name: 'first', block: 'prober' }]);
  const run = one.run('first');
  const { asked, tookMs, sent, refused } = await run.event('probed');
  assert.equal(asked, 'ASK_UNREACHABLE');
  assert.ok(Number(tookMs) < 5_000, `${Number(tookMs)} ms`);
  assert.deepEqual([sent, refused], [4096, true]);
  run.child.kill('SIGTERM');
  assert.equal(await run.end(), 1, 'what nobody has taken is lost with it');
  const landed = await run.event('landed');
  assert.deepEqual(landed['dropped'], { store: 4096 });
});

test('P9: processes of different formats say so, both, wherever one looks; what was sent waits for one of the same format, whatever its version', async (t) => {
  const count = 2_000;
  const one = await Constellation.sending(t, { count, how: 'post', to: 'store' });
  const ports = [await freePort(), await freePort()] as const;
  const timeouts = { heartbeatMs: 1_000 };
  await one.write('sputnik.json', { name: 'demo', timeouts, admin: { port: ports[0] } });
  await one.write('first/sputnik.json', { timeouts, admin: { port: ports[1] } });
  const old = one.run('', await one.as('9.0.0', '9.9'));
  const first = one.run('first');
  const both = [
    [old, ports[0], 'first', '9.0.0', '9.9'],
    [first, ports[1], '', VERSION, FORMAT],
  ] as const;
  for (const [run, port, satellite, version, format] of both) {
    const said = await run.event('partIncompatible');
    const theirs = both.find(([other]) => other !== run);
    assert.deepEqual([said['satellite'], said['own'], said['format']], [satellite, format, theirs?.[4]]);
    assert.match(String(said['msg']), /they do not understand each other, and messages wait; run the same version/);
    const get = async (path: string): Promise<string> => (await fetch(`http://127.0.0.1:${port}${path}`)).text();
    const ready = await get('/readyz?verbose');
    assert.ok(ready.includes(version) && ready.includes(String(theirs?.[3])), ready);
    assert.equal((await fetch(`http://127.0.0.1:${port}/readyz`)).status, 503);
    const { satellites } = JSON.parse(await get('/status')) as { satellites: { state: string; problem?: string }[] };
    assert.ok(satellites.some(({ state, problem }) => state === 'incompatible' && problem?.includes(format)));
    assert.match(await get('/metrics'), new RegExp(`incompatible_instances\\{[^}]*satellite="${satellite}"[^}]*\\} 1`));
  }
  assert.deepEqual(one.stored(), []);
  old.child.kill('SIGKILL');
  await old.end();
  one.run('', await one.as('9.0.1'));
  await first.event('sourceDone');
  await until(() => one.stored().length === count, 'all messages');
  assert.deepEqual(one.numbers(), upTo(count));
});

test('P8: check says what cannot run in a process of its own, and what to do', async () => {
  const cf = await folder({
    'blocks.json': [
      { name: 'quiet', module: './quiet.mjs' },
      { satellite: 'one', folder: 'one', place: 'process', restart: { most: 1, withinMs: 1_000 } },
      { satellite: 'two', folder: 'two', place: 'thread' },
    ],
    'quiet.mjs': QUIET,
  });
  await mkdir(join(cf, 'one'));
  await writeFile(join(cf, 'one', 'blocks.json'), '[]');
  await mkdir(join(cf, 'two', 'three'), { recursive: true });
  await writeFile(join(cf, 'two', 'blocks.json'), JSON.stringify([{ satellite: 'three', place: 'process' }]));
  await writeFile(join(cf, 'two', 'three', 'blocks.json'), '[]');
  const { problems } = await check({ cf });
  const join_ =
    'nothing joins it to the others; add join.json beside the outermost blocks.json, with { "module": "@sputnikjs/connector-nats", "url": "nats://…" }';
  assert.deepEqual(
    problems.toSorted(),
    [
      `${join(cf, 'blocks.json')}: [1].place: "one" cannot fly in a process of its own: ${join_}`,
      `${join(cf, 'blocks.json')}: [1].restart: a process is restarted by what starts it, systemd or Kubernetes for example; leave it out`,
      `${join(cf, 'two', 'blocks.json')}: [0].place: "three" cannot fly in a process of its own: an enclosing satellite is in a thread; list it outside that`,
      `${join(cf, 'two', 'blocks.json')}: [0].place: "three" cannot fly in a process of its own: ${join_}`,
    ].toSorted(),
  );
  await writeFile(
    join(cf, 'join.json'),
    JSON.stringify({ module: '@sputnikjs/connector-nats', url: 'nats://h', jetstrem: true }),
  );
  const again = await check({ cf });
  assert.ok(
    again.problems.some((line) => /join\.json: jetstrem: unknown key/.test(line)),
    again.problems.join('\n'),
  );
});

test('P1: a name that has no process of its own is a problem, which says which have one', async () => {
  const cf = await folder({
    'blocks.json': [{ satellite: 'one', place: 'process' }, { satellite: 'two' }],
    'join.json': { module: '@sputnikjs/connector-nats', url: 'nats://127.0.0.1:1' },
  });
  for (const name of ['one', 'two']) {
    await mkdir(join(cf, name));
    await writeFile(join(cf, name, 'blocks.json'), '[]');
  }
  for (const satellite of ['two', 'on']) {
    const { problems } = await check({ cf, satellite });
    assert.deepEqual(problems, [
      `satellite "${satellite}" has no process of its own: the satellites with one are "one"; give it "place": "process" in blocks.json, or correct the name`,
    ]);
  }
  assert.deepEqual((await check({ cf, satellite: 'one' })).problems, []);
});
