import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { SputnikError, type BlockStatus, type LandingReport, type SputnikEvent } from '@sputnikjs/core';
import { errorFields } from '../dist/error-fields.js';
import { LogOutput } from '../dist/log-output.js';
import { EventLog } from '../dist/logs.js';
import { RateLimiter } from '../dist/rate-limit.js';
import { record, type LogRecord } from '../dist/record.js';
import { StandingClock } from './helpers.js';

const block = { name: 'webhook', responsibility: 'hooks' };
const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1883'), { code: 'ECONNREFUSED' });
const report: LandingReport = {
  cause: { kind: 'signal', block: { name: 'finisher', responsibility: 'finisher' }, reason: 'SIGTERM' },
  clean: false,
  tookMs: 12.4,
  unfinished: [{ block, callback: 'finish' }],
  failures: [{ block, callback: 'onMsg', error: refused, count: 3 }],
  dropped: [{ block, count: 7 }],
};

test('every event is one record, whose event field is its type', () => {
  const events: SputnikEvent[] = [
    { type: 'initializing', block },
    { type: 'initialized', block },
    { type: 'launching' },
    { type: 'launched' },
    { type: 'connecting', attempt: 1 },
    { type: 'connected', attempt: 1 },
    { type: 'connectFailed', attempt: 1, error: refused, retryInMs: 99.6 },
    { type: 'connectOverdue', attempt: 1 },
    { type: 'disconnected', reason: refused },
    { type: 'failed', decision: 'continue', block, callback: 'onMsg', error: refused },
    { type: 'dropped', block, count: 5 },
    { type: 'landing', cause: report.cause },
    { type: 'waiting', for: report.unfinished },
    { type: 'finishing', block },
    { type: 'finished', block },
    { type: 'landed', report },
  ];
  for (const event of events) {
    const { fields, text, level } = record(event);
    assert.equal(fields.event, event.type);
    assert.ok(text.length > 0 && !text.includes('\n') && !text.includes('undefined'), text);
    assert.match(level, /^(info|warn|error)$/);
  }
});

test('errors are recorded with code, text and causes; only the unexpected have their stack', () => {
  const error = new SputnikError('ASK_FAILED', 'asked', { cause: new TypeError('oops') });
  const { code, error: parts } = errorFields(error);
  assert.equal(code, 'ASK_FAILED');
  const [outer, inner] = parts as { code?: string; message: string; stack?: string }[];
  assert.deepEqual([outer?.code, outer?.message, outer?.stack], ['ASK_FAILED', 'asked', undefined]);
  assert.deepEqual([inner?.code, inner?.message], [undefined, 'oops']);
  assert.match(inner?.stack ?? '', /TypeError: oops\n/);
  assert.equal(record({ type: 'connectFailed', attempt: 1, error: refused }).fields['code'], 'ECONNREFUSED');
});

test('no record shows the password of a URL', () => {
  const error = new Error('cannot reach mqtt://me:hunter2@host', { cause: 'amqp://me:hunter2@host' });
  for (const event of [
    { type: 'connectFailed', attempt: 1, error },
    { type: 'disconnected', reason: error },
    { type: 'failed', decision: 'shutdown', block, callback: 'run', error },
    { type: 'landing', cause: { kind: 'failure', block, reason: error } },
    { type: 'landed', report: { ...report, failures: [{ block, callback: 'run', error, count: 1 }] } },
  ] as SputnikEvent[]) {
    assert.ok(!JSON.stringify(record(event)).includes('hunter2'), event.type);
  }
});

test('the landing report tells the cause, what was left behind, and what went through each block', () => {
  const counts = { accepted: 10, rejected: 1, handled: 8, failed: 1, dropped: 1 };
  const status: BlockStatus = { ...block, state: 'finished', depth: 0, ...counts };
  const idle: BlockStatus = { ...status, responsibility: 'idle', accepted: 0, rejected: 0 };
  const { level, fields, text } = record({ type: 'landed', report }, [status, idle]);
  assert.equal(level, 'error');
  assert.deepEqual(fields['blocks'], { hooks: counts });
  assert.deepEqual(fields['unfinished'], ['hooks.finish']);
  assert.deepEqual(fields['dropped'], { hooks: 7 });
  assert.equal(fields['tookMs'], 12);
  assert.match(
    text,
    /^landed after SIGTERM in 12 ms, not clean: hooks\.onMsg failed 3 times: connect ECONN.*; hooks\.finish did not end; hooks \(webhook\) dropped 7 messages$/,
  );
  assert.equal(record({ type: 'landed', report: { ...report, clean: true } }).level, 'info');
});

