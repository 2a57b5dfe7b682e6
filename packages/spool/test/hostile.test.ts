import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Changes } from '../dist/changes.js';
import { ask } from '../dist/control.js';
import { linesOf } from '../dist/lines.js';
import { filesOf } from '../dist/store/files.js';
import { inspectStore } from '../dist/store/inspection.js';
import { own, socketOf } from '../dist/store/owner.js';
import type { Problem } from '../dist/store/problem.js';
import { Store } from '../dist/store/store.js';
import { away, folder, spoolFlight } from './helpers.js';

const FIRST = '0000000000000001.segment';
const MIB = 1024 * 1024;

function open(path: string, onProblem: (problem: Problem) => void = () => {}): Promise<Store> {
  const options = { maxBytes: MIB, maxMessages: Infinity, now: () => 0, onChange() {}, onProblem };
  return Store.open(filesOf(path), options);
}

function append(store: Store, payload: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: unknown): void => (error === undefined ? resolve() : reject(error));
    store.append({ content: { target: 't', payload }, settle });
  });
}

/** A folder in which a store has left three messages. */
async function left(): Promise<string> {
  const path = folder();
  const store = await open(path);
  for (const payload of ['1', '2', '3']) await append(store, payload);
  await store.close();
  return path;
}

async function payloadsIn(store: Store): Promise<readonly string[]> {
  const found: string[] = [];
  for (let some = await store.take(100); some.length > 0; some = await store.take(100))
    found.push(...some.map(({ content }) => Buffer.from(content.payload).toString()));
  return found;
}

async function* none(): AsyncGenerator<string, void> {}

describe('the files of somebody else in the folder', () => {
  const names = [
    '9999999999999999.segment',
    '0000001000000000.segment',
    '-000000000000001.segment',
    '00000000000000e9.segment',
    '1.segment',
    'cursor.segment',
  ];
  for (const name of names)
    test(`D5: cost no message, and are not counted as lost ones: ${name}`, async () => {
      const path = await left();
      writeFileSync(join(path, name), 'not ours');
      const { kept } = await inspectStore(filesOf(path));
      assert.equal(kept, 3);
      const store = await open(path);
      await append(store, '4');
      assert.deepEqual(await payloadsIn(store), ['1', '2', '3', '4']);
      assert.deepEqual([store.kept, store.lost], [4, 0]);
      await store.close();
      assert.deepEqual(await payloadsIn(await open(path)), ['1', '2', '3', '4']);
    });

  test('D14: are not read or waited for in place of a segment: links, pipes, folders', async () => {
    const other = join(await left(), FIRST);
    const makes: readonly ((at: string) => unknown)[] = [
      (at) => symlinkSync('/dev/zero', at),
      (at) => symlinkSync(other, at),
      (at) => symlinkSync(at, at),
      (at) => execFileSync('mkfifo', [at]),
      (at) => mkdirSync(at),
    ];
    for (const make of makes) {
      const path = await left();
      unlinkSync(join(path, FIRST));
      make(join(path, FIRST));
      const said = { message: /0001\.segment is no file, but a link, a pipe or a folder\. Move it away$/ };
      await assert.rejects(open(path), said);
      await assert.rejects(inspectStore(filesOf(path)), said);
    }
  });

  test('D14: are not overwritten through a link, and the messages are refused meanwhile', async (t) => {
    const path = folder();
    const precious = join(folder(), 'precious');
    writeFileSync(precious, 'precious');
    const store = await open(path);
    t.after(() => store.close());
    symlinkSync(precious, join(path, 'segment.new'));
    await assert.rejects(append(store, '1'), /segment\.new is no file, but a link/);
    assert.equal(readFileSync(precious, 'utf8'), 'precious');
    unlinkSync(join(path, 'segment.new'));
    store.resume();
    await append(store, '2');
    assert.deepEqual(await payloadsIn(store), ['2']);
  });

  test('D14: are not read into memory where they are larger than those of a spool', async () => {
    const path = await left();
    truncateSync(join(path, FIRST), 600 * MIB);
    await assert.rejects(open(path), /0001\.segment has 629145600 bytes, more than a spool writes to a file/);
  });

  test('D8: are not replaced where the owner listens: only a socket is', async () => {
    for (const make of [mkdirSync, (at: string) => writeFileSync(at, 'precious')]) {
      const path = folder();
      make(join(path, 'owner'));
      await assert.rejects(own(path), /owner is no socket\. Move it away/);
      assert.deepEqual(readdirSync(path), ['owner']);
    }
  });
});

