import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { randomFrom, turn } from '@sputnikjs/testkit';
import { filesOf, type Files } from '../dist/store/files.js';
import type { Problem } from '../dist/store/problem.js';
import { Draft } from '../dist/store/draft.js';
import { Encoder } from '../dist/store/encoder.js';
import type { Kept } from '../dist/store/record.js';
import { Store } from '../dist/store/store.js';
import { folder, until } from './helpers.js';
import { ForgetfulFiles, type Call, type Misbehaviour } from './forgetful-files.js';

/** Segments of these have 64 KiB. */
const MAX_BYTES = 1_048_576;
const SEGMENT = '0000000000000001.segment';

interface Opened {
  readonly store: Store;
  readonly problems: Problem[];
}

async function open(files: Files, options: { maxBytes?: number; maxMessages?: number } = {}): Promise<Opened> {
  const problems: Problem[] = [];
  const store = await Store.open(files, {
    maxBytes: MAX_BYTES,
    maxMessages: Infinity,
    ...options,
    now: () => 0,
    onChange() {},
    onProblem: (problem) => void problems.push(problem),
  });
  return { store, problems };
}

/** Resolves when the message is stored; rejects if it is not. */
function append(store: Store, payload: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: unknown): void => (error === undefined ? resolve() : reject(error));
    store.append({ content: { target: 't', payload }, settle });
  });
}

async function takeAll(store: Store): Promise<readonly Kept[]> {
  const all: Kept[] = [];
  for (let some = await store.take(1_000); some.length > 0; some = await store.take(1_000)) all.push(...some);
  return all;
}

const payloads = (kept: readonly Kept[]): string[] =>
  kept.map(({ content }) => Buffer.from(content.payload).toString());
const sound = (misbehaviour: Misbehaviour = {}): ForgetfulFiles => new ForgetfulFiles(randomFrom(1), misbehaviour);
const error = (code: string): Error => Object.assign(new Error(code), { code });
const words = ['one', 'two', 'three', 'four', 'five', 'six'];

test('D2: the name of a segment is on the disk before its first message is answered', async () => {
  for (let seed = 0; seed < 20; seed++) {
    const files = new ForgetfulFiles(randomFrom(seed));
    const { store } = await open(files);
    await append(store, 'one');
    files.end();
    assert.deepEqual(payloads(await takeAll((await open(files.cut())).store)), ['one'], `seed ${seed}`);
  }
});

/** The files of a store with one word a batch. */
async function withWords(files = sound()): Promise<ForgetfulFiles> {
  const { store } = await open(files);
  for (const word of words) await append(store, word);
  await store.close();
  return files.killed();
}

/** Where the record of a word begins. */
const placeOf = (word: string): number =>
  words.slice(0, words.indexOf(word)).reduce((at, before) => at + 44 + 1 + before.length, 40);

for (const [what, offset] of [
  ['a magic', 0],
  ['a CRC', 5],
  ['a length', 9],
  ['a payload', 46],
] as const)
  test(`D5: ${what} that is damaged costs its message and no other; it is counted, said, and the file is kept`, async () => {
    const files = await withWords();
    files.damage(SEGMENT, placeOf('three') + offset);
    const { store, problems } = await open(files);
    assert.equal(store.kept, 6);
    const all = await takeAll(store);
    assert.deepEqual(
      payloads(all),
      words.filter((word) => word !== 'three'),
    );
    assert.deepEqual([store.lost, store.kept], [1, 5]);
    assert.deepEqual(
      problems.map(({ event, lost }) => [event, lost]),
      [['spoolDamaged', 1]],
    );
    await append(store, 'seven');
    for (const { sequence } of all) store.acknowledge(sequence);
    await store.close();
    const { store: next } = await open(files.killed());
    assert.deepEqual(payloads(await takeAll(next)), ['seven']);
    await next.close();
    assert.deepEqual(
      (await files.names()).filter((name) => name.startsWith(SEGMENT)),
      [`${SEGMENT}.damaged`],
    );
  });

test('D5: the end of a batch that was torn is cut, and nothing is said to be lost', async () => {
  const files = await withWords();
  files.damage(SEGMENT, placeOf('six') + 46);
  const { store, problems } = await open(files);
  assert.deepEqual(payloads(await takeAll(store)), words.slice(0, -1));
  assert.deepEqual(
    problems.map(({ event }) => event),
    ['spoolTorn'],
  );
  await append(store, 'again');
  store.rewind();
  assert.deepEqual(payloads(await takeAll(store)), [...words.slice(0, -1), 'again']);
  assert.equal(store.lost, 0);
});

test('D5: a segment whose beginning is damaged is set aside, counted, and the others are read', async () => {
  const files = sound();
  const { store } = await open(files);
  const texts = Array.from({ length: 8 }, (_, n) => `${n}`.repeat(30_000));
  for (const text of texts) await append(store, text);
  await store.close();
  const next = files.killed();
  next.damage('0000000000000004.segment', 20);
  const { store: again, problems } = await open(next);
  assert.deepEqual(
    payloads(await takeAll(again)),
    texts.filter((_, n) => n < 3 || n > 5),
  );
  assert.deepEqual([again.lost, problems.map(({ lost }) => lost)], [3, [3]]);
  assert.ok((await next.names()).includes('0000000000000004.segment.damaged'));
});

