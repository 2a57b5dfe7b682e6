/** Ways out of a process, and what outages brought out, in the field: `repo#issue` names a report of the same fault elsewhere. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { setTimeout as realTime } from 'node:timers/promises';
import { Cli, CLI, folder } from './helpers.js';

/** A block that accepts a hundred messages, each of which takes a while, and then does what its configuration says. */
const MODULE = `
import { EventEmitter } from 'node:events';
import { defineBlock } from '@sputnikjs/core';
import { z } from 'zod';

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const hostile = () => new Proxy(new Error('never seen'), {
  get() { throw new Error('no member of it can be read'); },
  getPrototypeOf() { throw new Error('nor its kind'); },
});
const endless = () => {
  let error = new Error('the first of many');
  for (let n = 0; n < 100_000; n++) error = new Error('cause ' + n, { cause: error });
  return error;
};
const unspeakable = () => Object.defineProperty(new Error('x'), 'message', { get() { throw new Error('no'); } });
const trouble = {
  rejection: () => void Promise.reject(new Error('nobody handles it')),
  timer: () => void setTimeout(() => { throw new Error('in a timer'); }),
  event: () => void setTimeout(() => new EventEmitter().emit('error', new Error('nobody hears it'))),
  proxy: () => void setTimeout(() => { throw hostile(); }),
  nothing: () => void setTimeout(() => { throw undefined; }),
  exit: () => process.exit(0),
  exitThree: () => process.exit(3),
  unspeakable: () => { throw unspeakable(); },
  endless: () => { throw endless(); },
  runProxy: () => { throw hostile(); },
  aggregate: () => { throw new AggregateError(Array.from({ length: 1000 }, (_, n) => new Error('part ' + n)), 'many'); },
  none: () => {},
};

export const store = defineBlock({
  name: 'store',
  make: () => ({ mailbox: { concurrency: 10 }, onMsg: () => pause(20) }),
});

export const troubled = defineBlock({
  name: 'troubled',
  config: z.strictObject({ by: z.enum(Object.keys(trouble)) }),
  needs: { store: 'store' },
  make: ({ by }, { store }, { log }) => ({
    run() {
      for (let n = 0; n < 100; n++) store.send({ n });
      log.info({ event: 'accepted' }, 'accepted');
      return trouble[by]();
    },
  }),
});
`;

async function fly(by: string, more: Readonly<Record<string, unknown>> = {}): Promise<Cli> {
  const cf = await folder({
    'blocks.json': [
      { name: 'store', module: './module.mjs' },
      { name: 'troubled', module: './module.mjs' },
    ],
    'module.mjs': MODULE,
    'troubled.json': { by },
    ...more,
  });
  return new Cli(['run', '--cf', cf]);
}

function handledBy(landed: Record<string, unknown>): unknown {
  return (landed['blocks'] as Record<string, { handled: number }>)['store']?.handled;
}

for (const [by, says] of [
  ['rejection', /nobody handles it/],
  ['timer', /in a timer/],
  ['event', /nobody hears it/],
  ['proxy', /an error that cannot be shown/],
  ['nothing', /undefined/],
] as const)
  test(`an error that nobody catches (${by}) lands the satellite: all is delivered, the error is named, and the exit code is 1`, async () => {
    const run = await fly(by);
    const uncaught = await run.event('uncaught');
    assert.match(String(uncaught['msg']), says);
    const landed = await run.event('landed');
    assert.deepEqual([landed['clean'], handledBy(landed)], [false, 100]);
    assert.equal(await run.end(), 1);
  });

for (const [by, says] of [
  ['unspeakable', /an error that cannot be shown/],
  ['endless', /cause 99999: cause 99998.*…/],
  ['runProxy', /an error that cannot be shown/],
  ['aggregate', /many: part 0/],
] as const)
  test(`an error that can hardly be shown (${by}) lands the satellite as any other, and its line has an end`, async () => {
    const run = await fly(by);
    const failed = await run.event('failed');
    assert.match(String(failed['msg']), says);
    const landed = await run.event('landed');
    assert.deepEqual([landed['clean'], handledBy(landed)], [false, 100]);
    assert.equal(await run.end(), 1);
    assert.ok(Math.max(...run.stdout.map((line) => line.length)) < 200_000);
  });