describe('who is connected to the owner', () => {
  const dial = (path: string): Socket => connect({ path: socketOf(path), allowHalfOpen: true }).on('error', () => {});

  test('D8: and says nothing is cut; a thousand of them take sixteen places, until then', async () => {
    const path = folder();
    await spoolFlight({ path }, away);
    let closed = 0;
    const sockets = Array.from({ length: 1_000 }, () => {
      const socket = connect(socketOf(path)).on('error', () => {});
      return socket.once('close', () => closed++).resume();
    });
    while (closed < 1_000 - 16) await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(sockets.filter(({ destroyed }) => !destroyed).length, 16);
    while (closed < 1_000) await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(await ask(path, 'drop', none()), 0);
  });

  test('and imports slowly keeps nobody from the dead letters', async () => {
    const path = folder();
    await spoolFlight({ path }, away);
    const slow = dial(path);
    slow.write('import\n{"target":"a","payload":"1"}\n');
    await once(slow, 'connect');
    assert.equal(await ask(path, 'drop', none()), 0);
    slow.end('{"target":"a","payload":"2"}\n');
    assert.equal(await text(slow), '{"count":2}\n');
  });

  test('is answered when it sends garbage, and has no line read that does not end', async () => {
    const path = folder();
    const { ask: send } = await spoolFlight({ path }, away);
    for (const garbage of ['\n', '\0\u009B2J\n', `${'x'.repeat(1_000_000)}\n`, '__proto__\n', 'constructor\n']) {
      const socket = dial(path);
      socket.end(garbage);
      assert.match(await text(socket), /"error":"the owner of the folder knows no /);
    }
    for (const beginning of ['', 'import\n']) {
      const socket = dial(path);
      let sent = 0;
      const chunk = Buffer.alloc(MIB, 'x');
      socket.write(beginning);
      while (!socket.destroyed && sent < 200)
        if (await new Promise((resolve) => socket.write(chunk, (error) => resolve(!error)))) sent++;
        else break;
      const answer = text(socket);
      socket.end();
      const said = await answer.catch(() => '');
      if (beginning !== '') assert.match(said, /a line is longer than 64 MiB; 0 messages were taken/);
      else assert.equal(said, '');
    }
    await send({ target: 't', payload: 'good' });
  });
});

test('what is kept does not steer the terminal, and comes back as it was', async () => {
  const path = folder();
  const { flight, ask: send } = await spoolFlight({ path }, away);
  const steers = '\u009B2J\u202E\u2028\u001B[2J';
  await send({ target: `t${steers}`, payload: steers, headers: { h: steers } });
  await flight.land();
  const program = fileURLToPath(new URL('../bin/sputnik-spool.js', import.meta.url));
  const run = (command: string, at: string, input = ''): string =>
    execFileSync(process.execPath, [program, command, at], { input, encoding: 'utf8' });
  const exported = run('export', path);
  for (const output of [exported, run('show', path)])
    // oxlint-disable-next-line no-control-regex -- it is these that must not be there
    assert.doesNotMatch(output, /[\u0000-\u0009\u000B-\u001F\u007F-\u009F\u2028-\u202E]/);
  const other = folder();
  run('import', other, exported);
  const [first] = exported
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.equal(first?.['payload'], steers);
  const store = await open(other);
  assert.deepEqual(await payloadsIn(store), [steers]);
  await store.close();
});

describe('what is imported', () => {
  test('is a line each, whatever its texts have, and however they come in', async () => {
    const all = ['a', '', 'b\u2028c\u2029d', '\u00fc'.repeat(10), 'last'];
    const bytes = Buffer.from(all.join('\n'));
    for (const size of [1, 3, 1_000]) {
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) =>
        bytes.subarray(n * size, (n + 1) * size),
      );
      const found: string[] = [];
      for await (const line of linesOf(Readable.from(chunks, { objectMode: false }))) found.push(line);
      assert.deepEqual(found, all);
    }
  });

  test('is held in part, however large its messages are', async () => {
    const line = JSON.stringify({ target: 't', payload: 'x'.repeat(MIB) });
    let [underWay, most] = [0, 0];
    const accept = async (): Promise<void> => {
      most = Math.max(most, ++underWay);
      await new Promise((resolve) => setImmediate(resolve));
      underWay--;
    };
    const changes = new Changes({ dead: await open(folder()), accept });
    async function* lines(): AsyncGenerator<string, void> {
      for (let n = 0; n < 100; n++) yield line;
    }
    assert.equal(await changes.import(lines()), 100);
    assert.ok(most <= 9, `${most} messages of a MiB were under way`);
  });
});
