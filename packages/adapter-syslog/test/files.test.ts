import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, statSync } from 'node:fs';
import { connect, Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { SyslogMessage } from '@sputnikjs/adapter-syslog';
import { authority, temporaryFolder } from './certificates.js';
import { Collector, prepare } from './support.js';

interface Line {
  readonly event?: string;
  readonly port?: number;
  readonly text?: string;
}

/** A receiver in a process of its own that may open so many files. */
async function receiverWith(t: TestContext, maxFiles: number) {
  const program = fileURLToPath(new URL('fixtures/few-files.js', import.meta.url));
  const limited = ['-c', `ulimit -n ${maxFiles} && exec "$0" "$@"`, process.execPath, program];
  const child = spawn('sh', limited, { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const lines: Line[] = [];
  const ended = once(child, 'close') as Promise<[number | null]>;
  const port = await new Promise<number>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (text) => {
      const line = JSON.parse(text) as Line;
      lines.push(line);
      if (line.event === 'listening') resolve(line.port ?? 0);
    });
    void ended.then(() => reject(new Error(`it did not start: ${JSON.stringify(lines)}`)));
  });
  return { child, port, ended, of: (event: string) => lines.filter((line) => line.event === event) };
}

test('a receiver that has no file left for connections says so once in a while, not for each, and goes on when it has', async (t) => {
  const { child, port, ended, of } = await receiverWith(t, 400);
  const sockets: Socket[] = [];
  for (let count = 0; count < 600; count++) {
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    sockets.push(socket);
    await once(socket, 'connect');
  }
  while (of('outOfFiles').length === 0) await sleep(50);
  assert.match(of('fewFiles')[0]?.text ?? '', /1024 connections .* 400 files/);
  for (const socket of sockets) socket.destroy();
  const again = async (): Promise<void> => {
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    socket.end('<13>hello\n');
    await once(socket, 'close');
  };
  while (of('message').length === 0) await again();
  assert.ok(of('outOfFiles').length <= 2, `${of('outOfFiles').length} lines`);
  child.kill('SIGTERM');
  assert.deepEqual(await ended, [0, null]);
});

test('a key that everybody can read is told of at the start', async (t) => {
  const pair = authority(temporaryFolder(t), 'one');
  const receiver = { listeners: [{ transport: 'tls', port: 0, ...pair }] };
  for (const [mode, files] of [
    [0o644, [pair.keyFile]],
    [0o600, []],
  ] as const) {
    chmodSync(pair.keyFile, mode);
    const { flight, logs } = await prepare(new Collector<SyslogMessage>(), 'syslogproducer', { receiver });
    await flight.shootDown();
    assert.deepEqual(
      logs.of('readableSecret').map((line) => line['file']),
      files,
    );
  }
});

test('a Unix socket is for its user only until it has its permissions', async (t) => {
  const path = join(temporaryFolder(t), 'log');
  const modes: number[] = [];
  // the moment between the two is seen from within only
  // oxlint-disable-next-line typescript/unbound-method -- it is applied to each server
  const { listen } = Server.prototype;
  t.mock.method(Server.prototype, 'listen', function (this: Server, ...args: Parameters<typeof listen>) {
    const result = listen.apply(this, args);
    modes.push(statSync(path).mode & 0o777);
    return result;
  });
  const before = process.umask(0);
  t.after(() => void process.umask(before));
  const receiver = { listeners: [{ transport: 'unix', path, mode: '0620' }] };
  const { flight } = await prepare(new Collector<SyslogMessage>(), 'syslogproducer', { receiver });
  modes.push(statSync(path).mode & 0o777);
  assert.deepEqual(modes, [0o600, 0o620]);
  assert.equal(process.umask(0), 0, 'the mask is as it was');
  await flight.shootDown();
});