test('D5: where the last segment is set aside, the end of the one before it was no torn end, and is counted', async () => {
  const files = sound();
  const { store } = await open(files);
  const texts = Array.from({ length: 4 }, (_, n) => `${n}`.repeat(30_000));
  for (const text of texts) await append(store, text);
  await store.close();
  const next = files.killed();
  next.damage('0000000000000004.segment', 20);
  next.damage(SEGMENT, 40 + 2 * 30_045 + 50);
  const { store: again } = await open(next);
  assert.deepEqual(payloads(await takeAll(again)), texts.slice(0, 2));
  assert.equal(again.lost, 1);
});

test('D5: a record in a payload is no record, though all before it is damaged', async () => {
  const draft = new Draft(new Encoder(), 100);
  draft.add({ content: { target: 'evil', payload: 'x' }, settle() {} });
  const forged = draft.sealed({ first: 3, time: 0, seed: 0 });
  const files = sound();
  const { store } = await open(files);
  for (const payload of ['one', forged.toString('latin1'), 'three']) await append(store, payload);
  await store.close();
  const next = files.killed();
  next.damage(SEGMENT, placeOf('two'));
  const { store: again } = await open(next);
  assert.deepEqual(payloads(await takeAll(again)), ['one', 'three']);
});

for (const call of ['write', 'sync'] as const)
  test(`D6: when a ${call} fails, its segment is given up, and the messages are written into a new one`, async () => {
    let isBad = false;
    const fails = (what: Call): Error | undefined => {
      if (!isBad || what !== call) return undefined;
      isBad = false;
      return error('EIO');
    };
    const files = sound({ fails });
    const { store, problems } = await open(files);
    await append(store, 'one');
    isBad = true;
    await Promise.all([append(store, 'two'), append(store, 'three')]);
    assert.deepEqual(
      problems.map(({ event }) => event),
      ['spoolSegmentGivenUp'],
    );
    files.end();
    const { store: again } = await open(files.cut());
    assert.deepEqual(payloads(await takeAll(again)), ['one', 'two', 'three']);
    assert.equal(again.lost, 0);
  });

test('D6: when that fails, too, senders are told, and nothing is taken until somebody tries again; draining goes on', async () => {
  let isFull = false;
  const files = sound({ fails: (what) => (isFull && what === 'write' ? error('ENOSPC') : undefined) });
  const { store } = await open(files);
  await append(store, 'one');
  isFull = true;
  const results = await Promise.allSettled(['two', 'three'].map((text) => append(store, text)));
  assert.deepEqual(
    results.map(({ status }) => status),
    ['rejected', 'rejected'],
  );
  assert.match(String(store.stopped?.cause), /ENOSPC/);
  await assert.rejects(append(store, 'four'), /ENOSPC/);
  const [kept] = await takeAll(store);
  store.acknowledge(kept?.sequence ?? 0);
  assert.equal(store.kept, 0);
  isFull = false;
  store.resume();
  await append(store, 'five');
  assert.deepEqual(payloads(await takeAll(store)), ['five']);
});

test('D6: what was refused is not found at the next start, though it was written', async () => {
  let isBad = false;
  const files = sound({
    fails: (what) => (isBad && (what === 'sync' || what === 'create') ? error('EIO') : undefined),
  });
  const { store } = await open(files);
  await append(store, 'one');
  isBad = true;
  await assert.rejects(append(store, 'two'), /EIO/);
  const { store: again } = await open(files.killed());
  assert.deepEqual(payloads(await takeAll(again)), ['one']);
});

test('D6: where the disk is full of what is acknowledged, that is removed, and makes room', async () => {
  const isFull = async (): Promise<boolean> => (await files.names()).some((name) => name.endsWith('.segment'));
  let fails = false;
  const files = sound({ fails: (what) => (fails && what === 'write' ? error('ENOSPC') : undefined) });
  const { store } = await open(files);
  await append(store, 'one');
  for (const { sequence } of await takeAll(store)) store.acknowledge(sequence);
  fails = true;
  await assert.rejects(append(store, 'two'), /ENOSPC/);
  for (let turns = 0; turns < 100 && (await isFull()); turns++) await turn();
  assert.equal(await isFull(), false);
  fails = false;
  store.resume();
  await append(store, 'three');
  assert.deepEqual(payloads(await takeAll(store)), ['three']);
});

