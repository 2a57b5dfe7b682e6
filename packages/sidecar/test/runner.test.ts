import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defineBlock, SputnikError, type ServerConnector, type SputnikEvent } from '@sputnikjs/core';
import {
  defineConnector,
  producerBlock,
  type MessagingConnection,
  type StartableConnector,
} from '@sputnikjs/messaging';
import { start, startRunner, type RunnerOptions } from '@sputnikjs/sidecar';
import { z } from 'zod';
import { BLOCKS, CONNECTOR } from './fixtures.js';
import { folder } from './helpers.js';

/** A server connector that notes what is done with it. */
function noting(seen: string[], more: Partial<StartableConnector> = {}): StartableConnector {
  const note = (what: string) => () => void seen.push(what);
  return {
    start: note('start'),
    connect: note('connect'),
    isConnected: () => true,
    disconnect: note('disconnect'),
    ...more,
  };
}

const idle = defineBlock({ name: 'idle', make: () => ({}) });
const broken = defineBlock({ name: 'broken', make: () => ({ init: () => Promise.reject(new Error('no luck')) }) });

test('a runner flies a satellite that is configured in code, and stop lands it', async () => {
  const seen: unknown[] = [];
  const greeter = defineBlock({
    name: 'greeter',
    config: z.strictObject({ greeting: z.string() }),
    make: ({ greeting }) => ({ run: () => void seen.push(greeting), finish: () => void seen.push('finish') }),
  });
  const runner = await startRunner({
    blocks: [{ name: 'greeter' }],
    configs: { greeter: { greeting: 'beep' } },
    blockFactories: { greeter },
  });
  assert.equal(runner.status().state, 'flying');
  const report = await runner.stop('enough');
  assert.deepEqual([report.clean, report.cause.kind, report.cause.reason], [true, 'shootDown', 'enough']);
  assert.deepEqual(await runner.stop(), report);
  assert.deepEqual(await runner.wait(), report);
  assert.equal(runner.status().state, 'landed');
  assert.deepEqual(seen, ['beep', 'finish']);
});

test('configuration in code is not overridden by the environment', async () => {
  process.env['GREETER_GREETING'] = 'other';
  try {
    const greeter = defineBlock({
      name: 'greeter',
      config: z.strictObject({ greeting: z.literal('beep') }),
      make: () => ({}),
    });
    const runner = await startRunner({
      blocks: [{ name: 'greeter' }],
      configs: { greeter: { greeting: 'beep' } },
      blockFactories: { greeter },
    });
    await runner.stop();
  } finally {
    delete process.env['GREETER_GREETING'];
  }
});

test('a runner flies what a folder says, with a connector given in code instead of the one of the folder', async () => {
  const cf = await folder({
    'blocks.json': [{ name: 'listener', module: './blocks.mjs' }],
    'blocks.mjs': BLOCKS,
    'listener.json': { port: 0 },
    'connector.json': { module: './connector.mjs', port: 0, user: 'me' },
    'connector.mjs': CONNECTOR,
  });
  const seen: string[] = [];
  const runner = await startRunner({ cf, connector: noting(seen) });
  assert.equal((await runner.stop()).clean, true);
  assert.deepEqual(seen, ['start', 'connect', 'disconnect']);
});

test('a connector definition given in code is made of configuration connector', async () => {
  const seen: string[] = [];
  const connector = defineConnector({
    name: 'own',
    config: z.strictObject({ url: z.string(), user: z.string().default('me') }),
    make: ({ url, user }) => noting(seen, { start: () => void seen.push(`${url} ${user}`) }),
  });
  const runner = await startRunner({ blocks: [], connector, configs: { connector: { url: 'x' } } });
  await runner.stop();
  assert.deepEqual(seen, ['x me', 'connect', 'disconnect']);
});

test('the log says which server the satellite is connected to, and nothing of its URL that may be secret', async () => {
  for (const [connection, text, url] of [
    [{ url: 'nats://token@nats.example:4222/vhost?password=hunter2' }, 'nats://nats.example:4222', true],
    [{ url: 'no URL' }, 'the server', false],
    [{}, 'the server', false],
    [undefined, 'the server', false],
  ] as const) {
    const lines: [object, string | undefined][] = [];
    const note = (fields: object, text?: string): void => void lines.push([fields, text]);
    const log = { debug: note, info: note, warn: note, error: note };
    const connector = noting([], { connect: () => connection });
    let tell = (): void => {};
    const connected = new Promise<void>((resolve) => (tell = resolve));
    const onEvent = ({ type }: SputnikEvent): void => void (type === 'connected' && tell());
    const runner = await startRunner({ blocks: [], connector, log, onEvent });
    await connected;
    await runner.stop();
    const found = lines.find(([fields]) => 'event' in fields && fields.event === 'connected');
    assert.deepEqual(found, [{ event: 'connected', attempt: 1, url: url ? text : undefined }, `connected to ${text}`]);
  }
});

