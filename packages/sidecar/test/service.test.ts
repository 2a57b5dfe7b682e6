import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { SputnikEvent } from '@sputnikjs/core';
import { MemoryLog } from '@sputnikjs/testkit';
import { ServiceManager } from '../dist/service/service-manager.js';
import { BLOCKS, CONNECTOR } from './fixtures.js';
import { Cli, folder, StandingClock } from './helpers.js';
import { NotifyReceiver } from './notify-receiver.js';

const { PATH } = process.env;
const block = { name: 'webhook', responsibility: 'hooks' };
const landing: SputnikEvent = { type: 'landing', cause: { kind: 'signal', reason: 'SIGTERM' } };
const failed: SputnikEvent = {
  type: 'failed',
  decision: 'shutdown',
  lost: 0,
  block,
  callback: 'run',
  error: new Error('a bug'),
};

/** What tells a service manager of events that are made up, in a time that stands. */
async function told(t: TestContext, environment: Record<string, string> = {}, manner?: 'hangs') {
  const receiver = await NotifyReceiver.open(t, manner);
  const [standing, log, soon] = [new StandingClock(), new MemoryLog(), new AbortController()];
  const service = new ServiceManager({
    environment: { PATH, NOTIFY_SOCKET: receiver.socket, ...environment },
    clock: standing.clock,
    log,
    flight: () => undefined,
    metrics: () => [],
    landingSoon: soon.signal,
  });
  return { receiver, standing, log, soon, service };
}

/** The process by which a satellite notifies; throws if it has none. */
function helperOf(run: Cli): number {
  return Number(execFileSync('pgrep', ['-P', `${run.child.pid}`, '-x', 'sh'], { encoding: 'utf8' }));
}

/** Resolves when nothing is left that would notify. */
async function gone(receiver: NotifyReceiver): Promise<void> {
  while (receiver.senders.length > 0) await pause(10);
}

test('a service manager hears of the start, the flight, the landing and the end, in order; no process is left', async (t) => {
  const receiver = await NotifyReceiver.open(t);
  const cf = await folder({
    'blocks.json': [{ name: 'listener', module: './blocks.mjs' }],
    'blocks.mjs': BLOCKS,
    'listener.json': { port: 0 },
    'connector.mjs': CONNECTOR,
    'connector.json': { module: './connector.mjs', port: 0, user: 'me' },
  });
  const run = new Cli(['run', '--cf', cf], { NOTIFY_SOCKET: receiver.socket });
  await receiver.said('STATUS', /Server connected/);
  run.child.kill('SIGTERM');
  assert.equal(await run.end(), 0, run.stdout.join('\n'));
  await receiver.said('STATUS', /^Landed/);
  const states = receiver.messages.flatMap(({ READY, STOPPING }) => [READY && 'ready', STOPPING && 'stopping']);
  assert.deepEqual(states.filter(Boolean), ['ready', 'stopping']);
  assert.match(receiver.messages[0]?.['EXTEND_TIMEOUT_USEC'] ?? '', /^30000000$/);
  const [first, ...more] = receiver.values('STATUS');
  assert.equal(first, 'Starting.');
  assert.match(
    more.find((text) => text.includes('connected')) ?? '',
    /^Flying\. Server connected since \S+ \S+\. 0 lost\.$/,
  );
  assert.equal(more.at(-1), 'Landed after SIGTERM, clean. 0 lost.');
  assert.deepEqual(receiver.senders, []);
  assert.deepEqual(run.stderr, []);
});

test('signals for the whole unit end no notification, and the helper of a satellite that is killed ends by itself', async (t) => {
  const receiver = await NotifyReceiver.open(t);
  const cf = await folder({ 'blocks.json': [], 'sputnik.json': { landing: { delayMs: 200 } } });
  const run = new Cli(['run', '--cf', cf], { NOTIFY_SOCKET: receiver.socket });
  await receiver.said('READY');
  const helper = helperOf(run);
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.kill(helper, signal);
  run.child.kill('SIGTERM');
  await receiver.said('STATUS', /^Landed after SIGTERM/);
  assert.equal(await run.end(), 0);
  const other = new Cli(['run', '--cf', cf], { NOTIFY_SOCKET: receiver.socket });
  await other.event('launched');
  other.child.kill('SIGKILL');
  await other.end();
  await gone(receiver);
});

test('a satellite flies and lands without systemd-notify, and says once what to do', async (t) => {
  const receiver = await NotifyReceiver.open(t);
  const bin = mkdtempSync(join(tmpdir(), 'sputnik-bin-'));
  t.after(() => rmSync(bin, { recursive: true }));
  symlinkSync('/bin/sh', join(bin, 'sh'));
  const run = new Cli(['run', '--cf', await folder({ 'blocks.json': [] })], {
    NOTIFY_SOCKET: receiver.socket,
    PATH: bin,
  });
  const { level, msg } = await run.event('notifyFailed');
  assert.deepEqual([level, String(msg).includes('Install it (package systemd)')], ['warn', true]);
  await run.event('launched');
  run.child.kill('SIGTERM');
  assert.equal(await run.end(), 0);
  assert.equal(run.stdout.filter((line) => line.includes('notifyFailed')).length, 1);
  assert.deepEqual(receiver.messages, []);
});

