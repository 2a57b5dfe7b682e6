import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { Socket as ReadSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import {
  SputnikError,
  type Logger,
  type BlockStatus,
  type FlightStatus,
  type LandingReport,
  type SputnikEvent,
} from '@sputnikjs/core';
import { errorFields } from '../dist/log/error-fields.js';
import { limitedLog } from '../dist/log/limited-log.js';
import { LogOutput } from '../dist/log/log-output.js';
import { EventLog } from '../dist/log/logs.js';
import { messageFor } from '../dist/log/pretty.js';
import { RateLimiter } from '../dist/log/rate-limit.js';
import { record } from '../dist/log/record.js';
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

/** What docs/events.md says of an event: its levels and its fields. */
function rowOf(event: string): { readonly levels: readonly string[]; readonly fields: readonly string[] } {
  const text = readFileSync(new URL('../../../docs/events.md', import.meta.url), 'utf8');
  const line =
    text.split('\n').find((row) => row.startsWith(`| \`${event}\` `)) ?? assert.fail(`${event} is not listed`);
  const [, , levels = '', fields = ''] = line.split('|');
  return { levels: levels.trim().split(', '), fields: [...fields.matchAll(/`(\w+)`/g)].map(([, name]) => name ?? '') };
}

test('every event is one record, whose event field is its type, and is listed with its level and fields', () => {
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
    { type: 'failed', decision: 'continue', lost: 1, block, callback: 'onMsg', error: refused },
    { type: 'dropped', block, count: 5 },
    { type: 'landing', cause: report.cause },
    { type: 'waiting', for: report.unfinished, circle: [] },
    { type: 'finishing', block },
    { type: 'finished', block },
    { type: 'landed', report },
  ];
  for (const event of events) {
    const { fields, text, level } = record(event);
    assert.equal(fields.event, event.type);
    const row = rowOf(event.type);
    assert.ok(row.levels.includes(level), `${event.type} is ${level}`);
    const common = ['event', 'block', 'error', 'code'];
    assert.deepEqual(
      Object.keys(fields).filter((name) => !common.includes(name) && !row.fields.includes(name)),
      [],
      event.type,
    );
    assert.ok(text.length > 0 && !text.includes('\n') && !text.includes('undefined'), text);
    assert.match(level, /^(info|warn|error)$/);
  }
});

test('errors are recorded with code, text and causes; only the unexpected have their stack', () => {
  const error = new SputnikError('ASK_FAILED', 'asked', { cause: new TypeError('oops') });
  const { code, error: parts } = errorFields(error, 'bugs');
  assert.equal(code, 'ASK_FAILED');
  const [outer, inner] = parts as { code?: string; message: string; stack?: string }[];
  assert.deepEqual([outer?.code, outer?.message, outer?.stack], ['ASK_FAILED', 'asked', undefined]);
  assert.deepEqual([inner?.code, inner?.message], [undefined, 'oops']);
  assert.match(inner?.stack ?? '', /TypeError: oops\n/);
  assert.equal(record({ type: 'connectFailed', attempt: 1, error: refused }).fields['code'], 'ECONNREFUSED');
});

test('every error that is logged has a code: its own, else that of the line, else one that says that it has none', () => {
  assert.equal(errorFields(new Error('x', { cause: refused }), 'bugs').code, 'ECONNREFUSED');
  assert.equal(errorFields('text alone', 'bugs').code, 'NO_CODE');
  const codes: unknown[] = [];
  const take: Logger['warn'] = (fields) => codes.push((fields as { readonly code?: unknown }).code);
  const standing = new StandingClock();
  const log = limitedLog({ debug() {}, info() {}, warn: take, error: take }, new RateLimiter(standing.clock));
  log.warn({ event: 'one', code: 'ASK_FAILED', error: new Error('x') }, 'x');
  log.warn({ event: 'two', code: 'ASK_FAILED', error: refused }, 'x');
  log.error({ event: 'three', error: new Error('x') }, 'x');
  log.warn({ event: 'four' }, 'x');
  assert.deepEqual(codes, ['ASK_FAILED', 'ECONNREFUSED', 'NO_CODE', undefined]);
});

