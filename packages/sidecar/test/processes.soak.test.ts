import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cli } from './helpers.js';
import { Constellation, upTo } from './process-helpers.js';

/** `MESSAGES=1000000` tries more. */
const MESSAGES = Number(process.env['MESSAGES'] ?? 100_000);
const EACH = MESSAGES / 2;
/** Between two blows so many more bytes are stored, of about 18 for each message. */
const BETWEEN = 18 * Math.floor(MESSAGES / 40);
/** A process that stands still for so long, in milliseconds, is given up meanwhile: longer than two heartbeats. */
const FROZEN_MS = 3_000;
/** What a sender holds at most: as many as wait, and as many as are under way. */
const HELD = 4096 + 1024;
/** After so long without a message something is stuck, in milliseconds. */
const STUCK_MS = 60_000;

test('P2, P4, P5, P7: three processes and their server are killed in turn, and frozen in turn, under load of 100,000 messages: lost is at most what a killed sender held', async (t) => {
  const one = await Constellation.of(t, [
    { name: 'asks', block: 'source' },
    { name: 'posts', block: 'source' },
  ]);
  const senders = [
    ['asks', 'ask'],
    ['posts', 'post'],
  ] as const;
  for (const [name, how] of senders) {
    await writeFile(one.path(`${name}.progress`), '0');
    await one.write(`${name}/source.json`, { file: one.path(`${name}.progress`), count: EACH, how, to: 'store' });
  }
  const runs = new Map<string, Cli[]>();
  const run = (name: string): void => void runs.set(name, [...(runs.get(name) ?? []), one.run(name)]);
  const now = (name: string): Cli => runs.get(name)?.at(-1) ?? assert.fail(name);
  const stored = (): number => statSync(one.path('stored')).size;
  const isDone = (): boolean =>
    senders.every(([name]) => now(name).stdout.some((line) => line.includes('"sourceDone"')));
  const kill = async (name: string): Promise<void> => {
    now(name).child.kill('SIGKILL');
    await now(name).end();
    run(name);
  };
  const freeze = async (name: string): Promise<void> => {
    now(name).child.kill('SIGSTOP');
    await sleep(FROZEN_MS);
    now(name).child.kill('SIGCONT');
  };
  const blows: readonly (() => Promise<void>)[] = [
    () => kill(''),
    () => kill('asks'),
    () => kill('posts'),
    () => one.nats.stop().then(() => one.nats.start()),
    () => freeze(''),
    () => freeze('posts'),
  ];
  for (const name of ['', 'asks', 'posts']) run(name);
  let [dealt, last, at] = [0, 0, Date.now()];
  while (!isDone()) {
    await sleep(50);
    if (stored() < last + BETWEEN) {
      const ends = [...runs.keys()].map((name) => `${name}: ${now(name).child.exitCode} ${now(name).stdout.at(-1)}`);
      assert.ok(Date.now() < at + STUCK_MS, `of ${one.stored().length} messages no more come; ${ends.join('; ')}`);
      continue;
    }
    await blows[dealt++ % blows.length]?.();
    [last, at] = [stored(), Date.now()];
  }
  for (const name of ['asks', 'posts', '']) {
    // one that was just made hears no signal yet, and dies of it
    await now(name).event('launched');
    now(name).child.kill('SIGTERM');
    assert.equal(await now(name).end(), 0, now(name).stdout.slice(-3).join('\n'));
  }
  const of = (name: string): readonly number[] =>
    one
      .stored()
      .filter(([from]) => from === `${name}/source`)
      .map(([, n]) => n);
  const [asked, posted] = [of('asks'), of('posts')];
  assert.deepEqual(
    [...new Set(asked)].toSorted((a, b) => a - b),
    upTo(EACH),
    'who waits for the answer loses nothing',
  );
  // the one after a killed sender is another sender: what that had on its way may come among its own
  const bySender = new Map<string, Set<number>>();
  for (const line of readFileSync(one.path('stored'), 'utf8').split('\n').slice(0, -1)) {
    const [from, n, by = ''] = line.split(' ');
    if (from === 'posts/source') bySender.set(by, (bySender.get(by) ?? new Set()).add(Number(n)));
  }
  for (const numbers of bySender.values()) {
    const inOrder = [...numbers].toSorted((a, b) => a - b);
    assert.deepEqual([...numbers], inOrder, 'those of one sender keep their order');
  }
  const firsts = [...new Set(posted)].toSorted((a, b) => a - b);
  // each gap was held by one that was killed, perhaps when it had just sent its last
  const gaps = [...firsts, EACH].flatMap((n, index) =>
    n > (firsts[index - 1] ?? -1) + 1 ? [n - (firsts[index - 1] ?? -1) - 1] : [],
  );
  const kills = (runs.get('posts')?.length ?? 1) - 1;
  assert.ok(gaps.length <= kills && gaps.every((gap) => gap <= HELD), `gaps of ${gaps.join(', ')}, ${kills} kills`);
  const twice = asked.length + posted.length - new Set(asked).size - firsts.length;
  const lost = gaps.reduce((sum, gap) => sum + gap, 0);
  t.diagnostic(
    `${dealt} blows: ${MESSAGES} messages, of those who asked none lost, of those who posted ${lost} in ${kills} kills of their sender; ${twice} handled twice`,
  );
  assert.ok(dealt >= blows.length, 'each blow was dealt');
  assert.equal(readFileSync(one.path('posts.progress'), 'utf8'), String(EACH));
});