for (const [by, code] of [
  ['exit', 1],
  ['exitThree', 3],
] as const)
  test(`a process.exit in a block (${by}) is told with what was held, and is not exit code 0 (hexclave/hexclave#1780)`, async () => {
    const run = await fly(by);
    assert.equal(await run.end(), code);
    const last = JSON.parse(run.stdout.at(-1) ?? '') as Record<string, unknown>;
    assert.deepEqual([last['event'], last['level'], last['held']], ['exitWithoutLanding', 'error', 100]);
  });

test('without a terminal a SIGHUP reloads, with a line that says so; the satellite goes on', async () => {
  const run = await fly('none');
  await run.event('accepted');
  run.child.kill('SIGHUP');
  const reloaded = await run.event('reloaded');
  assert.match(String(reloaded['msg']), /^reloaded: \d+ keys unchanged$/);
  run.child.kill('SIGTERM');
  const landed = await run.event('landed');
  assert.deepEqual([landed['clean'], landed['reason'], handledBy(landed)], [true, 'SIGTERM', 100]);
  assert.equal(await run.end(), 0);
});

test(
  'when its terminal closes the satellite lands in good order (nodejs/node#51519)',
  { skip: process.platform !== 'linux' },
  async () => {
    const cf = await folder({
      'blocks.json': [
        { name: 'store', module: './module.mjs' },
        { name: 'troubled', module: './module.mjs' },
      ],
      'module.mjs': MODULE,
      'troubled.json': { by: 'none' },
    });
    // stdout is a file: it can be read when the terminal is gone
    const command = `${process.execPath} ${CLI} run --cf ${cf} >${cf}/log 2>&1`;
    const child = spawn('script', ['-qfec', command, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] });
    const log = (): Promise<string> => readFile(`${cf}/log`, 'utf8').catch(() => '');
    while (!(await log()).includes('"accepted"')) await realTime(20);
    const closed = once(child, 'close');
    child.kill('SIGKILL');
    await closed;
    while (!(await log()).includes('"landed"')) await realTime(20);
    const landed = JSON.parse((await log()).trim().split('\n').at(-1) ?? '') as Record<string, unknown>;
    assert.deepEqual([landed['reason'], landed['clean'], handledBy(landed)], ['SIGHUP', true, 100]);
    // Node aborts when it finds the terminal gone that it wants to reset
    await realTime(200);
    assert.ok(!(await log()).includes('Assertion'), await log());
  },
);

test('a signal while the connector starts is not lost: what was started is stopped, and nothing is launched', async () => {
  const run = await fly('none', {
    'connector.json': { module: './connector.mjs' },
    'connector.mjs': `
import { defineConnector } from '@sputnikjs/messaging';
import { z } from 'zod';
export const connector = defineConnector({
  name: 'slow',
  config: z.strictObject({}),
  make: () => ({
    async start(log) {
      log.info({ event: 'starting' }, 'starting');
      await new Promise((resolve) => setTimeout(resolve, 300));
    },
    connect: () => ({}),
    isConnected: () => true,
    disconnect() { console.log(JSON.stringify({ event: 'stopped' })); },
  }),
});
`,
  });
  await run.event('starting');
  run.child.kill('SIGINT');
  assert.equal(await run.end(), 0);
  const events = run.stdout.map((line) => (JSON.parse(line) as { event: string }).event);
  assert.ok(events.includes('stopped') && !events.includes('launched'), events.join());
});

test('a landing that is announced goes on for a while, tells the blocks, and then begins', async () => {
  const cf = await folder({
    'blocks.json': [{ name: 'polite', module: './polite.mjs' }],
    'sputnik.json': { landing: { delayMs: 500 } },
    'polite.mjs': `
import { defineBlock } from '@sputnikjs/core';
export const polite = defineBlock({
  name: 'polite',
  make: (_config, _to, { landingSoon, landing, log }) => ({
    run() {
      landingSoon.addEventListener('abort', () => log.info({ event: 'soon', landing: landing.aborted }, 'soon'));
      landing.addEventListener('abort', () => log.info({ event: 'now', soon: landingSoon.aborted }, 'now'));
    },
  }),
});`,
  });
  const run = new Cli(['run', '--cf', cf]);
  await run.event('launched');
  run.child.kill('SIGTERM');
  assert.equal((await run.event('soon'))['landing'], false);
  assert.equal((await run.event('landingSoon'))['delayMs'], 500);
  assert.equal((await run.event('now'))['soon'], true);
  assert.equal(await run.end(), 0);
  const time = (event: string): number =>
    Date.parse(
      String(
        (
          run.stdout
            .map((line) => JSON.parse(line) as { event: string; time: string })
            .find((line) => line.event === event) ?? {}
        ).time,
      ),
    );
  assert.ok(time('landing') - time('landingSoon') >= 499);
});

