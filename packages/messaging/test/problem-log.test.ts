import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProblemLog } from '@sputnikjs/messaging/net';
import { manualClock, MemoryLog, type MemoryLogLine } from '@sputnikjs/testkit';

test('a problem is told at once, then every 5 s at most, with count and latest particulars; none is left out', async () => {
  const [clock, log] = [manualClock(), new MemoryLog()];
  const problemLog = new ProblemLog({ clock, log });
  const told = (): unknown[] => log.lines.splice(0).map(({ fields: { event, count, who } }) => [event, count, who]);

  problemLog.note('a', 'text', { who: 1 });
  assert.deepEqual(told(), [['a', 1, 1]]);
  problemLog.note('a', 'text', { who: 2 });
  problemLog.note('a', 'text', { who: 3 }, 10);
  problemLog.note('b', 'text', { who: 4 });
  assert.deepEqual(told(), [['b', 1, 4]], 'another problem is told for itself');
  await clock.advance(4_999);
  assert.deepEqual(told(), []);
  await clock.advance(1);
  assert.deepEqual(told(), [['a', 11, 3]]);
  problemLog.note('a', 'text', { who: 5 });
  await clock.advance(4_999);
  assert.deepEqual(told(), []);
  await clock.advance(1);
  assert.deepEqual(told(), [['a', 1, 5]]);
  await clock.advance(5_000);
  await clock.advance(5_000);
  assert.equal(clock.pending, 0, 'while nothing happens there is no timer');
  problemLog.note('a', 'text', { who: 6 });
  problemLog.note('a', 'text', { who: 7 });
  problemLog.close();
  assert.deepEqual(told(), [
    ['a', 1, 6],
    ['a', 1, 7],
  ]);
  assert.equal(clock.pending, 0);
});

test('what is summed up is told by sender: each with its own text, and none with the fault of another', async () => {
  const [clock, log] = [manualClock(), new MemoryLog()];
  const problemLog = new ProblemLog({ clock, log });
  const told = (): unknown[] =>
    log.lines
      .splice(0)
      .map(({ text, fields: { count, remoteAddress, remotePort } }) => [text, count, remoteAddress, remotePort]);
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
  await clock.advance(5_000);
  assert.deepEqual(told(), [
    ['closed', 2, '192.0.2.1', 4],
    ['garbage', 1, '192.0.2.2', 5],
  ]);
  await clock.advance(5_000);
  assert.equal(clock.pending, 0);
});

test('a thousand senders with the same problem do not fill the log: from the 33rd on they are told together', async () => {
  const [clock, log] = [manualClock(), new MemoryLog()];
  const problemLog = new ProblemLog({ clock, log });
  for (let n = 0; n < 1_000; n++)
    problemLog.note('a', 'text', { remoteAddress: `192.0.2.${n}`, remotePort: n, listener: 'l' });
  assert.equal(log.lines.length, 33);
  const { level, text, fields } = log.lines.at(-1) as MemoryLogLine;
  assert.deepEqual(
    { level, text, ...fields },
    { level: 'warn', event: 'a', text: 'text', count: 1, listener: 'l', senders: 'others' },
  );
  await clock.advance(5_000);
  assert.deepEqual(log.lines.at(-1)?.fields['count'], 1_000 - 33);
  problemLog.close();
  assert.equal(clock.pending, 0);
});
