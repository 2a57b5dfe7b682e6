import assert from 'node:assert/strict';
import { chmod } from 'node:fs/promises';
import { test } from 'node:test';
import { natsServer } from '@sputnikjs/testkit/servers';
import { BLOCKS, CONNECTOR, LANDER } from './fixtures.js';
import { cli, cliHere, folder } from './helpers.js';

const lander = { 'blocks.json': [{ name: 'lander', module: './lander.mjs' }], 'lander.mjs': LANDER };
const nats = '@sputnikjs/connector-nats';

/** What `check --json` says. */
async function json(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<[unknown, unknown]> {
  const { code, stdout, stderr } = await cliHere(['check', '--json', ...args], env);
  assert.deepEqual(stderr, []);
  return [code, JSON.parse(stdout.join('\n'))];
}

test('check --json says what check says, as an object on stdout alone', async () => {
  const cf = await folder({
    'blocks.json': [
      { name: 'listener', module: './blocks.mjs' },
      { name: 'listener', module: './blocks.mjs', responsibility: 'second' },
    ],
    'blocks.mjs': BLOCKS,
    'listener.json': { port: 1 },
    'second.json': { port: 2 },
  });
  assert.deepEqual(await json(['--cf', cf], { SECOND_PROT: '5' }), [
    0,
    {
      problems: [],
      warnings: ['environment: SECOND_PROT: sets no key of "second", did you mean "SECOND_PORT"?'],
      blocks: [
        { name: 'listener', responsibility: 'listener' },
        { name: 'listener', responsibility: 'second' },
      ],
    },
  ]);
  // problems come before the server
  assert.deepEqual(await json(['--cf', cf, '--connect'], { SECOND_PORT: 'x' }), [
    78,
    {
      problems: ['environment: SECOND_PORT: "x" does not fit port of "second", expected a number'],
      warnings: [],
      blocks: [],
    },
  ]);
});

test('variables that are called like those of a configuration, and set no key, are warnings', async () => {
  const cf = await folder({
    'blocks.json': [
      { name: 'listener', module: './blocks.mjs' },
      { name: 'listener', module: './blocks.mjs', responsibility: 'listener-tls' },
    ],
    'blocks.mjs': BLOCKS,
    'listener.json': { port: 1 },
    'listener-tls.json': { port: 2 },
    'x.env': 'LISTENER_BACKGROUND_COLOUR_AND_MORE=red\n',
  });
  await chmod(`${cf}/x.env`, 0o600);
  const { code, stdout, stderr } = await cliHere(['check', '--cf', cf], {
    LISTENER_PASWORD: 'hunter2',
    LISTENER_TLS_PASSWORDFILE: '/x',
    LISTENERS: '1',
    LISTENER_PASSWORD_FILE: `${cf}/x.env`,
    // what Kubernetes injects for a service is nobody's mistake
    LISTENER_SERVICE_HOST: '10.0.0.1',
    LISTENER_SERVICE_PORT_WEB: '80',
    LISTENER_PORT_514_TCP_ADDR: '10.0.0.1',
    PATHS: 'x',
  });
  assert.deepEqual([code, stdout], [0, [`${cf}: ok, 2 blocks`]]);
  assert.deepEqual(stderr, [
    'warning: environment: LISTENER_PASWORD: sets no key of "listener", did you mean "LISTENER_PASSWORD"?',
    'warning: environment: LISTENER_TLS_PASSWORDFILE: sets no key of "listener-tls", did you mean "LISTENER_TLS_PASSWORD_FILE"?',
    `warning: ${cf}/x.env: LISTENER_BACKGROUND_COLOUR_AND_MORE: sets no key of "listener"`,
  ]);
});

test('of a variable whose name has run into a value, as in a broken file, only the beginning is shown', async () => {
  const cf = await folder({
    'blocks.json': [{ name: 'listener', module: './blocks.mjs' }],
    'blocks.mjs': BLOCKS,
    'listener.json': { port: 1 },
  });
  const { stderr } = await cliHere(['check', '--cf', cf], { 'LISTENER_PASS-hunter2': 'x' });
  assert.match(stderr.join(), /environment: LISTENER_PASS…: sets no key of "listener"/);
});

test('check --connect says which server lets the satellite in, and leaves it as it is', async (t) => {
  const server = await natsServer(t);
  await server.start();
  const streams = [{ name: 'S', subjects: ['s'], storage: 'memory' }];
  const cf = await folder({ ...lander, 'connector.json': { module: nats, url: server.url, streams } });
  const { code, stdout, stderr } = await cli(['check', '--connect', '--cf', cf]);
  assert.deepEqual([code, stderr, stdout[0]], [0, [], `${cf}: ok, 1 block`]);
  assert.match(stdout[1] ?? '', new RegExp(`^server: nats-server [\\d.]+ at ${server.url}, logged in after \\d+ ms$`));
  const window = 'stream S: a message that is repeated within 120 s is stored once; it is created at the start';
  assert.deepEqual(stdout.slice(2), [window]);
  const [, found] = (await json(['--connect', '--cf', cf])) as [0, { server: Record<string, unknown> }];
  const { state, url, product, tookMs, duplicateWindows } = found.server;
  assert.deepEqual([state, url, typeof product, typeof tookMs], ['found', server.url, 'string', 'number']);
  assert.deepEqual(duplicateWindows, [{ stream: 'S', exists: false, seconds: 120 }]);
});

test('check --connect is exit code 1 and says why if the server does not let the satellite in', async (t) => {
  const server = await natsServer(t, ['authorization { user: "me", password: "right" }']);
  await server.start();
  const cf = await folder({ ...lander, 'connector.json': { module: nats, url: server.url, username: 'me' } });
  const wrong = { CONNECTOR_PASSWORD: 'hunter2' };
  const { code, stdout, stderr } = await cliHere(['check', '--connect', '--cf', cf], wrong);
  assert.deepEqual([code, stdout], [1, [`${cf}: ok, 1 block`]]);
  assert.match(stderr.join(), /^server: cannot connect to nats:.*; check username and password$/);
  const [exit, found] = (await json(['--connect', '--cf', cf], wrong)) as [
    number,
    { server: { state: string; error: string } },
  ];
  assert.deepEqual([exit, found.server.state], [1, 'failed']);
  assert.match(found.server.error, /check username and password$/);
});

test('check --connect waits no longer than an attempt of the satellite may take', async () => {
  const mute = `
import { defineConnector } from '@sputnikjs/messaging';
import { z } from 'zod';
export const connector = defineConnector({
  name: 'mute',
  config: z.strictObject({}),
  make: () => ({ connect: () => new Promise(() => setInterval(() => {}, 1000)), isConnected: () => false, disconnect() {} }),
});`;
  const cf = await folder({
    ...lander,
    'mute.mjs': mute,
    'connector.json': { module: './mute.mjs' },
    'sputnik.json': { timeouts: { connectMs: 50 } },
  });
  const { code, stderr } = await cli(['check', '--connect', '--cf', cf]);
  assert.equal(code, 1);
  assert.match(stderr[0] ?? '', /^server: no answer within 0\.05 s \(timeouts\.connectMs\); are host and port/);
});

test('check --connect connects with a connector that cannot do less, and disconnects', async () => {
  const cf = await folder({
    ...lander,
    'connector.mjs': CONNECTOR,
    'connector.json': { module: './connector.mjs', port: 0, user: 'me' },
  });
  const { code, stdout } = await cli(['check', '--connect', '--cf', cf]);
  assert.equal(code, 0);
  assert.match(stdout[1] ?? '', /^server: logged in after \d+ ms$/);
});

test('check --connect says so if there is no server to connect to', async () => {
  const none = await folder(lander);
  assert.deepEqual((await cliHere(['check', '--connect', '--cf', none])).stdout, [
    `${none}: ok, 1 block`,
    'server: none: the folder has no connector.json',
  ]);
  const embedded = await folder({
    ...lander,
    'connector.json': { module: '@sputnikjs/connector-mqtt', embedded: true, port: 0 },
  });
  assert.equal(
    (await cliHere(['check', '--connect', '--cf', embedded])).stdout[1],
    'server: none to connect to: the satellite starts its own',
  );
  const [, found] = await json(['--connect', '--cf', embedded]);
  assert.deepEqual((found as { server: unknown }).server, { state: 'embedded' });
});
