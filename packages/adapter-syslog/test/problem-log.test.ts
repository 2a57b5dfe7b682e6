import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeClock, type BlockContext, type Clock } from '@sputnikjs/core';
import { ProblemLog } from '../dist/problem-log.js';
import { Logs } from './support.js';

/** A clock whose time goes on when told. */
function manual(): {
  readonly clock: Clock;
  readonly timers: Map<object, { at: number; callback: () => void }>;
  readonly pass: (ms: number) => void;
} {
  let now = 0;
  const timers = new Map<object, { at: number; callback: () => void }>();
  const clock = makeClock(
    () => now,
    (ms, callback) => {
      const key = {};
      timers.set(key, { at: now + ms, callback });
      return () => timers.delete(key);
    },
  );
  const pass = (ms: number): void => {
    now += ms;
    for (const [key, { at, callback }] of timers) {
      if (at > now) continue;
      timers.delete(key);
      callback();
    }
  };
  return { clock, timers, pass };
}

test('a trouble is told at once, then every 5 s at most, with count and latest particulars; none is left out', () => {
  const { clock, timers, pass } = manual();
  const logs = new Logs();
  const problemLog = new ProblemLog({ clock, log: logs.log } as BlockContext);
  const told = (): unknown[] => logs.lines.splice(0).map(({ event, count, who }) => [event, count, who]);

  problemLog.note('a', 'text', { who: 1 });
  assert.deepEqual(told(), [['a', 1, 1]]);
  problemLog.note('a', 'text', { who: 2 });
  problemLog.note('a', 'text', { who: 3 }, 10);
  problemLog.note('b', 'text', { who: 4 });
  assert.deepEqual(told(), [['b', 1, 4]], 'another trouble is told for itself');
  pass(4_999);
  assert.deepEqual(told(), []);
  pass(1);
  assert.deepEqual(told(), [['a', 11, 3]]);
  problemLog.note('a', 'text', { who: 5 });
  pass(4_999);
  assert.deepEqual(told(), []);
  pass(1);
  assert.deepEqual(told(), [['a', 1, 5]]);
  pass(5_000);
  pass(5_000);
  assert.equal(timers.size, 0, 'while nothing happens there is no timer');
  problemLog.note('a', 'text', { who: 6 });
  problemLog.note('a', 'text', { who: 7 });
  problemLog.close();
  assert.deepEqual(told(), [
    ['a', 1, 6],
    ['a', 1, 7],
  ]);
  assert.equal(timers.size, 0);
});

test('what is summed up is told by sender: each with its own text, and none with the fault of another', () => {
  const { clock, timers, pass } = manual();
  const logs = new Logs();
  const problemLog = new ProblemLog({ clock, log: logs.log } as BlockContext);
  const told = (): unknown[] =>
    logs.lines.splice(0).map(({ text, count, remoteAddress, remotePort }) => [text, count, remoteAddress, remotePort]);
  const note = (text: string, remoteAddress: string, remotePort: number): void =>
    problemLog.note('handshakeFailed', text, { remoteAddress, remotePort });

  note('expired', '192.0.2.1', 1);
  note('garbage', '192.0.2.2', 2);
  assert.deepEqual(told(), [
    ['expired', 1, '192.0.2.1', 1],
    ['garbage', 1, '192.0.2.2', 2],
  ]);
  note('expired', '192.0.2.1', 3);
  note('closed', '192.0.2.1', 4);
  note('garbage', '192.0.2.2', 5);
  pass(5_000);
  assert.deepEqual(told(), [
    ['closed', 2, '192.0.2.1', 4],
    ['garbage', 1, '192.0.2.2', 5],
  ]);
  pass(5_000);
  assert.equal(timers.size, 0);
});

test('a thousand senders with the same trouble do not fill the log: from the 33rd on they are told together', () => {
  const { clock, timers, pass } = manual();
  const logs = new Logs();
  const problemLog = new ProblemLog({ clock, log: logs.log } as BlockContext);
  for (let n = 0; n < 1_000; n++)
    problemLog.note('a', 'text', { remoteAddress: `192.0.2.${n}`, remotePort: n, listener: 'l' });
  assert.equal(logs.lines.length, 33);
  assert.deepEqual(logs.lines.at(-1), {
    level: 'warn',
    event: 'a',
    text: 'text',
    count: 1,
    listener: 'l',
    senders: 'others',
  });
  pass(5_000);
  assert.deepEqual(logs.lines.at(-1)?.['count'], 1_000 - 33);
  problemLog.close();
  assert.equal(timers.size, 0);
});
