import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { SYSLOG_WRITER, syslogwriter, type UnsentMessage } from '@sputnikjs/adapter-syslog';
import { defineBlock, Sputnik, type BlockCommunicator, type Flight } from '@sputnikjs/core';
import { RotatingFile } from '../dist/deliver/rotating-file.js';
import { Logs, until } from './support.js';

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'sputnik-writer-'));
  t.after(() => rm(path, { recursive: true }));
  return path;
}

interface Rig {
  readonly flight: Flight;
  readonly logs: Logs;
  readonly to: BlockCommunicator<UnsentMessage>;
}

async function rig(config: object): Promise<Rig> {
  const logs = new Logs();
  let to: Rig['to'] | undefined;
  const sender = defineBlock({
    name: 'sender',
    needs: { writer: SYSLOG_WRITER },
    make: (_, { writer }) => {
      to = writer;
      return {};
    },
  });
  const flight = await new Sputnik({
    appBlocks: [{ name: 'syslogwriter' }, { name: 'sender' }],
    blockFactories: { syslogwriter, sender },
    config: (name) => (name === 'syslogwriter' ? config : undefined),
    log: logs.log,
  }).prepare();
  void flight.launch();
  assert.ok(to);
  return { flight, logs, to };
}

interface Line {
  readonly written_at: string;
  readonly target: string;
  readonly reason: string;
  readonly message: { readonly n: number };
}

async function linesOf(path: string): Promise<Line[]> {
  const text = await readFile(path, 'utf8');
  assert.ok(text.endsWith('\n'));
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
}

test('each message is a line that says when, whereto, why and what; a folder that is missing is made', async (t) => {
  const path = join(await folder(t), 'new', 'unsent.ndjson');
  const { flight, to } = await rig({ path });
  to.send({ target: 'logs', payload: '{"n":1}', reason: 'too "large"' });
  to.send({ target: 'logs', payload: Buffer.from('{"n":2}'), reason: 'away' });
  assert.equal((await flight.shootDown()).clean, true);
  const [first, second, ...others] = await linesOf(path);
  assert.ok(first && Math.abs(Date.parse(first.written_at) - Date.now()) < 60_000);
  assert.deepEqual(
    [first, second, ...others].map((line) => [line?.target, line?.reason, line?.message]),
    [
      ['logs', 'too "large"', { n: 1 }],
      ['logs', 'away', { n: 2 }],
    ],
  );
});

test('a file that is full is followed by the next; of so many the oldest is deleted, and that is told', async (t) => {
  const path = join(await folder(t), 'unsent.ndjson');
  await writeFile(`${path}.1`, 'of an earlier run\n');
  const { flight, to, logs } = await rig({ path, maxBytes: 1024, maxFiles: 3 });
  for (let n = 0; n < 60; n++) await to.ask({ target: 'logs', payload: `{"n":${n}}`, reason: 'away' });
  assert.equal((await flight.shootDown()).clean, true);
  const files = [`${path}.2`, `${path}.1`, path];
  assert.deepEqual((await readdir(join(path, '..'))).toSorted(), [
    'unsent.ndjson',
    'unsent.ndjson.1',
    'unsent.ndjson.2',
  ]);
  const kept: number[] = [];
  for (const file of files) {
    assert.ok((await stat(file)).size <= 1024);
    kept.push(...(await linesOf(file)).map(({ message }) => message.n));
  }
  const [oldest = NaN] = kept;
  assert.ok(oldest > 0);
  assert.deepEqual(
    kept,
    Array.from({ length: 60 - oldest }, (_, i) => oldest + i),
  );
  const [line] = logs.of('unsentDeleted');
  assert.deepEqual([line?.['path'], line?.level], [`${path}.2`, 'warn']);
});

test('what was written before the process was started again is kept', async (t) => {
  const path = join(await folder(t), 'unsent.ndjson');
  for (let n = 0; n < 2; n++) {
    const { flight, to } = await rig({ path });
    to.send({ target: 'logs', payload: `{"n":${n}}`, reason: 'away' });
    await flight.shootDown();
  }
  assert.deepEqual(
    (await linesOf(path)).map(({ message }) => message.n),
    [0, 1],
  );
});

test('what is there counts to the size of the file; a text larger than a file has one of its own', async (t) => {
  const path = join(await folder(t), 'a');
  for (const text of ['more than ten\n', 'more than twenty octets\n']) {
    const file = new RotatingFile(path, 10, 3, () => {});
    await file.open();
    await file.write(Buffer.from(text));
    await file.close();
  }
  assert.equal(await readFile(path, 'utf8'), 'more than twenty octets\n');
  assert.equal(await readFile(`${path}.1`, 'utf8'), 'more than ten\n');
  assert.deepEqual((await readdir(join(path, '..'))).toSorted(), ['a', 'a.1']);
});

test('many messages at once are all written, in order', async (t) => {
  const path = join(await folder(t), 'unsent.ndjson');
  const { flight, to } = await rig({ path });
  for (let n = 0; n < 20_000; n++) assert.ok(await to.post({ target: 'logs', payload: `{"n":${n}}`, reason: 'away' }));
  await flight.shootDown();
  assert.deepEqual(
    (await linesOf(path)).map(({ message }) => message.n),
    Array.from({ length: 20_000 }, (_, n) => n),
  );
});

test('a path that cannot be written fails init, saying so', async (t) => {
  const path = join(await folder(t), 'file');
  await writeFile(path, '');
  await assert.rejects(rig({ path: join(path, 'unsent.ndjson') }), {
    message: /cannot be written .* Configure another "path"/,
  });
});

test('a write that fails is a failure of its messages, and the next one goes on', async (t) => {
  const path = await folder(t);
  const file = new RotatingFile(join(path, 'a'), 10, 2, () => {});
  await file.open();
  await file.write(Buffer.from('12345\n'));
  // the next file cannot be made
  await rm(path, { recursive: true });
  await writeFile(path, '');
  await assert.rejects(file.write(Buffer.from('67890\n')));
  await rm(path);
  await file.write(Buffer.from('abcde\n'));
  await file.write(Buffer.from('fghij\n'));
  await file.close();
  assert.equal(await readFile(join(path, 'a'), 'utf8'), 'fghij\n');
  assert.equal(await readFile(join(path, 'a.1'), 'utf8'), 'abcde\n');
});

test('a disk that is full costs what does not fit on it, counted; the satellite flies on', async (t) => {
  if (process.platform !== 'linux') return t.skip('there is no /dev/full');
  const { flight, to } = await rig({ path: '/dev/full' });
  to.send({ target: 'logs', payload: '{}', reason: 'away' });
  await until(() => flight.status().blocks.some(({ name, failed }) => name === 'syslogwriter' && failed === 1));
  await assert.rejects(to.ask({ target: 'logs', payload: '{}', reason: 'away' }), { code: 'ASK_FAILED' });
  assert.equal(flight.status().state, 'flying');
  await flight.shootDown();
});
