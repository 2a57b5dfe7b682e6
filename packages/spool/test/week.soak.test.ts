import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filesOf } from '../dist/store/files.js';
import { Store } from '../dist/store/store.js';
import { folder } from './helpers.js';

const COUNT = 2_000_000;
const BURST = 4_096;
const MEGABYTE = 1_048_576;
/** Of the process, while there are two million messages on the disk. */
const MOST_MEMORY = 300 * MEGABYTE;

const open = (path: string): Promise<Store> =>
  Store.open(filesOf(path), {
    maxBytes: 1024 * MEGABYTE,
    maxMessages: Infinity,
    now: () => 0,
    onChange() {},
    onProblem() {},
  });

/** Appends messages that are numbered from here on; resolves when they are stored. */
async function append(store: Store, from: number): Promise<void> {
  const stored = Array.from(
    { length: Math.min(BURST, COUNT - from) },
    (_, n) =>
      new Promise<void>((resolve, reject) => {
        const content = { target: 'syslog', payload: `${from + n}`.padEnd(200) };
        store.append({ content, settle: (error) => (error === undefined ? resolve() : reject(error)) });
      }),
  );
  await Promise.all(stored);
}

test('a week without a server: two million messages are kept, found at once after a start, and drained, in flat memory', async (t) => {
  const path = folder();
  let peak = 0;
  const look = (): void => void (peak = Math.max(peak, process.memoryUsage.rss()));
  const began = performance.now();
  const first = await open(path);
  for (let n = 0; n < COUNT; n += BURST) {
    assert.ok(first.hasRoomFor(BURST * 260), `full after ${n}`);
    await append(first, n);
    look();
  }
  await first.close();
  const stored = performance.now();
  const store = await open(path);
  const opened = performance.now();
  assert.equal(store.kept, COUNT);
  let next = 0;
  for (let some = await store.take(1_024); some.length > 0; some = await store.take(1_024)) {
    for (const { sequence, content } of some) {
      assert.equal(Number(content.payload.toString()), next++);
      store.acknowledge(sequence);
    }
    look();
  }
  await store.close();
  const [storing, opening, draining] = [stored - began, opened - stored, performance.now() - opened];
  t.diagnostic(
    `stored ${Math.round(COUNT / storing)} and drained ${Math.round(COUNT / draining)} messages a ms, ` +
      `opened in ${Math.round(opening)} ms, peak ${Math.round(peak / MEGABYTE)} MiB`,
  );
  assert.deepEqual([next, store.kept, store.lost], [COUNT, 0, 0]);
  assert.ok(peak < MOST_MEMORY, `${peak} bytes`);
});