test('D1: what is stored after somebody has removed the file that is written goes to a new one; what only that file had is counted as lost', async () => {
  const path = folder();
  const { store, problems } = await open(filesOf(path));
  await append(store, 'one');
  rmSync(join(path, SEGMENT));
  await append(store, 'two');
  await append(store, 'three');
  assert.deepEqual(
    problems.map(({ event, file }) => [event, file]),
    [['spoolSegmentGivenUp', SEGMENT]],
  );
  assert.deepEqual(payloads(await takeAll((await open(filesOf(path))).store)), ['two', 'three'], 'after a crash');
  const taken = await takeAll(store);
  assert.deepEqual([payloads(taken), store.lost, problems.at(-1)?.['lost']], [['two', 'three'], 1, 1]);
  for (const { sequence } of taken) store.acknowledge(sequence);
  await store.close();
  assert.deepEqual([store.kept, problems.length], [0, 2]);
  assert.deepEqual(readdirSync(path), ['cursor']);
});

test('D6: if the folder is removed, senders get the error; messages that may come back do not count as lost', async () => {
  const path = join(folder(), 'spool');
  mkdirSync(path);
  const { store, problems } = await open(filesOf(path));
  await append(store, 'one');
  const away = `${path}.away`;
  renameSync(path, away);
  rmSync(join(away, SEGMENT));
  await assert.rejects(append(store, 'two'), { code: 'ENOENT' });
  await assert.rejects(takeAll(store), { code: 'ENOENT' });
  assert.deepEqual([store.lost, store.kept, problems.at(-1)?.event], [0, 1, 'spoolStopped']);
  assert.equal(existsSync(path), false);
});

test('D7: files have no more than maxBytes, and segments are removed when all of them is acknowledged', async () => {
  const files = sound();
  const { store } = await open(files, { maxBytes: MAX_BYTES });
  const text = 'x'.repeat(10_000);
  let count = 0;
  for (; store.hasRoomFor(10_100); count++) await append(store, text);
  assert.ok(store.bytes <= MAX_BYTES && store.bytes > MAX_BYTES - 20_000, `${store.bytes}`);
  const all = await takeAll(store);
  assert.equal(all.length, count);
  for (const { sequence } of all) store.acknowledge(sequence);
  await until(() => store.bytes < 70_000);
  await store.close();
  assert.ok((await files.names()).length < 4);
});

test('D7: there is room for maxMessages messages', async () => {
  const { store } = await open(sound(), { maxMessages: 2 });
  await append(store, 'one');
  void append(store, 'two');
  assert.equal(store.hasRoomFor(1), false);
  const [first] = await takeAll(store);
  store.acknowledge(first?.sequence ?? 0);
  assert.equal(store.hasRoomFor(1), true);
});

test('D7: the oldest segment can be dropped, also while it is written, and says how many messages it had', async () => {
  const { store } = await open(sound());
  for (const word of words) await append(store, word);
  const [first] = await store.take(1);
  store.acknowledge(first?.sequence ?? 0);
  assert.equal(await store.dropOldest(), 5);
  assert.deepEqual([store.kept, store.bytes], [0, 0]);
  await append(store, 'seven');
  assert.deepEqual(payloads(await takeAll(store)), ['seven']);
});

test('D4: a store whose cursor is lost sends again, and loses nothing; one of another store counts for nothing', async () => {
  const files = await withWords();
  const { store } = await open(files);
  for (const { sequence } of await store.take(3)) store.acknowledge(sequence);
  await store.close();
  const { store: knows } = await open(files.killed());
  assert.deepEqual(payloads(await takeAll(knows)), words.slice(3));
  const other = await withWords(new ForgetfulFiles(randomFrom(2)));
  const cursor = await files.read('cursor', 0);
  const foreign = await other.create('cursor', 0);
  await foreign.write(cursor);
  const { store: all } = await open(other);
  assert.deepEqual(payloads(await takeAll(all)), words);
});

test('D4: what is acknowledged is gone from the disk in its order, though it cannot be noted', async () => {
  const fails = (_call: Call, name: string): Error | undefined => (name === 'cursor.new' ? error('EIO') : undefined);
  for (let seed = 0; seed < 100; seed++) {
    const files = new ForgetfulFiles(randomFrom(seed), { fails, diesAt: 67 + (seed % 10) });
    const life = async (): Promise<void> => {
      const { store } = await open(files);
      for (let n = 0; n < 18; n++) await append(store, `${n % 10}`.repeat(30_000));
      for (const { sequence } of await takeAll(store)) store.acknowledge(sequence);
    };
    await Promise.race([life(), files.dead]);
    await files.dead;
    const { store, problems } = await open(files.cut());
    await takeAll(store);
    assert.deepEqual([store.lost, problems], [0, []], `seed ${seed}`);
  }
});

test('D8: what is acknowledged after the end changes no file: another may have the folder by then', async () => {
  const files = sound();
  const first = await open(files);
  await append(first.store, 'one');
  await first.store.close();
  const { store } = await open(files);
  const [kept] = await takeAll(store);
  await store.close();
  const before = await files.names();
  store.acknowledge(kept?.sequence ?? 0);
  for (let turns = 0; turns < 20; turns++) await turn();
  assert.deepEqual(await files.names(), before);
});

test('D9: a segment of a newer version is left as it is, and the error says what to do', async () => {
  const files = await withWords();
  files.damage(SEGMENT, 9);
  await assert.rejects(open(files), /written by a newer version .* Start that version again/);
  assert.ok((await files.names()).includes(SEGMENT));
});