test('an outage is one line each: what happened, once, and what comes next; stacks are for debugging', () => {
  const standing = new StandingClock();
  const lines: string[] = [];
  const log = (level: string) => (fields: object, text?: string) => {
    if (level !== 'debug') assert.ok(!JSON.stringify(fields).includes('    at '), 'a stack');
    else assert.equal((fields as { event: string }).event, 'stackTrace');
    if (level !== 'debug') lines.push(text ?? '');
  };
  const blocks = [
    { ...block, state: 'running', depth: 3, capacity: 8, accepted: 10, handled: 4, failed: 1, dropped: 1, rejected: 0 },
  ];
  const around = { status: () => ({ blocks }) as unknown as FlightStatus, url: () => 'mqtt://h:1' };
  const loggers = { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') };
  const events = new EventLog(loggers, new RateLimiter(standing.clock), standing.clock, around);
  const lost = new SputnikError(
    'CONNECTION_LOST',
    'the connection to mqtt://h:1 is lost: the server closed the connection',
    {
      cause: new Error('the server closed the connection'),
    },
  );
  const away = new Error('cannot connect to mqtt://h:1: connect ECONNREFUSED 127.0.0.1:1883; is the server running?', {
    cause: refused,
  });
  events.take({ type: 'connecting', attempt: 1 });
  events.take({ type: 'connected', attempt: 1 });
  events.take({ type: 'disconnected', reason: lost });
  standing.move(300);
  events.take({ type: 'connectFailed', attempt: 2, error: away, retryInMs: 87.4 });
  standing.move(2_000);
  events.take({ type: 'connected', attempt: 3 });
  assert.deepEqual(lines, [
    'connecting to the server, attempt 1',
    'connected to mqtt://h:1',
    'the connection to mqtt://h:1 is lost: the server closed the connection',
    'cannot connect to mqtt://h:1: connect ECONNREFUSED 127.0.0.1:1883; is the server running? (next attempt in 0.1 s)',
    'connected to mqtt://h:1 after 2.3 s without it; 4 messages held',
  ]);
});

test('no record shows the password of a URL', () => {
  const error = new Error('cannot reach mqtt://me:hunter2@host', { cause: 'amqp://me:hunter2@host' });
  for (const event of [
    { type: 'connectFailed', attempt: 1, error },
    { type: 'disconnected', reason: error },
    { type: 'failed', decision: 'shutdown', lost: 0, block, callback: 'run', error },
    { type: 'landing', cause: { kind: 'failure', block, reason: error } },
    { type: 'landed', report: { ...report, failures: [{ block, callback: 'run', error, count: 1 }] } },
  ] as SputnikEvent[]) {
    assert.ok(!JSON.stringify(record(event)).includes('hunter2'), event.type);
  }
});

test('the landing report tells the cause, what was left behind, and what went through each block', () => {
  const counts = { accepted: 10, rejected: 1, handled: 8, failed: 1, dropped: 1 };
  const status: BlockStatus = { ...block, state: 'finished', depth: 0, capacity: 8, ...counts };
  const idle: BlockStatus = { ...status, responsibility: 'idle', accepted: 0, rejected: 0 };
  const { level, fields, text } = record({ type: 'landed', report }, { blocks: [status, idle] });
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

test('lines that repeat each other are written once in 5 s, and those held back are counted', () => {
  const standing = new StandingClock();
  const written: (readonly [number, number?])[] = [];
  const limiter = new RateLimiter(standing.clock);
  const take = (n: number, key: string): void =>
    limiter.take(key, (suppressed) => written.push(suppressed === undefined ? [n] : [n, suppressed]));
  for (let n = 1; n <= 4; n++) take(n, 'a');
  take(5, 'b');
  assert.deepEqual(written.splice(0), [[1], [5]]);
  standing.move(4_999);
  assert.deepEqual(written, []);
  standing.move(1);
  assert.deepEqual(written.splice(0), [[4, 3]]);
  take(7, 'a');
  take(8, 'b');
  assert.deepEqual(written.splice(0), [[8]], 'a is still held back, b is not');
  limiter.flush();
  assert.deepEqual(written.splice(0), [[7, 1]]);
  assert.equal(standing.timers, 0);
});

test('messages that are dropped one by one are a line in 5 s, and the lines have the sum', () => {
  const standing = new StandingClock();
  const counts: unknown[] = [];
  const silent = { debug() {}, info() {}, error() {} };
  const log: Logger = { ...silent, warn: (fields) => counts.push((fields as { readonly count: number }).count) };
  const around = { status: () => undefined, url: () => undefined };
  const events = new EventLog(log, new RateLimiter(standing.clock), standing.clock, around);
  for (let n = 0; n < 50_000; n++) events.take({ type: 'dropped', block, count: 1 });
  assert.deepEqual(counts, [1]);
  standing.move(5_000);
  assert.deepEqual(counts, [1, 49_999]);
  events.take({ type: 'dropped', block, count: 7 });
  events.take({ type: 'landing', cause: report.cause });
  assert.deepEqual(counts, [1, 49_999, 7]);
});

test('after a quiet time nothing is remembered and no timer is left', () => {
  const standing = new StandingClock();
  let written = 0;
  const limiter = new RateLimiter(standing.clock);
  limiter.take('a', () => written++);
  standing.move(5_000);
  assert.deepEqual([written, standing.timers], [1, 0]);
});

/** The events that are logged, in order, on a clock that a test moves. */
function eventLog(standing: StandingClock, write: (fields: object, text?: string) => void): EventLog {
  const log = { debug: write, info: write, warn: write, error: write };
  const around = { status: () => undefined, url: () => undefined };
  return new EventLog(log, new RateLimiter(standing.clock), standing.clock, around);
}

test('what was held back is written before the landing report', () => {
  const events: unknown[] = [];
  const take = (fields: object): void => void events.push((fields as { event: string }).event);
  const log = eventLog(new StandingClock(), take);
  const failed: SputnikEvent = {
    type: 'failed',
    decision: 'continue',
    lost: 1,
    block,
    callback: 'onMsg',
    error: refused,
  };
  log.take(failed);
  log.take(failed);
  log.take({ type: 'landed', report });
  assert.deepEqual(events, ['failed', 'failed', 'landed']);
});

test('what was held back of the attempts to connect is written, and counted, before the line that ends them', () => {
  const lines: string[] = [];
  const take = (fields: object): void => {
    const { event, attempt = '', suppressed } = fields as { event: string; attempt?: number; suppressed?: number };
    if (event === 'stackTrace') return;
    lines.push(`${event} ${attempt}${suppressed === undefined ? '' : `, suppressed ${suppressed}`}`.trim());
  };
  const standing = new StandingClock();
  const log = eventLog(standing, take);
  const tell = (event: SputnikEvent): void => log.take(event);
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

test('a reader that takes nothing holds nobody up: what does not fit is left out, and counted when it reads again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sputnik-log-'));
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const reading = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
  const writing = openSync(pipe, constants.O_WRONLY);
  try {
    const output = new LogOutput(writing);
    const line = `${'x'.repeat(999)}\n`;
    for (let n = 0; n < 5_000; n++) output.write(line);
    const socket = new ReadSocket({ fd: reading });
    const lines: string[] = [];
    for await (const text of createInterface(socket)) {
      lines.push(text);
      if (lines.length === 500) output.write('the last\n');
      if (text === 'the last') break;
    }
    socket.destroy();
    const counts = lines
      .filter((text) => text.includes('logLinesLost'))
      .map((text) => (JSON.parse(text) as { count: number }).count);
    const whole = lines.filter((text) => text === line.trim());
    assert.ok(counts.length > 0, 'the pipe has room for all');
    assert.equal(whole.length + counts.reduce((sum, count) => sum + count, 0), 5_000);
    assert.equal(lines.length, whole.length + counts.length + 1, 'a line is broken');
  } finally {
    closeSync(writing);
    rmSync(folder, { recursive: true });
  }
});

test('a line for people has the event, the text, and the fields that the text leaves out; stacks follow', () => {
  const plain = (fields: object): string => stripVTControlCharacters(messageFor({ ...fields }));
  assert.equal(plain({ event: 'connected', msg: 'connected to x', url: 'x', attempt: 1 }), 'connected to x');
  assert.equal(
    plain({ event: 'connectFailed', msg: 'cannot connect', attempt: 7, suppressed: 6, error: [{ message: 'no' }] }),
    'connectFailed: cannot connect suppressed=6',
  );
  assert.equal(
    plain({ event: 'mine', block: 'b', msg: 'hello', n: 1, of: { a: 1 }, big: 'x'.repeat(99) }),
    'mine: hello n=1 of={"a":1}',
  );
  assert.equal(plain({ msg: 'text alone' }), 'text alone');
  assert.equal(
    plain({ event: 'failed', msg: 'failed', error: [{ stack: 'TypeError: x\n    at y' }] }),
    'failed\nTypeError: x\n    at y',
  );
});

test('warnings that blocks repeat are written once in 5 s, by block, event and code; what has a count passes', () => {
  const standing = new StandingClock();
  const written: unknown[] = [];
  const write = (level: string) => (fields: object, text?: string) => {
    const { event, block, count, suppressed, error } = fields as Record<string, unknown>;
    const [part] = (error ?? []) as { message: string; stack?: string }[];
    if (level !== 'debug') written.push([level, block, event, text, count ?? suppressed, part?.message]);
    assert.equal(part?.stack, undefined);
  };
  const logger = (block?: string): Logger => {
    const bound = (level: string) => (fields: object, text?: string) => write(level)({ block, ...fields }, text);
    return {
      debug: bound('debug'),
      info: bound('info'),
      warn: bound('warn'),
      error: bound('error'),
      child: (bindings) => logger((bindings as { block: string }).block),
    };
  };
  const limiter = new RateLimiter(standing.clock);
  const log = limitedLog(logger(), limiter);
  const [http, syslog] = ['http', 'syslog'].map((block) => log.child?.({ block }) ?? log);
  for (let n = 1; n <= 3_200; n++) http?.warn({ event: 'refused', error: new Error(`no ${n}`) }, 'refused');
  syslog?.warn({ event: 'refused' }, 'refused');
  http?.warn({ event: 'refused', error: refused }, 'refused');
  for (let n = 1; n <= 2; n++) syslog?.warn({ event: 'dropped', count: n }, 'dropped');
  http?.info({ event: 'refused' }, 'fine');
  assert.deepEqual(written.splice(0), [
    ['warn', 'http', 'refused', 'refused', undefined, 'no 1'],
    ['warn', 'syslog', 'refused', 'refused', undefined, undefined],
    ['warn', 'http', 'refused', 'refused', undefined, refused.message],
    ['warn', 'syslog', 'dropped', 'dropped', 1, undefined],
    ['warn', 'syslog', 'dropped', 'dropped', 2, undefined],
    ['info', 'http', 'refused', 'fine', undefined, undefined],
  ]);
  standing.move(5_000);
  assert.deepEqual(written, [['warn', 'http', 'refused', 'refused', 3_199, 'no 3200']]);
});
