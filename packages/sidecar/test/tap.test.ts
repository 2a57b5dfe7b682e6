import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, request, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { check } from '@sputnikjs/sidecar';
import { shownMessage } from '../dist/admin/shown-message.js';
import { Tap, type TapReader, type TapWish } from '../dist/admin/tap.js';
import { Taps } from '../dist/admin/taps.js';
import { Watched } from './admin-helpers.js';
import { Cli, cli, folder, StandingClock } from './helpers.js';

const FROM = { name: 'source', responsibility: 'source' };
const TO = { name: 'sink', responsibility: 'sink' };
const WISH: TapWish = { blocks: ['sink'], seconds: 60, count: 1_000, rate: 3, size: 100 };

/** A reader that reads when it is told to. */
class Reader implements TapReader {
  writableLength = 0;
  readonly lines: Readonly<Record<string, unknown>>[] = [];
  isCut = false;
  close = (): void => {};

  write(line: string): void {
    this.writableLength += line.length;
    assert.ok(line.endsWith('\n') && !line.slice(0, -1).includes('\n'));
    this.lines.push(JSON.parse(line) as (typeof this.lines)[number]);
  }

  end(line: string): void {
    this.write(line);
  }

  destroy(): void {
    this.isCut = true;
  }

  once(_event: 'close', listener: () => void): void {
    this.close = listener;
  }
}

interface Tapped {
  readonly reader: Reader;
  readonly time: StandingClock;
  readonly tap: Tap;
  readonly whys: string[];
  readonly pass: (times: number, msg?: object) => void;
}

function tapped(wish: Partial<TapWish> = {}): Tapped {
  const [reader, time, whys] = [new Reader(), new StandingClock(), [] as string[]];
  const tap = new Tap({ ...WISH, ...wish }, reader, time.clock, (why) => whys.push(why));
  const pass = (times: number, msg: object = { n: 1 }): void => {
    for (let n = 0; n < times; n++) tap.take(msg, FROM, TO);
  };
  return { reader, time, tap, whys, pass };
}

test('so many messages a second are shown, in any second; how many were left out stands beside the next one', () => {
  const { reader, time, tap, pass } = tapped();
  pass(10);
  time.move(999);
  pass(5);
  time.move(1);
  tap.take({ n: 1 }, FROM, { name: 'other', responsibility: 'other' });
  pass(10);
  const shown = reader.lines.filter(({ kind }) => kind === 'message');
  assert.deepEqual(
    shown.map(({ from, to, skipped }) => [from, to, skipped]),
    [undefined, undefined, undefined, 12, undefined, undefined].map((skipped) => ['source', 'sink', skipped]),
  );
  assert.deepEqual(tap.counts, { passed: 25, shown: 6, unread: 0 });
});

test('a reader that does not read is shown no more, what it misses is counted, and in the end it is cut', () => {
  const { reader, time, whys, pass, tap } = tapped({ rate: 1, size: 65_536 });
  const msg = { text: 'x'.repeat(60_000) };
  for (let second = 0; second < 20; second++) {
    pass(1, msg);
    time.move(1_000);
  }
  assert.ok(reader.writableLength < 400 * 1024, `${reader.writableLength}`);
  const { shown, unread } = tap.counts;
  assert.deepEqual([shown, unread], [5, 15]);
  reader.writableLength = 0;
  pass(1);
  assert.equal(reader.lines.at(-1)?.['skipped'], 15);
  time.move(40_000);
  assert.deepEqual(whys, ['60 s have passed']);
  assert.deepEqual(reader.lines.at(-1), { kind: 'end', why: '60 s have passed', passed: 21, shown: 6, unread: 15 });
  assert.ok(!reader.isCut);
  time.move(5_000);
  assert.ok(reader.isCut);
});

test('a tap ends when enough is shown, and leaves no timer when its reader goes', () => {
  const { reader, time, whys, pass } = tapped({ count: 2 });
  pass(2);
  assert.deepEqual(whys, ['the count is reached']);
  assert.equal(reader.lines.at(-1)?.['kind'], 'end');
  reader.close();
  const other = tapped();
  other.reader.close();
  other.tap.end('too late');
  assert.deepEqual([time.timers, other.time.timers, other.whys], [0, 0, ['the reader has left']]);
  assert.equal(other.reader.lines.length, 1);
});

