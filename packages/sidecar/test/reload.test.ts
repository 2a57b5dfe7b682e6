import assert from 'node:assert/strict';
import { copyFile, rename, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { gate } from '@sputnikjs/testkit';
import { certificates } from '@sputnikjs/testkit/servers';
import type { Reloaded } from '../dist/folder/reloaded.js';
import { setUp, type SetupResult } from '../dist/folder/setup.js';
import { Reloader } from '../dist/run/reloader.js';
import { BLOCKS } from './fixtures.js';
import { Cli, cli, cliHere, folder } from './helpers.js';

type Line = Readonly<Record<string, unknown>>;

const files = {
  'blocks.json': [
    { name: 'listener', module: './blocks.mjs' },
    { name: 'original', module: './blocks.mjs' },
  ],
  'blocks.mjs': BLOCKS,
  'listener.json': { port: 0, password: 'hunter2' },
  'elsewhere.json': { url: 'http://a' },
};

const write = (cf: string, name: string, content: unknown): Promise<void> =>
  writeFile(join(cf, name), JSON.stringify(content));

/** A satellite that can be asked over a socket, beside what its folder says. */
class Running {
  readonly cf: string;
  readonly socket: string;
  readonly run: Cli;

  private constructor(cf: string) {
    this.cf = cf;
    this.socket = join(cf, 'admin.sock');
    this.run = new Cli(['run', '--cf', cf]);
  }

  static async start(more: Readonly<Record<string, unknown>> = files): Promise<Running> {
    const running = new Running(await folder(more));
    await running.satellite({});
    await running.run.event('launched');
    return running;
  }

  satellite(settings: object): Promise<void> {
    return write(this.cf, 'sputnik.json', { admin: { socket: this.socket }, ...settings });
  }

  /** Lines of the log from this SIGHUP until it is done. */
  async hangUp(): Promise<readonly Line[]> {
    const seen = this.run.stdout.length;
    this.run.child.kill('SIGHUP');
    for (;;) {
      const lines = this.run.stdout.slice(seen).map((line) => JSON.parse(line) as Line);
      const last = lines.findIndex(({ event, unchanged }) => event === 'reloadRefused' || unchanged !== undefined);
      if (last !== -1) return lines.slice(0, last + 1);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  async ask(method: string, path: string): Promise<{ readonly status: number; readonly body: unknown }> {
    return await new Promise((resolve, reject) => {
      const sent = request({ socketPath: this.socket, method, path }, (response) => {
        const { statusCode: status = 0 } = response;
        text(response).then((body) => resolve({ status, body: JSON.parse(body) as unknown }), reject);
      });
      sent.on('error', reject).end();
    });
  }

  async reload(): Promise<Reloaded> {
    return (await this.ask('POST', '/reload')).body as Reloaded;
  }

  /** What `/config` says of a key. */
  async inForce(configuration: string, key: string): Promise<unknown> {
    const { body } = await this.ask('GET', '/config');
    const { configurations } = body as {
      readonly configurations: readonly { readonly name: string; readonly keys: readonly Line[] }[];
    };
    const found = configurations.find(({ name }) => name === configuration)?.keys;
    return found?.find(({ path }) => path === key)?.['value'];
  }

  async end(): Promise<void> {
    this.run.child.kill('SIGTERM');
    assert.equal(await this.run.end(), 0);
    assert.doesNotMatch([...this.run.stdout, ...this.run.stderr].join('\n'), /hunter/);
  }
}

const says = (lines: readonly Line[]): readonly string[] => lines.map(({ msg }) => String(msg));

test('SIGHUP applies the log level at once, and names each key that needs a restart, with its file; secrets stay', async () => {
  const satellite = await Running.start();
  const { cf } = satellite;
  assert.match(says(await satellite.hangUp()).join(), /^reloaded: \d+ keys unchanged$/);
  await satellite.satellite({ logLevel: 'debug', timeouts: { landingMs: 9_000 } });
  await write(cf, 'listener.json', { port: 0, host: '::1', password: 'hunter3' });
  await write(cf, 'elsewhere.json', { url: 'http://b' });
  const lines = await satellite.hangUp();
  assert.deepEqual(
    says(lines).slice(0, -1),
    [
      `sputnik.logLevel: "info" → "debug" (file ${join(cf, 'sputnik.json')}); applied`,
      `sputnik.timeouts.landingMs: 25000 → 9000 (file ${join(cf, 'sputnik.json')}); restart the satellite to apply it`,
      `listener.host: "127.0.0.1" → "::1" (file ${join(cf, 'listener.json')}); restart the satellite to apply it`,
      `listener.password: changed (file ${join(cf, 'listener.json')}); restart the satellite to apply it`,
      `elsewhere.url: "http://a" → "http://b" (file ${join(cf, 'elsewhere.json')}); restart the satellite to apply it`,
    ].filter((line) => !line.endsWith('0 → 0')),
  );
  assert.match(says(lines).at(-1) ?? '', /^reloaded: 1 key applied, 4 keys for the next start, \d+ keys unchanged$/);
  assert.deepEqual(
    lines.map(({ level, event }) => `${String(level)} ${String(event)}`),
    ['info reloaded', ...Array.from({ length: 4 }, () => 'warn restartNeeded'), 'info reloaded'],
  );
  assert.equal(await satellite.inForce('sputnik', 'logLevel'), 'debug');
  assert.equal(await satellite.inForce('sputnik', 'timeouts.landingMs'), 25_000);
  assert.equal(await satellite.inForce('listener', 'host'), '127.0.0.1');
  // what is applied is so no more than once; the rest is still to come
  assert.equal(says(await satellite.hangUp()).length, 5);
  // a level that somebody has set since gives way to that of the folder
  satellite.run.child.kill('SIGUSR2');
  await satellite.run.event('logLevel');
  await satellite.satellite({});
  const { applied } = await satellite.reload();
  assert.deepEqual(applied, [{ block: 'sputnik', key: 'logLevel', source: 'default', was: 'debug', is: 'info' }]);
  await satellite.end();
});

test('with problems nothing is applied, and the configuration in force stays; POST /reload answers 422', async () => {
  const satellite = await Running.start();
  await satellite.satellite({ logLevel: 'debug' });
  await write(satellite.cf, 'listener.json', { prt: 1, password: 'hunter3' });
  const lines = await satellite.hangUp();
  assert.match(says(lines)[0] ?? '', /listener\.json: .*port/);
  assert.match(says(lines).at(-1) ?? '', /^nothing is reloaded: 2 problems; the configuration in force stays$/);
  assert.equal(await satellite.inForce('sputnik', 'logLevel'), 'info');
  const { status, body } = await satellite.ask('POST', '/reload');
  assert.equal(status, 422);
  const { problems, ...others } = body as Reloaded;
  assert.deepEqual(problems, says(lines).slice(0, -1));
  assert.deepEqual(others, { applied: [], files: [], restart: [], unchanged: 0 });
  // what a block has read when it booted is looked at, too
  await write(satellite.cf, 'listener.json', files['listener.json']);
  await write(satellite.cf, 'elsewhere.json', { url: 1 });
  assert.match((await satellite.reload()).problems.join(), /elsewhere\.json: url: /);
  await satellite.end();
});

test('the topology is never reloaded: blocks that come, go, are listed otherwise or in another order are named', async () => {
  const satellite = await Running.start();
  const named = async (...blocks: readonly object[]): Promise<readonly string[]> => {
    await write(satellite.cf, 'blocks.json', blocks);
    const { restart, problems } = await satellite.reload();
    assert.deepEqual(problems, []);
    return restart.map(({ block, key, was, is }) => `${block}.${key} ${JSON.stringify(was)} ${JSON.stringify(is)}`);
  };
  const [listener, original] = files['blocks.json'];
  assert.ok(listener && original);
  const second = { name: 'listener', responsibility: 'second', module: './blocks.mjs' };
  assert.deepEqual(await named(listener, original, second), [`blocks.second undefined ${JSON.stringify(second)}`]);
  assert.deepEqual(await named(listener), [`blocks.original ${JSON.stringify(original)} undefined`]);
  assert.deepEqual(await named(original, listener), ['blocks.order ["listener","original"] ["original","listener"]']);
  await satellite.end();
});

test('changed certificates are read again at once; of files that nobody watches it is said that they are not', async (t) => {
  const [path, renewed] = [await certificates(t, 'server.test'), await certificates(t, 'server.test')];
  const satellite = await Running.start({
    'blocks.json': [{ name: 'producer' }, { name: 'httpgateway', module: '@sputnikjs/adapter-http' }],
    'httpgateway.json': { port: 0, certFile: path('server.pem'), keyFile: path('server.key') },
    'connector.json': { module: '@sputnikjs/connector-nats', url: 'tls://127.0.0.1:1', caFile: path('ca.pem') },
  });
  assert.deepEqual((await satellite.reload()).files, []);
  for (const name of ['server.pem', 'server.key']) await copyFile(renewed(name), path(name));
  // an old file in its place, as of a backup
  await rename(renewed('ca.pem'), path('ca.pem'));
  const lines = await satellite.hangUp();
  assert.ok(lines.some(({ event, block }) => event === 'certificateRead' && block === 'httpgateway'));
  const told = lines.filter(({ event, path: file }) => event === 'reloaded' && file !== undefined);
  assert.deepEqual(told.map(({ block, key, state }) => [block, key, state].join()).toSorted(), [
    'connector,caFile,not read yet',
    'httpgateway,certFile,in use',
    'httpgateway,keyFile,in use',
  ]);
  assert.deepEqual((await satellite.reload()).files, []);
  // a key of another certificate
  await copyFile(renewed('client.key'), path('server.key'));
  assert.match((await satellite.reload()).problems.join(), /do certFile and keyFile belong together/);
  await satellite.end();
});

test('sputnik reload says what changed; it is 0, 78 if the folder has problems, 1 if nobody answers', async () => {
  const satellite = await Running.start();
  const at = ['--admin', satellite.socket];
  await write(satellite.cf, 'listener.json', { port: 1 });
  const { code, stdout, stderr } = await cli(['reload', ...at]);
  assert.deepEqual([code, stderr], [0, []]);
  assert.match(stdout[0] ?? '', /^listener\.port: 0 → 1 \(file .*listener\.json\); restart the satellite to apply it$/);
  const { stdout: json } = await cliHere(['reload', ...at, '--json']);
  assert.equal((JSON.parse(json.join('\n')) as Reloaded).restart[0]?.key, 'port');
  await write(satellite.cf, 'listener.json', { port: 'x' });
  const refused = await cliHere(['reload', ...at]);
  assert.deepEqual([refused.code, refused.stdout], [78, []]);
  assert.match(refused.stderr.join('\n'), /port: expected number[\s\S]*the configuration in force stays$/);
  assert.equal((await cliHere(['reload', '--admin', '/nowhere/admin.sock'])).code, 1);
  await satellite.end();
});

test('a flood of signals is not a flood of reloads; one that cannot be done is told as a problem', async () => {
  const { value: setup } = await setUp({ blocks: [] });
  assert.ok(setup);
  let times = 0;
  const opened = gate();
  const again = async (): Promise<SetupResult> => {
    times++;
    await opened.passed;
    return await setup.again();
  };
  const reloader = new Reloader({ setup: { ...setup, again }, live: [], log: undefined });
  const first = reloader.reload();
  await new Promise((resolve) => setImmediate(resolve));
  const others = Array.from({ length: 1_000 }, () => reloader.reload());
  opened.open();
  for (const { problems } of await Promise.all([first, ...others])) assert.deepEqual(problems, []);
  assert.equal(times, 2);
  const failing = new Reloader({
    setup: { ...setup, again: () => Promise.reject(new Error('no memory')) },
    live: [],
    log: undefined,
  });
  assert.deepEqual((await failing.reload()).problems, ['no memory']);
  assert.deepEqual((await failing.reload()).problems, ['no memory'], 'it is no less alive');
});