test('the connector starts before any block is initialised, and without a start it is left alone', async () => {
  const seen: string[] = [];
  const note = defineBlock({
    name: 'note',
    make: () => ({ init: () => void seen.push('init'), finish: () => void seen.push('finish') }),
  });
  const runner = await startRunner({ blocks: [{ name: 'note' }], blockFactories: { note }, connector: noting(seen) });
  await runner.stop();
  assert.deepEqual(seen, ['start', 'init', 'connect', 'finish', 'disconnect']);
  const calm: ServerConnector = {
    connect: () => Promise.reject(new Error('down')),
    isConnected: () => false,
    disconnect: () => void seen.push('never'),
  };
  await (await startRunner({ blocks: [], connector: calm })).stop();
  assert.ok(!seen.includes('never'));
});

test('a connector that was started and never connected is disconnected by the runner, once', async () => {
  const seen: string[] = [];
  const connector = noting(seen, { connect: () => Promise.reject(new Error('down')) });
  const runner = await startRunner({ blocks: [], connector });
  await runner.stop();
  assert.deepEqual(seen, ['start', 'disconnect']);
  const again: string[] = [];
  const failing = startRunner({ blocks: [{ name: 'broken' }], blockFactories: { broken }, connector: noting(again) });
  await assert.rejects(failing, { code: 'INIT_FAILED' });
  assert.deepEqual(again, ['start', 'disconnect']);
});

test('a connector that cannot start ends the start, and is not disconnected', async () => {
  const seen: string[] = [];
  const cause = new Error('port 1883 is in use');
  const connector = noting(seen, { start: () => Promise.reject(cause) });
  const starting = startRunner({ blocks: [{ name: 'idle' }], blockFactories: { idle }, connector });
  await assert.rejects(starting, (error: unknown) => {
    assert.ok(error instanceof SputnikError);
    assert.deepEqual([error.code, error.cause, error.callback], ['INIT_FAILED', cause, 'start']);
    return /port 1883 is in use/.test(error.message);
  });
  assert.deepEqual(seen, []);
});

test('bad configuration rejects with every problem, before the connector starts', async () => {
  const seen: string[] = [];
  const starting = startRunner({
    blocks: [{ name: 'ghost' }, { name: 'idle' }, { name: 'idle' }],
    blockFactories: { idle },
    connector: noting(seen),
  });
  await assert.rejects(
    starting,
    (error: unknown) => error instanceof SputnikError && error.code === 'BAD_CONFIG' && error.problems.length === 2,
  );
  assert.deepEqual(seen, []);
});

test('wait rejects when a block failed, after all was released', async () => {
  const seen: string[] = [];
  const failing = defineBlock({ name: 'failing', make: () => ({ run: () => Promise.reject(new Error('oops')) }) });
  const runner = await startRunner({
    blocks: [{ name: 'failing' }],
    blockFactories: { failing },
    connector: noting(seen, { connect: () => Promise.reject(new Error('down')) }),
  });
  await assert.rejects(runner.wait(), { code: 'BLOCK_FAILED' });
  assert.deepEqual(seen, ['start', 'disconnect']);
  assert.equal((await runner.stop()).cause.kind, 'failure');
});

test('an aborted signal lands, and events are told after they were logged', async () => {
  const abort = new AbortController();
  const seen: string[] = [];
  const log = (fields: object): void => void seen.push(`log ${(fields as { event: string }).event}`);
  const onEvent = ({ type }: SputnikEvent): void => void seen.push(type);
  const runner = await startRunner({
    blocks: [],
    log: { debug: log, info: log, warn: log, error: log },
    onEvent,
    signal: abort.signal,
  });
  abort.abort();
  assert.equal((await runner.wait()).cause.kind, 'abort');
  assert.deepEqual(seen.slice(-2), ['log landed', 'landed']);
  assert.equal(seen.filter((name) => name.startsWith('log ')).length * 2, seen.length);
});

test('start resolves with the exit code', async () => {
  const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const lander = defineBlock({ name: 'lander', make: (_config, _to, ctx) => ({ run: () => ctx.land('done') }) });
  const dropper = defineBlock({
    name: 'dropper',
    make: (_config, _to, ctx) => ({ run: () => ctx.land(), finish: () => Promise.reject(new Error('leak')) }),
  });
  const blockFactories = { lander, dropper, broken };
  assert.equal(await start({ blocks: [{ name: 'lander' }], blockFactories, log: silent }), 0);
  assert.equal(await start({ blocks: [{ name: 'dropper' }], blockFactories, log: silent }), 1);
  assert.equal(await start({ blocks: [{ name: 'broken' }], blockFactories, log: silent }), 1);
  assert.equal(await start({ blocks: [{ name: 'ghost' }], log: silent }), 78);
});

test('blocks for one kind of connection and a connector of another do not compile', () => {
  const connector: ServerConnector<{ readonly query: string }> = {
    connect: () => ({ query: '' }),
    isConnected: () => true,
    disconnect: () => {},
  };
  const blockFactories = { producer: producerBlock };
  // @ts-expect-error -- the producer block needs a MessagingConnection
  const wrong: RunnerOptions<{ readonly query: string }> = { blocks: [], connector, blockFactories };
  const right: RunnerOptions<MessagingConnection> = { blocks: [], blockFactories };
  assert.ok(wrong !== right);
});
