import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { ProduceMessage } from '@sputnikjs/messaging';
import { spawnSidecar } from '@sputnikjs/testkit';
import { own } from '../dist/store/owner.js';
import { away, folder, spoolFlight, until } from './helpers.js';

const PROGRAM = fileURLToPath(new URL('../bin/sputnik-spool.js', import.meta.url));

async function run(...args: readonly string[]) {
  const program = spawnSidecar(PROGRAM, args);
  const { code } = await program.ended;
  return { code, stdout: program.stdout, stderr: program.stderr };
}

/** With lines at its standard input. */
async function runWith(lines: readonly string[], ...args: readonly string[]) {
  const program = spawn(process.execPath, [PROGRAM, ...args]);
  program.stdin.on('error', () => {}).end(lines.map((line) => `${line}\n`).join(''));
  const [stdout, stderr, [code]] = await Promise.all([
    text(program.stdout),
    text(program.stderr),
    once(program, 'close'),
  ]);
  const linesOf = (output: string): string[] => output.split('\n').slice(0, -1);
  return { code: code as number, stdout: linesOf(stdout), stderr: linesOf(stderr) };
}

const MESSAGES: readonly ProduceMessage[] = [
  { target: 'orders', payload: '{"n":1}', contentType: 'application/json', headers: { a: 'b' }, id: 'mine' },
  { target: 'bytes\u001b[0m', payload: Buffer.from([255, 0]) },
  { target: 'orders', payload: 'three' },
];

/** The folder of a satellite that flies, or of one that has landed. */
async function kept(isFlying: boolean): Promise<string> {
  const path = folder();
  const { flight, ask } = await spoolFlight({ path }, away);
  for (const message of MESSAGES) await ask(message);
  if (!isFlying) await flight.land();
  return path;
}

test('ls, show, export and verify read the folder of a spool, also while a satellite has it open', async () => {
  for (const path of [await kept(true), await kept(false)]) {
    const ls = await run('ls', path);
    assert.match(ls.stdout[0] ?? '', /^0{15}1\.segment {2}\d+ bytes {2}3 messages$/);
    assert.equal(ls.stdout.at(-1), '3 messages that the server does not have');
    const show = await run('show', path, '--limit', '2');
    assert.equal(show.stdout.length, 2);
    assert.match(show.stdout[0] ?? '', /^1 {2}\d{4}-.*Z {2}"orders" {2}7 bytes {2}"\{\\"n\\":1\}"$/);
    assert.match(show.stdout[1] ?? '', /"bytes\\u001b\[0m"/);
    const all = (await run('export', path)).stdout.map((line) => JSON.parse(line) as Record<string, unknown>);
    const [first, second, third] = all.map(({ time: _time, ...rest }) => rest);
    assert.deepEqual(first, { sequence: 1, ...MESSAGES[0] });
    assert.deepEqual([second?.['base64'], third?.['payload']], ['/wA=', 'three']);
    assert.match(String(third?.['id']), /-3$/);
    const verify = await run('verify', path);
    assert.deepEqual([verify.code, verify.stdout], [0, ['ok, 1 files, 3 messages that the server does not have']]);
    assert.deepEqual((await run('export', path, '--dead')).stdout, []);
  }
});

/** What the server refuses. */
const refuse = (): never => {
  throw new Error('no such stream');
};

/** How a test has a folder changed. */
const WAYS = [
  { name: 'the satellite that flies', isFlying: true },
  { name: 'the command, where none flies', isFlying: false },
] as const;