function line(n: number, limitBy?: string): LogRecord {
  return { level: 'warn', fields: { event: 'e', n }, text: 't', limitBy };
}

test('records that repeat each other are written once in 5 s, and those held back are counted', () => {
  const standing = new StandingClock();
  const written: object[] = [];
  const limiter = new RateLimiter(standing.clock, ({ fields }) => written.push(fields));
  for (let n = 1; n <= 4; n++) limiter.take(line(n, 'a'));
  limiter.take(line(5, 'b'));
  limiter.take(line(6));
  assert.deepEqual(written.splice(0), [
    { event: 'e', n: 1 },
    { event: 'e', n: 5 },
    { event: 'e', n: 6 },
  ]);
  standing.move(4_999);
  assert.deepEqual(written, []);
  standing.move(1);
  assert.deepEqual(written.splice(0), [{ event: 'e', n: 4, suppressed: 3 }]);
  limiter.take(line(7, 'a'));
  limiter.take(line(8, 'b'));
  assert.deepEqual(written.splice(0), [{ event: 'e', n: 8 }], 'a is still held back, b is not');
  limiter.flush();
  assert.deepEqual(written.splice(0), [{ event: 'e', n: 7, suppressed: 1 }]);
  assert.equal(standing.timers, 0);
});

test('after a quiet time nothing is remembered and no timer is left', () => {
  const standing = new StandingClock();
  let written = 0;
  const limiter = new RateLimiter(standing.clock, () => written++);
  limiter.take(line(1, 'a'));
  standing.move(5_000);
  assert.deepEqual([written, standing.timers], [1, 0]);
});

test('what was held back is written before the landing report', () => {
  const events: unknown[] = [];
  const take = (fields: object): void => void events.push((fields as { event: string }).event);
  const log = new EventLog({ debug: take, info: take, warn: take, error: take }, new StandingClock().clock);
  const failed: SputnikEvent = { type: 'failed', decision: 'continue', block, callback: 'onMsg', error: refused };
  log.take(failed, () => undefined);
  log.take(failed, () => undefined);
  log.take({ type: 'landed', report }, () => undefined);
  log.close();
  assert.deepEqual(events, ['failed', 'failed', 'landed']);
});

test('what was held back of the attempts to connect is written, and counted, before the line that ends them', () => {
  const lines: string[] = [];
  const take = (fields: object): void => {
    const { event, attempt = '', suppressed } = fields as { event: string; attempt?: number; suppressed?: number };
    lines.push(`${event} ${attempt}${suppressed === undefined ? '' : `, suppressed ${suppressed}`}`.trim());
  };
  const standing = new StandingClock();
  const log = new EventLog({ debug: take, info: take, warn: take, error: take }, standing.clock);
  const tell = (event: SputnikEvent): void => log.take(event, () => undefined);
  /** So many attempts, all of which fail but the last, whose end is not told. */
  const attempts = (count: number): void => {
    for (let attempt = 1; attempt <= count; attempt++) {
      tell({ type: 'connecting', attempt });
      if (attempt < count) tell({ type: 'connectFailed', attempt, error: refused });
    }
  };
  const held = ['connecting 1', 'connectFailed 1', 'connectFailed 3, suppressed 2', 'connecting 4, suppressed 3'];
  const cases: [SputnikEvent, string][] = [
    [{ type: 'connected', attempt: 4 }, 'connected 4'],
    [{ type: 'disconnected', reason: refused }, 'disconnected'],
    [{ type: 'landing', cause: report.cause }, 'landing'],
  ];
  for (const [event, line] of cases) {
    attempts(4);
    tell(event);
    assert.deepEqual(lines.splice(0), [...held, line], event.type);
    standing.move(60_000);
    assert.deepEqual(lines, [], 'nothing afterwards');
  }
  assert.equal(standing.timers, 0);
});

test('log lines that cannot be written harm nobody, and are counted in front of the next one', () => {
  const path = mkdtempSync(join(tmpdir(), 'sputnik-log-'));
  try {
    const file = join(path, 'log');
    const fd = openSync(file, 'w');
    const output = new LogOutput(fd);
    output.write('one\n');
    closeSync(fd);
    output.write('two\n');
    output.write('three\n');
    assert.equal(openSync(file, 'a'), fd, 'the number of the descriptor is free again');
    output.write('four\n');
    closeSync(fd);
    const [one, lost, four] = readFileSync(file, 'utf8').trim().split('\n');
    assert.deepEqual([one, four], ['one', 'four']);
    const { event, count } = JSON.parse(lost ?? '') as Record<string, unknown>;
    assert.deepEqual([event, count], ['logLinesLost', 2]);
  } finally {
    rmSync(path, { recursive: true });
  }
});