test('a second Ctrl-C ends the process at once, also while the landing is only announced', async () => {
  const run = await fly('none', { 'sputnik.json': { landing: { delayMs: 600_000 } } });
  await run.event('accepted');
  run.child.kill('SIGINT');
  await run.event('landingSoon');
  const again = setInterval(() => run.child.kill('SIGINT'), 100);
  assert.equal(await run.end(), 'SIGINT');
  clearInterval(again);
});

/** A satellite whose log is long, and which writes to stderr who it is when its messages are handled. */
async function chatty(): Promise<string> {
  return await folder({
    'blocks.json': [
      { name: 'sink', module: './chatty.mjs' },
      { name: 'chatty', module: './chatty.mjs' },
    ],
    'sputnik.json': { timeouts: { landingMs: 5_000 } },
    'chatty.mjs': `
import { writeFileSync } from 'node:fs';
import { defineBlock } from '@sputnikjs/core';
let handled = 0;
export const sink = defineBlock({
  name: 'sink',
  make: () => ({ onMsg() { handled++; }, finish: () => writeFileSync(new URL('./handled', import.meta.url), String(handled)) }),
});
export const chatty = defineBlock({
  name: 'chatty',
  needs: { sink: 'sink' },
  make: (_config, { sink }, { clock, landing, log }) => ({
    async run() {
      for (let n = 0; n < 20_000; n++) {
        log.info({ event: 'chat', n }, 'x'.repeat(500));
        await sink.post({ n });
      }
      process.stderr.write(process.pid + '\\n');
    },
  }),
});`,
  });
}

test('when nobody reads the log messages go on, and a SIGTERM ends the process in time (guard/guard-process#3)', async () => {
  const cf = await chatty();
  const child = spawn(process.execPath, [CLI, 'run', '--cf', cf], { stdio: ['ignore', 'pipe', 'pipe'] });
  const closed = once(child, 'exit');
  // nobody reads child.stdout
  await once(child.stderr, 'data');
  child.kill('SIGTERM');
  const [code] = (await closed) as [number | null];
  assert.equal(code, 0);
  assert.equal(await readFile(`${cf}/handled`, 'utf8'), '20000');
  const lines = (await text(child.stdout)).trim().split('\n');
  assert.ok(lines.length < 20_000);
  for (const line of lines.slice(0, -1)) JSON.parse(line);
});

for (const [where, command] of [
  ['a pipe', 'NODE CLI run --cf FOLDER | sleep 600'],
  ['a terminal', 'script -qfec "NODE CLI run --cf FOLDER 2>FOLDER/who" /dev/null | sleep 600'],
] as const)
  test(`so it is where the log goes to ${where} of the shell`, { skip: process.platform !== 'linux' }, async (t) => {
    const cf = await chatty();
    const line = command.replace('NODE', process.execPath).replace('CLI', CLI).replaceAll('FOLDER', cf);
    const shell = spawn('sh', ['-c', line], { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
    t.after(() => process.kill(-Number(shell.pid), 'SIGKILL'));
    const who = where === 'a pipe' ? text(shell.stderr) : undefined;
    let pid = Number.NaN;
    if (who) shell.stderr.on('data', (data: Buffer) => (pid = Number(data)));
    while (!(pid > 0)) {
      await realTime(20);
      if (!who) pid = Number(await readFile(`${cf}/who`, 'utf8').catch(() => ''));
    }
    process.kill(pid, 'SIGTERM');
    const handled = (): Promise<string> => readFile(`${cf}/handled`, 'utf8').catch(() => '');
    while ((await handled()) === '') await realTime(20);
    assert.equal(await handled(), '20000');
  });
