import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, lstatSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { SyslogMessage } from '@sputnikjs/adapter-syslog';
import { temporaryFolder } from './certificates.js';
import { program } from './program.js';
import { Collector, fly, prepare, stalled, texts, until } from './support.js';

function at(path: string, keys: object = {}) {
  return { receiver: { listeners: [{ transport: 'unix', path, ...keys }] } };
}

async function dialPath(t: TestContext, path: string): Promise<Socket> {
  const socket = connect(path);
  socket.on('error', () => {});
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

/** A socket whose process was killed. */
async function stale(path: string): Promise<void> {
  const listens = 'require("net").createServer().listen(process.argv[1], () => process.kill(process.pid, "SIGKILL"))';
  await once(spawn(process.execPath, ['-e', listens, path]), 'exit');
  assert.ok(lstatSync(path).isSocket());
}

test('messages arrive by a Unix socket, in any framing, and tell where they came in', async (t) => {
  const path = join(temporaryFolder(t), 'log');
  const collector = new Collector<SyslogMessage>();
  const { counts } = await fly(t, collector, 'syslogproducer', at(path));
  (await dialPath(t, path)).end('<13>line\n<13>as syslog(3) ends it\0');
  await collector.first(2);
  (await dialPath(t, path)).end('9 <13>count');
  const messages = await collector.first(3);
  assert.deepEqual(texts(messages), ['line', 'as syslog(3) ends it', 'count']);
  assert.deepEqual(messages[0]?.source, { address: path, port: 0, transport: 'unix', listener: path });
  const [{ name, transport, frames } = { name: '', transport: '', frames: 0 }] = (await counts()).listeners;
  assert.deepEqual({ name, transport, frames }, { name: path, transport: 'unix', frames: 3 });
});

test('what logger -u sends arrives: it finds out that it is a stream', async (t) => {
  const path = join(temporaryFolder(t), 'log');
  const collector = new Collector<SyslogMessage>();
  await fly(t, collector, 'syslogproducer', at(path));
  const [code] = await once(spawn('logger', ['-u', path, '-t', 'app', 'hello'], { stdio: 'inherit' }), 'exit');
  assert.equal(code, 0);
  assert.deepEqual(texts(await collector.first(1)), ['hello']);
});

test('the socket has the permissions configured, everybody may write otherwise; at landing it is gone', async (t) => {
  const folder = temporaryFolder(t);
  for (const [name, keys, mode] of [
    ['a', {}, 0o666],
    ['b', { mode: '0600' }, 0o600],
  ] as const) {
    const path = join(folder, name);
    const { flight } = await prepare(new Collector<SyslogMessage>(), 'syslogproducer', at(path, keys));
    assert.equal(statSync(path).mode & 0o777, mode);
    await flight.shootDown();
    assert.equal(existsSync(path), false);
  }
});

test('a socket that a killed process left is replaced', async (t) => {
  const path = join(temporaryFolder(t), 'log');
  await stale(path);
  const collector = new Collector<SyslogMessage>();
  await fly(t, collector, 'syslogproducer', at(path));
  (await dialPath(t, path)).end('<13>hello');
  assert.deepEqual(texts(await collector.first(1)), ['hello']);
});

test('a path that is taken fails init, saying by what, and is left alone', async (t) => {
  const folder = temporaryFolder(t);
  const [file, socket] = [join(folder, 'file'), join(folder, 'socket')];
  writeFileSync(file, 'mine');
  const other = createServer((connection) => connection.destroy()).listen(socket);
  await once(other, 'listening');
  t.after(() => void other.close());
  for (const [path, told] of [
    [file, /there is a file\. Move it away, or configure another "path"/],
    [socket, /another process listens there\. Stop it/],
    [join(folder, 'no', 'folder'), /its folder does not exist, or this user may not write to it/],
    [join(folder, 'x'.repeat(120)), /the path is too long for a socket/],
  ] as const) {
    const starts = prepare(new Collector<SyslogMessage>(), 'syslogproducer', at(path));
    await assert.rejects(
      starts,
      (error: Error) => error.message.includes(path.slice(0, 60)) && told.test(error.message),
    );
  }
  assert.ok(existsSync(file));
  const client = await dialPath(t, socket);
  client.destroy();
});

test('a socket of another kind that somebody listens at is left alone', async (t) => {
  const folder = temporaryFolder(t);
  const [conf, path] = [join(folder, 'conf'), join(folder, 'log')];
  const out = join(folder, 'out');
  writeFileSync(
    conf,
    `module(load="imuxsock" SysSock.Use="off")\ninput(type="imuxsock" Socket="${path}")\n*.* ${out}\n`,
  );
  program(t, 'rsyslogd', ['-n', '-f', conf, '-i', join(folder, 'pid')]);
  await until(() => existsSync(path));
  await assert.rejects(prepare(new Collector<SyslogMessage>(), 'syslogproducer', at(path)), {
    message: /another process listens there/,
  });
  assert.ok(existsSync(path));
});

test('a sender at a Unix socket is pushed back while the mailbox is full; then everything arrives, in order', async (t) => {
  const path = join(temporaryFolder(t), 'log');
  const collector = new Collector<SyslogMessage>(16);
  collector.close();
  const { status } = await fly(t, collector, 'syslogproducer', at(path));
  const socket = await dialPath(t, path);
  const total = 20_000;
  for (let i = 0; i < total; i++) socket.write(`<13>${i} ${'x'.repeat(500)}\n`);
  socket.end();
  await until(() => status('syslogproducer').rejected > 0);
  await stalled(socket);
  assert.ok(socket.writableLength > 0, 'the sender could send all');
  collector.open();
  const numbers = texts(await collector.first(total)).map((text) => Number.parseInt(text, 10));
  assert.deepEqual(numbers, [...numbers.keys()]);
});
