import assert from 'node:assert/strict';
import { once } from 'node:events';
import { access, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { spawnSidecar } from '@sputnikjs/testkit';
import { freePort, mosquitto, natsServer, RealServer, redisServer, type Scope } from '@sputnikjs/testkit/servers';
import { settlesWithin } from '../dist/in-time.js';

/** How long a server that says nothing is listened to, in milliseconds. */
const SILENCE_MS = 100;

/** Says something to a server over a connection of its own, and resolves with the first that comes back. */
async function ask(port: number, text: string | Uint8Array): Promise<string> {
  const socket = connect(port, '127.0.0.1').on('error', () => {});
  socket.write(text);
  try {
    const [data] = (await once(socket, 'data')) as [Buffer];
    return data.toString('latin1');
  } finally {
    socket.destroy();
  }
}

/** A CONNECT packet of MQTT 3.1.1, of a client without a name. */
const CONNECT = Uint8Array.of(0x10, 12, 0, 4, 77, 81, 84, 84, 4, 2, 0, 60, 0, 0);

for (const { make, hello, answer, bad, complaint } of [
  { make: natsServer, hello: 'PING\r\n', answer: 'INFO ', bad: 'jetstream: {{', complaint: /Parse error/ },
  { make: mosquitto, hello: CONNECT, answer: ' \x02', bad: 'flies high', complaint: /Unknown configuration/ },
  { make: redisServer, hello: 'PING\r\n', answer: '+PONG', bad: 'flies high', complaint: /Bad directive/ },
]) {
  test(`${make.name} starts, is killed, starts again at the same place, freezes and thaws`, async (t) => {
    const server = await make(t);
    const { port, url } = server;
    await assert.rejects(ask(port, hello));
    for (let times = 1; times <= 2; times++) {
      await server.start();
      await server.start();
      assert.ok((await ask(port, hello)).startsWith(answer));
      await server.stop();
      await assert.rejects(ask(port, hello));
    }
    await server.stop();
    assert.deepEqual([server.port, server.url], [port, url]);
    assert.ok(url.endsWith(`://127.0.0.1:${port}`), url);

    await server.start();
    server.freeze();
    const asked = ask(port, hello);
    assert.ok(!(await settlesWithin(SILENCE_MS, asked)), 'it answers while it is frozen');
    server.thaw();
    assert.ok((await asked).startsWith(answer));
    server.freeze();
    await server.stop();
    await assert.rejects(ask(port, hello));
  });

  test(`${make.name} with a bad configuration rejects with what it printed`, async (t) => {
    const server = await make(t, [bad]);
    await assert.rejects(server.start(), (error: Error) => {
      assert.match(error.message, /^it ended and never printed /);
      assert.match(error.message, complaint);
      return true;
    });
    assert.match(server.output.join('\n'), complaint);
    await assert.rejects(ask(server.port, hello));
  });
}

test('a server whose processes have groups of their own freezes, thaws and is killed with them', async (t) => {
  const code = `
    const { createServer } = require('net');
    createServer((socket) => socket.on('error', () => {}).pipe(socket)).listen(process.argv[1], '127.0.0.1', () => console.log('ready'));`;
  const parent = `require('child_process').spawn(process.execPath, ['-e', ...process.argv.slice(1)], { detached: true, stdio: 'inherit' })`;
  const server = await RealServer.of(t, {
    scheme: 'echo',
    ready: 'ready',
    command: (_folder, port) => ({ program: process.execPath, args: ['-e', parent, code, `${port}`] }),
  });
  for (let times = 1; times <= 2; times++) {
    await server.start();
    assert.equal(await ask(server.port, 'hello'), 'hello');
    server.freeze();
    const asked = ask(server.port, 'hello');
    assert.ok(!(await settlesWithin(SILENCE_MS, asked)), 'it answers while it is frozen');
    server.thaw();
    assert.equal(await asked, 'hello');
    if (times === 2) server.freeze();
    await server.stop();
    await assert.rejects(ask(server.port, 'hello'));
  }
});

test('what a server has stored is there again after it was killed', async (t) => {
  const server = await redisServer(t);
  await server.start();
  await ask(server.port, 'SET passenger laika\r\n');
  await server.stop();
  await server.start();
  assert.equal(await ask(server.port, 'GET passenger\r\n'), '$5\r\nlaika\r\n');
});

test('a server ends with its scope, and its folder goes', async () => {
  const cleanups: (() => Promise<void>)[] = [];
  const scope: Scope = { after: (cleanup) => void cleanups.push(cleanup) };
  const server = await redisServer(scope);
  await server.start();
  await access(server.folder);
  for (const cleanup of cleanups) await cleanup();
  await assert.rejects(ask(server.port, 'PING\r\n'));
  await assert.rejects(access(server.folder));
});

test('a program that is not there is told by its name', async (t) => {
  const command = { program: 'no-such-server', args: [] };
  const server = await RealServer.of(t, { scheme: 'none', ready: 'ready', command: () => command });
  for (let times = 1; times <= 2; times++)
    await assert.rejects(server.start(), /^Error: it ended and never printed ready:\n.*no-such-server: not found$/);
  await server.stop();
});

test('a server does not outlive a test process that is killed', async (t) => {
  const program = spawnSidecar(fileURLToPath(new URL('fixtures/server-owner.js', import.meta.url)));
  const [folder = '', port] = (await program.printed('/')).split(' ');
  t.after(() => rm(folder, { recursive: true }));
  const socket = connect(Number(port), '127.0.0.1').resume();
  await once(socket, 'connect');
  // A server that is killed may reset it.
  const closed = new Promise((resolve) => socket.on('error', () => {}).on('close', resolve));
  program.signal('SIGKILL');
  await closed;
  await assert.rejects(ask(Number(port), 'PING\r\n'));
});

test('a port is given to one process at a time, though nobody listens there yet', async (t) => {
  const random = (value: number): void => void t.mock.method(Math, 'random', () => value, { times: 1 });
  const value = Math.random();
  const script = `Math.random = () => ${value};
    const { freePort } = await import('@sputnikjs/testkit/servers');
    console.log('port', await freePort());
    setInterval(() => {}, 60_000);`;
  const cwd = fileURLToPath(new URL('.', import.meta.url));
  const other = spawnSidecar('--input-type=module', ['-e', script], { cwd });
  await other.printed(/^port (\d+)/);
  const port = 10_000 + Math.floor(value * 20_000);
  random(value);
  assert.notEqual(await freePort(), port);
  other.signal('SIGKILL');
  await other.ended;
  random(value);
  assert.equal(await freePort(), port);
});

test('a free port is free, and none that the system gives out', async () => {
  const ports = await Promise.all(Array.from({ length: 3 }, freePort));
  for (const port of ports) {
    assert.ok(port >= 10_000 && port < 30_000);
    await assert.rejects(ask(port, ''), { code: 'ECONNREFUSED' });
  }
});
