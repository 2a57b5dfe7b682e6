import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { spawnSidecar } from '@sputnikjs/testkit';

const fixture = (name: string): string => fileURLToPath(new URL(`fixtures/${name}.js`, import.meta.url));

test('a program gets arguments and environment, its lines are waited for, signals reach it, and its end is told', async () => {
  const sidecar = spawnSidecar(fixture('program'), ['hello', 'there'], { env: { TELLER: 'the test' } });
  assert.equal(await sidecar.printed(/^th.re$/), 'there');
  assert.equal(await sidecar.printed('told by'), 'told by the test');
  const launched = { level: 'info', event: 'launched', port: 4711 };
  assert.deepEqual(await sidecar.event('launched'), launched);
  assert.equal(sidecar.signal('SIGTERM'), true);
  assert.deepEqual(await sidecar.ended, { code: 3, signal: null });
  assert.deepEqual(sidecar.stdout, ['hello', 'there', JSON.stringify(launched), 'the last line, without an end']);
  assert.deepEqual(sidecar.stderr, ['told by the test']);
  assert.equal(sidecar.signal('SIGTERM'), false);
});

test('a program that ends without printing what is waited for is told with what it has printed', async () => {
  const sidecar = spawnSidecar(fixture('no-such-program'));
  await assert.rejects(sidecar.printed('ready'), /it ended and never printed ready:\n[^]*Cannot find module/);
  assert.equal((await sidecar.ended).code, 1);
});

test('a program that cannot be started is told with the reason, and has ended', async () => {
  const sidecar = spawnSidecar(fixture('program'), [], { cwd: '/no/such/folder' });
  await assert.rejects(sidecar.printed('ready'), /^Error: it could not be started: spawn .* ENOENT; is it installed/);
  assert.ok(Number((await sidecar.ended).code) < 0);
  assert.equal(sidecar.signal('SIGTERM'), false);
});

let pid: number | undefined;

test('a program that runs on', async () => {
  const sidecar = spawnSidecar(fixture('program'), ['still', 'here']);
  await sidecar.printed('here');
  pid = sidecar.pid;
  assert.equal(process.kill(Number(pid), 0), true);
});

test('does so until its test ends, no longer', () => {
  assert.throws(() => process.kill(Number(pid), 0), { code: 'ESRCH' });
});

test('a test that fails in the midst of a flight ends, and one that does not look at the report of a failure fails', async () => {
  const untidy = spawnSidecar(fixture('untidy'), [], { env: { NODE_TEST_CONTEXT: undefined } });
  const { code } = await untidy.ended;
  const output = untidy.stdout.join('\n');
  assert.equal(code, 1, output);
  assert.match(output, /(not ok 1 -|✖) fails in the midst of a flight/);
  assert.match(output, /(not ok 2 -|✖) does not look at the report/);
  assert.match(output, /block failing failed in flight, and the test did not look at the report/);
  assert.match(output, /(\nok 3 -|✔) looks at the report/);
});