test('messages are asked for only while somebody taps', () => {
  const taps = new Taps(new StandingClock().clock, ['sink'], undefined);
  const [one, other] = [new Reader(), new Reader()];
  const isAsked = (): boolean => taps.take !== undefined;
  assert.ok(!isAsked());
  for (const reader of [one, other]) taps.begin({ ...WISH, blocks: [] }, reader);
  taps.take?.({ n: 1 }, FROM, TO);
  // without '*' all are those that may be tapped
  taps.take?.({ n: 1 }, FROM, { name: 'vault', responsibility: 'vault' });
  for (const { lines } of [one, other])
    assert.deepEqual(
      lines.map(({ kind }) => kind),
      ['begin', 'message'],
    );
  one.close();
  assert.ok(isAsked());
  taps.end('the satellite lands');
  assert.ok(!isAsked());
});

test('messages are shown as they are: text, bytes as text or in base64, lists, maps, dates; functions are left out', () => {
  const msg = {
    text: 'grüß\n',
    bytes: Buffer.from('wörld'),
    binary: new Uint8Array([0xff, 0]),
    buffer: new Uint8Array([104, 105]).buffer,
    list: [1, Number.NaN, null, true, 2n ** 70n],
    map: new Map([['a', new Set([1])]]),
    date: new Date(0),
    bad: new Date(Number.NaN),
    error: new TypeError('a bug'),
    doIt: () => true,
    get lazy() {
      throw new Error('never called');
    },
  };
  assert.deepEqual(JSON.parse(shownMessage(msg, 1_000)), {
    text: 'grüß\n',
    bytes: { text: 'wörld' },
    binary: { base64: '/wA=' },
    buffer: { text: 'hi' },
    list: [1, 'NaN', null, true, '1180591620717411303424'],
    map: { a: [1] },
    date: '1970-01-01T00:00:00.000Z',
    bad: 'no date',
    error: 'a bug',
  });
});

test('what is called like a secret is hidden, however deep; what steers a terminal is escaped', () => {
  const headers = { Authorization: 'Bearer hunter2', cookie: 'hunter2', 'x-api-key': ['hunter2'], accept: '*/*' };
  const msg = { headers, user: { password: { is: 'hunter2' } }, tokens: new Map([['a', 'hunter2']]) };
  const shown = shownMessage(msg, 1_000);
  assert.doesNotMatch(shown, /hunter2/);
  assert.equal((JSON.parse(shown) as typeof msg).headers.accept, '*/*');
  const hostile = '\u001B[2J\u0085\u009B31m\u202E\u2028';
  const line = shownMessage({ [hostile]: hostile, bytes: Buffer.from(hostile) }, 1_000);
  // oxlint-disable-next-line no-control-regex -- it is these that must not be there
  assert.doesNotMatch(line, /[\u0000-\u001F\u007F-\u009F\u2028\u202E]/);
  assert.deepEqual(JSON.parse(line), { [hostile]: hostile, bytes: { text: hostile } });
});

test('of large messages a part is shown, with how much there is; of endless ones, too, and of those that cannot be read', () => {
  assert.deepEqual(JSON.parse(shownMessage({ a: 'x'.repeat(1_000) }, 100)), {
    a: `${'x'.repeat(83)}… (1000 characters)`,
  });
  // a character is cut, and not shown in half
  const bytes = Buffer.from('é'.repeat(100));
  assert.deepEqual(JSON.parse(shownMessage({ a: bytes }, 28)), { a: { bytes: 200, text: 'é'.repeat(5) } });
  const circle: Record<string, unknown> = {};
  circle['again'] = circle;
  const hostile = new Proxy(
    {},
    {
      ownKeys() {
        throw new Error('not to be read');
      },
    },
  );
  const million = Array.from({ length: 1_000_000 }, (_, n) => n);
  for (const msg of [circle, { million }, Object.fromEntries(million.slice(0, 10_000).map((n) => [`k${n}`, n]))])
    assert.ok(shownMessage(msg, 1_000).length < 3_000);
  assert.equal(shownMessage(hostile, 1_000), '"a message that cannot be shown"');
});