for (const { name, isFlying } of WAYS) {
  const later = isFlying ? '' : ' from the next start on';

  test(`retry has dead letters sent again, as they were, and drop forgets them: done by ${name}`, async () => {
    const path = folder();
    let isRefusing = true;
    const first = await spoolFlight({ path }, () => (isRefusing ? refuse() : undefined));
    for (const message of MESSAGES) await first.ask(message);
    await until(() => first.metrics()['dead_letters'] === MESSAGES.length);
    assert.match((await run('show', path, '--dead')).stdout[0] ?? '', /"orders"/);
    const before = isFlying ? MESSAGES.length : 0;
    isRefusing = false;
    if (!isFlying) await first.flight.land();
    const retry = await run('retry', path);
    assert.deepEqual(retry, { code: 0, stdout: [`3 dead letters are sent again${later}`], stderr: [] });
    const { uplink, flight, ask, metrics } = isFlying
      ? first
      : await spoolFlight({ path }, () => (isRefusing ? refuse() : undefined));
    await until(() => uplink.messages.length === before + MESSAGES.length);
    assert.deepEqual(
      uplink.messages
        .slice(before)
        .map(({ target, headers, id, payload }) => [target, headers, id?.slice(-2), Buffer.from(payload)]),
      MESSAGES.map(({ target, headers, payload }, n) => [
        target,
        headers,
        ['ne', '-2', '-3'][n],
        Buffer.from(payload as string),
      ]),
    );
    isRefusing = true;
    await ask({ target: 'orders', payload: 'four' });
    await until(() => metrics()['dead_letters'] === 1);
    if (!isFlying) await flight.land();
    assert.deepEqual((await run('drop', path)).stdout, ['1 dead letters are forgotten']);
    assert.deepEqual((await run('retry', path)).stdout, [`0 dead letters are sent again${later}`]);
    if (!isFlying) return;
    assert.equal(metrics()['dead_letters'], 0);
    assert.deepEqual(
      flight.recorder.logs.filter(({ event }) => event === 'spoolChanged').map(({ change, count }) => [change, count]),
      [
        ['retry', 3],
        ['drop', 1],
        ['retry', 0],
      ],
    );
  });

  test(`import takes what export has written, when it is on disk: done by ${name}`, async () => {
    const lines = (await run('export', await kept(false))).stdout;
    const path = folder();
    const first = await spoolFlight({ path });
    if (!isFlying) await first.flight.land();
    const { code, stdout, stderr } = await runWith(lines, 'import', path);
    assert.deepEqual([code, stdout, stderr], [0, [`3 messages are on disk, and are sent${later}`], []]);
    if (!isFlying) assert.equal((await run('ls', path)).stdout.at(-1), '3 messages that the server does not have');
    const { uplink } = isFlying ? first : await spoolFlight({ path });
    await until(() => uplink.messages.length === MESSAGES.length);
    assert.deepEqual(
      uplink.messages.map(({ target, headers, contentType, id, payload }) => [
        target,
        headers,
        contentType,
        id,
        Buffer.from(payload),
      ]),
      MESSAGES.map(({ target, headers, contentType, payload }, n) => [
        target,
        headers,
        contentType,
        (JSON.parse(lines[n] ?? '') as { readonly id: string }).id,
        Buffer.from(payload as string),
      ]),
    );
  });

  test(`a line that is no message ends an import, which says what is on disk: done by ${name}`, async () => {
    const path = folder();
    const { flight, uplink } = await spoolFlight({ path });
    if (!isFlying) await flight.land();
    const good = JSON.stringify({ target: 'a', payload: 'x' });
    for (const [line, problem] of [
      ['{"target":"a"', 'it is not JSON'],
      ['{"target":"a","payload":"x","topic":"b"}', 'Unrecognized key: "topic"'],
      ['{"target":"a","payload":7}', 'payload: Invalid input: expected string, received number'],
      ['{"target":"a"}', 'it needs either a payload or base64'],
      ['{"target":"","payload":"x"}', 'a message to produce needs a target: non-empty text'],
    ] as const) {
      const { code, stdout, stderr } = await runWith([good, line], 'import', path);
      assert.deepEqual([code, stdout, stderr], [1, [], [`line 2: ${problem}; 1 messages were taken`]]);
    }
    if (isFlying) await until(() => uplink.messages.length === 5);
  });
}

test('an import of more than the spool has room for ends, and says how much it has taken', async () => {
  const path = folder();
  const { metrics } = await spoolFlight({ path, maxMessages: 5 }, away);
  const lines = Array.from({ length: 3_000 }, (_, n) => JSON.stringify({ target: 'a', payload: `${n}` }));
  const { code, stderr } = await runWith(lines, 'import', path);
  assert.equal(code, 1);
  assert.match(stderr[0] ?? '', /^line 6: the spool is full: it has no room for the message; 5 messages were taken$/);
  assert.equal(metrics()['kept_messages'], 5);
});

test('what the satellite cannot do it says, and changes nothing', async () => {
  const path = folder();
  const { ask, metrics } = await spoolFlight({ path }, refuse);
  await ask({ target: 'orders', payload: 'x' });
  await until(() => metrics()['dead_letters'] === 1);
  const socket = connect(join(path, 'owner'));
  socket.end('forget\n');
  assert.equal(await text(socket), '{"error":"the owner of the folder knows no \\"forget\\""}\n');
  assert.equal(metrics()['dead_letters'], 1);
});

test('a folder whose owner does not answer is left as it is', async () => {
  const path = folder();
  const owner = await own(path);
  const { code, stdout, stderr } = await run('retry', path);
  await owner.release();
  assert.deepEqual([code, stdout], [1, []]);
  assert.match(stderr[0] ?? '', /^the owner of the folder does not answer: /);
});

test('verify says what is damaged, and its exit code is 1', async () => {
  const path = await kept(false);
  const file = await open(join(path, '0000000000000001.segment'), 'r+');
  await file.write('?', 60);
  await file.close();
  const { code, stdout } = await run('verify', path);
  assert.deepEqual([code, stdout], [1, ['0000000000000001.segment: 1 messages are damaged']]);
});

test('what is no command is answered with the help, and 78; a folder that is not there, with its error, and 1', async () => {
  for (const args of [[], ['drip', 'x'], ['show', 'x', '--limit', 'none']]) {
    const { code, stderr } = await run(...args);
    assert.equal(code, 78, args.join(' '));
    assert.ok(stderr.length > 0);
  }
  assert.match((await run('--help')).stdout.join('\n'), /verify {3}Read everything/);
  const { code, stderr } = await run('ls', join(folder(), 'none'));
  assert.equal(code, 1);
  assert.match(stderr.join('\n'), /ENOENT/);
});