test('without NOTIFY_SOCKET nothing is started for it', async () => {
  const run = new Cli(['run', '--cf', await folder({ 'blocks.json': [] })], { WATCHDOG_USEC: '1000' });
  await run.event('launched');
  assert.throws(() => helperOf(run));
  run.child.kill('SIGTERM');
  assert.equal(await run.end(), 0);
});

test('what goes wrong with a notification is told, and the next is tried', async (t) => {
  const { service, log, standing, receiver } = await told(t, { NOTIFY_SOCKET: '/nowhere' });
  const text = await log.said('notifyFailed');
  assert.match(text, /did not get EXTEND_TIMEOUT_USEC, STATUS: .*No such file or directory/);
  service.take({ type: 'launched' });
  await service.close();
  assert.equal(log.lines.length, 2);
  assert.equal(standing.timers, 0);
  assert.deepEqual(receiver.senders, []);
});

test('a service manager that hangs delays the end for a moment only, and no process is left', async (t) => {
  const { service, standing, receiver, log } = await told(t, {}, 'hangs');
  await receiver.count(1);
  service.take({ type: 'launched' });
  const closed = service.close();
  standing.move(1_999);
  assert.equal(standing.timers > 0, true);
  standing.move(1);
  await closed;
  assert.equal(standing.timers, 0);
  assert.match(await log.said('notifyFailed'), /has ended$/, 'it did not wait for systemd-notify to give up');
  await gone(receiver);
});

test('the watchdog hears of a satellite at half its interval, until a block has failed', async (t) => {
  const env = { WATCHDOG_USEC: '4000000', WATCHDOG_PID: `${process.pid}` };
  const { service, standing, receiver } = await told(t, env);
  await receiver.count(1);
  for (let n = 1; n <= 3; n++) {
    standing.move(1_999);
    standing.move(1);
    await receiver.count(n + 1);
  }
  assert.deepEqual(receiver.values('WATCHDOG'), ['1', '1', '1']);
  service.take(failed);
  standing.move(2_000);
  service.take(landing);
  await receiver.said('STOPPING');
  standing.move(2_000);
  await service.close();
  assert.equal(receiver.values('WATCHDOG').length, 3);
});

test('a watchdog of another process, or none, hears nothing', async (t) => {
  for (const env of [{ WATCHDOG_USEC: '4000000', WATCHDOG_PID: '1' }, { WATCHDOG_USEC: 'soon' }, {}]) {
    const { service, standing, receiver } = await told(t, env);
    for (let n = 0; n < 4; n++) standing.move(2_000);
    service.take({ type: 'launched' });
    await service.close();
    await receiver.said('READY');
    assert.deepEqual(receiver.values('WATCHDOG'), []);
  }
});

test('a start and a landing are given more time as long as they go on, a flight is not', async (t) => {
  const { service, standing, receiver, soon } = await told(t);
  const extensions = async (count: number): Promise<void> => {
    while (receiver.values('EXTEND_TIMEOUT_USEC').length < count) await receiver.count(receiver.messages.length + 1);
  };
  await extensions(1);
  standing.move(10_000);
  await extensions(2);
  service.take({ type: 'launched' });
  await receiver.said('READY');
  standing.move(10_000);
  service.take({ ...failed, decision: 'continue', lost: 1 });
  standing.move(1_000);
  await receiver.said('STATUS', /1 lost/);
  assert.equal(receiver.values('EXTEND_TIMEOUT_USEC').length, 2);
  soon.abort();
  await extensions(3);
  standing.move(10_000);
  await extensions(4);
  service.take(landing);
  await extensions(5);
  standing.move(10_000);
  await service.close();
  assert.equal(receiver.values('EXTEND_TIMEOUT_USEC').length, 6);
});

test('of sentences in a flood the first is said at once, and the last a second later', async (t) => {
  const { service, standing, receiver } = await told(t);
  service.take({ type: 'launched' });
  await receiver.said('READY');
  standing.move(1_000);
  const lose = (): void => service.take({ ...failed, decision: 'continue', lost: 1, callback: 'onMsg' });
  for (let n = 0; n < 1_000; n++) lose();
  await receiver.said('STATUS', /1 lost: 1 failed in hooks\.$/);
  standing.move(999);
  standing.move(1);
  await receiver.said('STATUS', /1,000 lost/);
  await service.close();
  assert.equal(receiver.values('STATUS').length, 4, 'starting, flying, and two of what was lost');
});

test('what others chose is one word of a message, and not obeyed', async (t) => {
  const { service, receiver } = await told(t);
  service.take({ type: 'launched' });
  const text = 'line\nREADY=1\t$(id) * `id` "; \\ \u001B[31m';
  service.take({ type: 'landing', cause: { kind: 'block', reason: text } });
  const { STATUS } = await receiver.said('STOPPING');
  await service.close();
  assert.match(STATUS ?? '', /after line READY=1\\u0009\$\(id\) \* `id` "; \\ \\u001b\[31m\./);
});

test('ready and stopping are two messages, though the second comes before the first is sent', async (t) => {
  const { service, receiver } = await told(t);
  service.take({ type: 'launched' });
  service.take(landing);
  await service.close();
  await receiver.said('STOPPING');
  assert.deepEqual(
    receiver.messages.map(({ READY, STOPPING }) => [READY, STOPPING]),
    [
      [undefined, undefined],
      ['1', undefined],
      [undefined, '1'],
    ],
  );
});
