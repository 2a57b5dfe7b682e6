import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Cli, folder } from './helpers.js';

/** Two seconds: the least after which a loop counts as stuck. */
const SOON = { timeouts: { landingMs: 1 } };

/** Blocks that go no further, each in its way. */
const LOOPS = `
import { execFileSync } from 'node:child_process';
import { openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineBlock } from '@sputnikjs/core';

const busy = (log) => log.info({ event: 'busy' }, 'busy');

export const spinner = defineBlock({
  name: 'spinner',
  make: (_config, _to, { log }) => ({
    run: (self) => { for (let n = 0; n < 3; n++) self.communicator('spinner').send({ n }); },
    onMsg: function spin() { busy(log); for (;;); },
  }),
});

export const sleeper = defineBlock({
  name: 'sleeper',
  make: (_config, _to, { log }) => ({
    run: () => {
      const pipe = fileURLToPath(new URL('./pipe', import.meta.url));
      execFileSync('mkfifo', [pipe]);
      busy(log);
      openSync(pipe); // waits for a writer
    },
  }),
});

export const latecomer = defineBlock({
  name: 'latecomer',
  make: () => ({ onLanding: function turn() { for (;;); } }),
});

export const idle = defineBlock({ name: 'idle', make: () => ({}) });
`;

const conf = (name: string, sputnik: object = SOON): Promise<string> =>
  folder({ 'blocks.json': [{ name, module: './loops.mjs' }], 'loops.mjs': LOOPS, 'sputnik.json': sputnik });

/** Ends it by a signal, which the watching thread may hear only when it has started: a moment later. */
async function signalled(run: Cli, signal: NodeJS.Signals): Promise<number | string> {
  const again = setInterval(() => run.child.kill(signal), 100);
  try {
    return await run.end();
  } finally {
    clearInterval(again);
  }
}

const last = (run: Cli): Record<string, unknown> => JSON.parse(run.stdout.at(-1) ?? '{}') as Record<string, unknown>;

describe('a loop that does not end', () => {
  test('ends the process after a signal, with exit code 1 and a line that says where it was, for how long, and what was held', async () => {
    const run = new Cli(['run', '--cf', await conf('spinner')]);
    await run.event('busy');
    assert.equal(await signalled(run, 'SIGTERM'), 1, run.stdout.join('\n'));
    const { level, event, held, ms, at, msg } = last(run);
    assert.deepEqual([level, event, held], ['error', 'stuck', 3]);
    assert.ok(Number(ms) >= 2_000, `${String(ms)} ms`);
    assert.match(String(at), /spin .*loops\.mjs:\d+:\d+/);
    assert.match(String(msg), /stuck for \d\.\d s, in .*spin.*; 3 messages were held and are lost$/);
    assert.deepEqual(run.stderr, []);
  });

  test('that begins when the landing does ends it as well', async () => {
    const run = new Cli(['run', '--cf', await conf('latecomer')]);
    await run.event('launched');
    run.child.kill('SIGINT');
    assert.equal(await run.end(), 1, run.stdout.join('\n'));
    const { event, at } = last(run);
    assert.equal(event, 'stuck');
    assert.match(String(at), /turn/);
  });

  test('that waits outside of JavaScript is killed, with a line on stderr', async () => {
    const run = new Cli(['run', '--cf', await conf('sleeper')]);
    await run.event('busy');
    assert.equal(await signalled(run, 'SIGTERM'), 'SIGKILL', run.stdout.join('\n'));
    assert.match(run.stderr.join('\n'), /^sputnik: the event loop has been stuck for \d s in a call that cannot/);
  });
});

test('a landing that takes longer, while the loop goes on, is let be', async () => {
  const run = new Cli(['run', '--cf', await conf('idle', { ...SOON, landing: { delayMs: 3_000 } })]);
  await run.event('launched');
  run.child.kill('SIGTERM');
  assert.equal(await run.end(), 0, run.stdout.join('\n'));
  assert.equal(last(run)['event'], 'landed');
});
