import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BlockContext, SputnikError } from '@sputnikjs/core';
import { manualClock, MemoryLog, randomFrom, turn } from '@sputnikjs/testkit';
import { Intake } from '../dist/deliver/intake.js';
import { Store } from '../dist/store/store.js';
import { ForgetfulFiles } from './forgetful-files.js';

/** An intake on a disk that can be made to fail. */
async function opened() {
  const disk = { isFull: false };
  const clock = manualClock();
  const full = (): Error => Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
  const files = new ForgetfulFiles(randomFrom(1), { fails: () => (disk.isFull ? full() : undefined) });
  const store = await Store.open(files, {
    maxBytes: 1_048_576,
    maxMessages: Infinity,
    now: () => 0,
    onChange: () => intake?.goOn(),
    onProblem() {},
  });
  const ctx = { clock, log: new MemoryLog() } as unknown as BlockContext;
  const intake = new Intake(store, ctx, 'reject');
  const stored: string[] = [];
  const accept = async (payload: string, whenFull?: 'reject'): Promise<void> => {
    await new Promise<void>((reply, fail) => {
      void intake.accept([{ msg: { target: 't', payload, whenFull }, reply, fail }]);
    });
    stored.push(payload);
  };
  return { disk, clock, store, intake, stored, accept };
}

/** The payloads that it keeps. */
async function takeAll(store: Store): Promise<string[]> {
  const all: string[] = [];
  for (let some = await store.take(10); some.length > 0; some = await store.take(10))
    all.push(...some.map(({ content }) => Buffer.from(content.payload).toString().trim()));
  return all;
}

test('D6: while the disk fails, who cannot wait is told why, and the others wait in turn until it works again', async () => {
  const { disk, clock, store, intake, stored, accept } = await opened();
  await accept('one');
  disk.isFull = true;
  const waiting = [accept('two'), accept('three')];
  await turn();
  const refused = (error: SputnikError): boolean => error.code === 'SERVER_FULL' && /ENOSPC/.test(error.message);
  await assert.rejects(accept('four', 'reject'), refused);
  waiting.push(accept('five'));
  await clock.advance(1_000);
  assert.equal(intake.waiting, 3);
  assert.ok(store.stopped);
  disk.isFull = false;
  await clock.advance(1_999);
  assert.deepEqual(stored, ['one']);
  await clock.advance(1);
  await Promise.all(waiting);
  assert.deepEqual(await takeAll(store), ['one', 'two', 'three', 'five']);
  assert.equal(clock.pending, 0);
});

test('D6: what the disk has refused comes before what waits for room', async () => {
  const { disk, clock, store, accept } = await opened();
  const large = (name: string): Promise<void> => accept(name.padEnd(100_000));
  for (const name of 'abcdefghi') await large(name);
  disk.isFull = true;
  const waiting = [large('first'), large('second')];
  await turn();
  disk.isFull = false;
  for (let n = 0; n < 9; n++) for (const { sequence } of await store.take(1)) store.acknowledge(sequence);
  await turn();
  await clock.advance(1_000);
  await Promise.all(waiting);
  assert.deepEqual(await takeAll(store), ['first', 'second']);
});

test('D7: what waits when a landing ends fails, and says so', async () => {
  const { disk, intake, clock, accept } = await opened();
  disk.isFull = true;
  const waiting = accept('one');
  await turn();
  intake.close();
  await assert.rejects(waiting, { code: 'SERVER_FULL', message: /the satellite landed/ });
  assert.equal(clock.pending, 0);
});
