import assert from 'node:assert/strict';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { ProduceMessage } from '@sputnikjs/messaging';
import { spawnSidecar } from '@sputnikjs/testkit';
import { away, folder, spoolFlight, until } from './helpers.js';

const PROGRAM = fileURLToPath(new URL('../bin/sputnik-spool.js', import.meta.url));

async function run(...args: readonly string[]) {
  const program = spawnSidecar(PROGRAM, args);
  const { code } = await program.ended;
  return { code, stdout: program.stdout, stderr: program.stderr };
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

test('retry has dead letters sent again, as they were, and drop forgets them; neither while a satellite has the folder', async () => {
  const path = folder();
  const { flight, ask, metrics } = await spoolFlight({ path }, refuse);
  for (const message of MESSAGES) await ask(message);
  await until(() => metrics()['dead_letters'] === MESSAGES.length);
  const inUse = await run('retry', path);
  assert.deepEqual([inUse.code, inUse.stdout], [1, []]);
  assert.match(inUse.stderr[0] ?? '', /another satellite keeps its messages in/);
  await flight.land();
  assert.match((await run('show', path, '--dead')).stdout[0] ?? '', /"orders"/);
  assert.deepEqual((await run('retry', path)).stdout, ['3 dead letters are sent again from the next start on']);
  const { uplink, flight: second } = await spoolFlight({ path });
  await until(() => uplink.messages.length === MESSAGES.length);
  assert.deepEqual(
    uplink.messages.map(({ target, headers, id, payload }) => [target, headers, id?.slice(-2), Buffer.from(payload)]),
    MESSAGES.map(({ target, headers, payload }, n) => [
      target,
      headers,
      ['ne', '-2', '-3'][n],
      Buffer.from(payload as string),
    ]),
  );
  await second.land();
  const third = await spoolFlight({ path }, refuse);
  await third.ask({ target: 'orders', payload: 'four' });
  await until(() => third.metrics()['dead_letters'] === 1);
  await third.flight.land();
  assert.deepEqual((await run('drop', path)).stdout, ['1 dead letters are forgotten']);
  assert.deepEqual((await run('retry', path)).stdout, ['0 dead letters are sent again from the next start on']);
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