/** A source that posts as fast as the sink takes, and two blocks that take. */
const BLOCKS = `
import { defineBlock } from '@sputnikjs/core';
const taking = (name) => defineBlock({ name, make: () => ({ onMsg() {} }) });
export const sink = taking('sink');
export const vault = taking('vault');
export const source = defineBlock({
  name: 'source',
  needs: { sink: 'sink', vault: 'vault' },
  make: (_config, { sink, vault }, { clock, landing }) => ({
    async run() {
      for (let n = 0; !landing.aborted; n++) {
        await sink.post({ n, payload: Buffer.from('hello'), headers: { authorization: 'hunter2' } });
        await vault.post({ n });
        if (n % 20 === 0) await clock.sleep(1);
      }
    },
  }),
});
`;

const blocks = ['sink', 'vault', 'source'].map((name) => ({ name, module: './blocks.mjs' }));

/** A real process, over its socket. */
async function start(
  tap: readonly string[],
): Promise<{ readonly run: Cli; readonly socket: string; readonly cf: string }> {
  const cf = await folder({ 'blocks.json': blocks, 'blocks.mjs': BLOCKS });
  const socket = join(cf, 'admin.sock');
  await writeFile(join(cf, 'sputnik.json'), JSON.stringify({ admin: { socket, tap } }));
  const run = new Cli(['run', '--cf', cf]);
  await run.event('launched');
  return { run, socket, cf };
}

function get(socketPath: string, path: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => void request({ socketPath, path }, resolve).on('error', reject).end());
}

const asked = async (socket: string, path: string): Promise<readonly [number | undefined, string]> => {
  const response = await get(socket, path);
  return [response.statusCode, (await text(response)).trim()];
};

test('only who may control may tap, and only the blocks that the configuration names; wishes have bounds', async () => {
  const { run, socket, cf } = await start(['sink']);
  assert.deepEqual(await asked(socket, '/tap?block=vault'), [
    403,
    'the block "vault" may not be tapped: list the blocks that may in "admin.tap" of sputnik.json ("*" for all), and reload',
  ]);
  assert.deepEqual(await asked(socket, '/tap?block=snik'), [404, 'there is no block "snik" here']);
  for (const wish of ['seconds=601', 'count=0', 'rate=101', 'size=65537', 'seconds=x', 'blok=sink'])
    assert.equal((await asked(socket, `/tap?${wish}`))[0], 400, wish);
  // without a block it is all that may be
  const [status, body] = await asked(socket, '/tap?count=3&rate=100');
  assert.equal(status, 200);
  const lines = body.split('\n').map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
  assert.deepEqual(lines[0], { kind: 'begin', blocks: ['sink'], seconds: 60, count: 3, rate: 100, size: 2_048 });
  assert.deepEqual(
    lines.slice(1, 4).map(({ from, to }) => [from, to]),
    Array.from({ length: 3 }, () => ['source', 'sink']),
  );
  const { payload, headers } = (lines[1]?.['message'] ?? {}) as Readonly<Record<string, unknown>>;
  assert.deepEqual([payload, headers], [{ text: 'hello' }, { authorization: '***' }]);
  assert.equal(lines[4]?.['why'], 'the count is reached');
  // so many at once; one that is allowed no more ends
  const four = await Promise.all([1, 2, 3, 4].map(() => get(socket, '/tap?block=sink&seconds=600')));
  assert.equal((await asked(socket, '/tap'))[0], 503);
  await writeFile(join(cf, 'sputnik.json'), JSON.stringify({ admin: { socket, tap: ['vault'] } }));
  run.child.kill('SIGHUP');
  for (const body of await Promise.all(four.map((response) => text(response))))
    assert.match(body, /"kind":"end","why":"the configuration no longer allows it"/);
  assert.equal((await asked(socket, '/tap?block=vault&count=1'))[0], 200);
  assert.equal((await asked(socket, '/tap?block=sink'))[0], 403);
  run.child.kill('SIGTERM');
  assert.equal(await run.end(), 0);
});

