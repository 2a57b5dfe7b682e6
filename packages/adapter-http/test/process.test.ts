import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { describe, test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { post, statusesIn, Wire } from './clients.js';

/** Starts the fixture; `line` resolves with its next line, `ended` with its exit code and signal. */
function start(t: TestContext, port: number, ms = 0) {
  const program = fileURLToPath(new URL('fixtures/process.js', import.meta.url));
  const child = spawn(process.execPath, [program, String(port), String(ms)], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async (): Promise<string> => (await lines.next()).value ?? '';
  return { child, line, ended: once(child, 'exit') };
}

describe('a process with a gateway', () => {
  test('ends by itself after SIGTERM, whatever its clients hold open', async (t) => {
    const { child, line, ended } = start(t, 0);
    const url = await line();
    const port = Number(new URL(url).port);
    while ((await post(`${url}/produce/a`)).status !== 202);
    const head = 'POST /produce/a HTTP/1.1\r\nhost: a\r\n';
    const wires = [
      new Wire(port),
      new Wire(port).send(head),
      new Wire(port).send(`${head}content-length: 9\r\n\r\nabc`),
      new Wire(port).send(`${head}content-length: 99999999\r\n\r\nabc`),
      new Wire(port).send(`${head}content-length: 1\r\n\r\nx`),
    ];
    await once(wires[4]?.socket ?? assert.fail(), 'data');
    child.kill('SIGTERM');
    assert.equal(await line(), 'landed');
    assert.deepEqual(await ended, [0, null]);
    await Promise.all(wires.map(({ received }) => received));
  });

  test('answers all requests on a connection at SIGTERM, and ends soon after, cleanly', async (t) => {
    const { child, line, ended } = start(t, 0, 150);
    const url = await line();
    while ((await post(`${url}/produce/a`)).status !== 202);
    const one = 'POST /produce/a HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\n\r\nx';
    const wires = Array.from({ length: 10 }, () => new Wire(Number(new URL(url).port)).send(one + one));
    // it has read those when it answers what came after them
    assert.equal((await post(`${url}/nowhere`)).status, 404);
    child.kill('SIGTERM');
    const signalled = performance.now();
    for (const { received } of wires) assert.deepEqual(statusesIn(await received), [202, 202]);
    assert.equal(await line(), 'landed');
    assert.deepEqual(await ended, [0, null]);
    assert.ok(performance.now() - signalled < 2_000);
  });

  test('ends by itself when its port is in use', async (t) => {
    const squatter = createServer().listen(0, '127.0.0.1');
    t.after(() => squatter.close());
    await once(squatter, 'listening');
    const { line, ended } = start(t, (squatter.address() as AddressInfo).port);
    assert.match(await line(), /port is in use/);
    assert.deepEqual(await ended, [0, null]);
  });
});
