import assert from 'node:assert/strict';
import { test } from 'node:test';
import { beatOf, PulseReader } from '../dist/thread/pulse.js';

const BEAT_MS = beatOf(800);

/** A reader, what it reads, and the time, which goes on by a beat with each look. */
function pulse(): { readonly beats: Int32Array; readonly look: (ms?: number) => number | undefined } {
  const beats = new Int32Array(new SharedArrayBuffer(4));
  let now = 0;
  const reader = new PulseReader(beats, BEAT_MS, now);
  return { beats, look: (ms = BEAT_MS) => reader.read((now += ms)) };
}

test('a thread that goes on is let be, however long it has taken to begin', () => {
  const { beats, look } = pulse();
  for (let i = 0; i < 50; i++) assert.equal(look(), undefined, 'it has not begun');
  for (let i = 0; i < 50; i++) {
    Atomics.add(beats, 0, 1);
    for (let still = 0; still < 7; still++) assert.equal(look(), undefined);
  }
});

test('a thread that stands still for as long as it may is stuck', () => {
  const { beats, look } = pulse();
  beats[0] = 1;
  const found = Array.from({ length: 9 }, () => look());
  assert.deepEqual(found, [...Array.from({ length: 8 }, () => undefined), 800]);
});

test('a process that was stopped for a minute has no thread that is stuck', () => {
  const { beats, look } = pulse();
  beats[0] = 1;
  look();
  assert.equal(look(60_000), undefined);
  Atomics.add(beats, 0, 1);
  assert.equal(look(), undefined);
});