test('over a port a tap needs the token; where there is none, check says so, and of blocks that there are not', async () => {
  const cf = await folder({ 'blocks.json': blocks, 'blocks.mjs': BLOCKS, token: 'x' });
  const tokenFile = join(cf, 'token');
  for (const [admin, status] of [
    [{}, 403],
    [{ tokenFile }, 401],
  ] as const) {
    const { url } = await Watched.start({ blocks: [] }, admin);
    assert.equal((await fetch(`${url}/tap`)).status, status);
    assert.equal((await fetch(`${url}/reload`, { method: 'POST' })).status, status);
  }
  const problems = async (admin: object): Promise<string> => {
    await writeFile(join(cf, 'sputnik.json'), JSON.stringify({ admin }));
    return (await check({ cf })).problems.join('\n');
  };
  assert.match(await problems({ tap: ['sink'] }), /admin\.tap: nobody could tap: give "tokenFile"/);
  assert.match(
    await problems({ tokenFile, tap: ['snik'] }),
    /admin\.tap: there is no block "snik", did you mean "sink"\?$/,
  );
  assert.equal(await problems({ tokenFile, tap: ['*'] }), '');
});

test('sputnik tap writes a line each, until it is enough or the satellite lands', async () => {
  const { run, socket } = await start(['*']);
  const at = ['--admin', socket];
  const [{ code, stdout, stderr }, { stdout: json }, nobody] = await Promise.all([
    cli(['tap', 'sink', ...at, '--count', '2', '--rate', '1']),
    cli(['tap', ...at, '--seconds', '1', '--json']),
    cli(['tap', 'nobody', ...at]),
  ]);
  assert.equal(code, 0);
  assert.match(stdout[0] ?? '', /^\d\d:\d\d:\d\d\.\d{3} {2}source → sink {2}\{ n: \d+, payload: \{ text: 'hello' \},/);
  assert.match(stdout[1] ?? '', / {2}\(\d+ not shown before it\)$/);
  assert.match(
    stderr.join(),
    /^messages of sink, at most 1 a second, for 60 s; Ctrl-C ends it,2 of \d+ messages were shown; it ended because the count is reached$/,
  );
  const lines = json.map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
  assert.deepEqual(new Set(lines.slice(1, -1).map(({ to }) => to)), new Set(['sink', 'vault']));
  assert.equal(lines.at(-1)?.['why'], '1 s have passed');
  assert.match(nobody.stderr.join(), /there is no block "nobody" here$/);
  const interrupted = new Cli(['tap', ...at]);
  while (interrupted.stdout.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  interrupted.child.kill('SIGINT');
  assert.equal(await interrupted.end(), 0);
  const landing = new Cli(['tap', ...at]);
  while (landing.stdout.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  run.child.kill('SIGTERM');
  assert.equal(await landing.end(), 0);
  assert.match(landing.stderr.join(), /it ended because the satellite lands$/);
  assert.equal(await run.end(), 0);
  const ended = run.stdout.map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
  const told = ended.filter(({ event }) => event === 'tapEnded').map(({ msg }) => String(msg).replace(/:.*/, ''));
  assert.deepEqual(
    new Set(told),
    new Set([
      'the tap of sink has ended because the count is reached',
      'the tap of all blocks has ended because 1 s have passed',
      'the tap of all blocks has ended because the reader has left',
      'the tap of all blocks has ended because the satellite lands',
    ]),
  );
});

test('what another program says in place of a satellite does not steer the terminal; one that goes is told', async (t) => {
  const hostile = '\u009B2J\u202E';
  const line = { kind: 'message', at: hostile, from: hostile, to: hostile, message: hostile };
  const server = createServer((_request, response) => void response.end(`${JSON.stringify(line)}\n`));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => server.close());
  const admin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const both = [['--json'], []].map((args) => cli(['tap', '--admin', admin, ...args]));
  for (const { code, stdout, stderr } of await Promise.all(both)) {
    assert.equal(code, 1);
    assert.match(stdout.join(), /u?x?9b2J\\u202e/i);
    assert.doesNotMatch(stdout.join(), /[\u007F-\u009F\u202E]/);
    assert.match(stderr.join(), /has ended$/);
  }
});
