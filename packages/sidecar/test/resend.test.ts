import assert from 'node:assert/strict';
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { UnsentFile } from '../dist/cli/unsent-file.js';
import { readUnsent, refusedLine } from '../dist/cli/unsent-line.js';
import { cli, folder } from './helpers.js';

function file(t: TestContext, content: string | Buffer): { path: string; dir: string } {
  const dir = mkdtempSync(join(tmpdir(), 'sputnik-resend-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const path = join(dir, 'unsent');
  writeFileSync(path, content);
  return { path, dir };
}

const read = (line: string | Buffer): string | { target: string; payload: string } => {
  const found = readUnsent(Buffer.from(line as string));
  return typeof found === 'string' ? found : { target: found.target, payload: found.payload.toString() };
};

test('the message of a line is cut out of it byte for byte, wherever it stands and whatever it holds', () => {
  for (const payload of [
    '{"message":{"message":[1,{"message":2}]},"target":"x"}',
    '"a string \\" with } and \\\\"',
    '[ 1.0 ,2e5, "\\u00e4ä😀" ]',
    '12345678901234567890',
    'null',
    '{}',
    '""',
  ]) {
    const expected = { target: 't', payload };
    assert.deepEqual(read(`{"written_at":1,"target":"t","reason":"r\\"}","message":${payload}}`), expected);
    assert.deepEqual(read(`{"message":${payload},"target":"t"}`), expected);
    assert.deepEqual(
      read(` { "mess\\u0061ge" : ${payload} , "target":"t", "deep":{"message":0}, "more":[{"message":1}]}\r`),
      expected,
    );
    assert.deepEqual(
      read(`{"message":0,"target":"t","message":${payload}}`),
      expected,
      'the last one, as JSON.parse has it',
    );
  }
});

test('a line that is no such message is told why', () => {
  for (const line of [
    '',
    '{',
    'null',
    '7',
    '[{"target":"t","message":1}]',
    '{"target":"t","message":{"a":1}',
    '\0\0\0',
  ]) {
    assert.equal(read(line), 'it is not a JSON object', line);
  }
  const torn = Buffer.concat([Buffer.from('{"target":"t","message":"'), Buffer.from([0xc3]), Buffer.from('"}')]);
  assert.equal(read(torn), 'it is not a JSON object', 'JSON is UTF-8');
  for (const line of ['{}', '{"target":"","message":1}', '{"target":1,"message":1}'])
    assert.equal(read(line), 'it has no "target"');
  assert.equal(read('{"target":"t","reason":{"message":1}}'), 'it has no "message"');
});

test('a message that is refused has the new reason, and all else as it was', () => {
  const line = readUnsent(Buffer.from('{"written_at":"w","target":"t","reason":"old","message":{"n": 1.0}}'));
  assert.ok(typeof line === 'object');
  assert.equal(
    refusedLine(line, 'new "one"').toString(),
    '{"written_at":"w","target":"t","reason":"new \\"one\\"","message":{"n": 1.0}}\n',
  );
});

test('whatever is taken, kept and replaced in between, and wherever it crashes, a line is there or was taken', async (t) => {
  let seed = 7;
  const random = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below;
  for (let round = 0; round < 30; round++) {
    const lines = Array.from(
      { length: 40 },
      (_, n) => `${n} ${'x'.repeat(random(4) === 0 ? random(400_000) : random(50))}`,
    );
    const { path, dir } = file(t, lines.join('\n') + (round % 2 ? '\n' : ''));
    const taken = new Set<string>();
    const stay = new Set(lines);
    for (let run = 0; run < 4; run++) {
      const unsent = await UnsentFile.open(path);
      const expected = readFileSync(path, 'utf8').split('\n').filter(Boolean);
      for (let n = random(50); n > 0; n--) {
        const line = await unsent.next();
        if (line === undefined) break;
        const text = line.bytes?.toString() ?? '';
        assert.equal(text, expected[line.number - 1]);
        const fate = random(3);
        if (fate === 0) await unsent.keep(line);
        else if (fate === 1) await unsent.replace(Buffer.from(`${text}\n`));
        else {
          unsent.remove(line);
          taken.add(text);
        }
        if (random(8) === 0) await unsent.save();
      }
      if (random(3) > 0) await unsent.finish();
      // else it has crashed: what is beside the file is nobody's business
      const left = existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : [];
      for (const text of stay) assert.ok(left.includes(text) || taken.has(text), text.slice(0, 20));
      assert.equal(new Set(left).size, left.length, 'none is there twice');
      await unsent.close();
      if (left.length === 0) break;
    }
    assert.deepEqual(
      readdirSync(dir).filter((name) => name !== 'unsent'),
      [],
      'nothing is left beside it',
    );
  }
});

test('an order is kept: what stays stands as it stood, and before what has not been read', async (t) => {
  const { path } = file(t, 'a\nb\nc\nd\ne\nf');
  const unsent = await UnsentFile.open(path);
  const next = async () => (await unsent.next()) ?? assert.fail();
  await unsent.keep(await next());
  unsent.remove(await next());
  await unsent.save();
  appendFileSync(path, 'g');
  await unsent.replace(Buffer.from(`${(await next()).bytes?.toString()}!\n`));
  unsent.remove(await next());
  assert.equal(await unsent.finish(), 2, 'lines that were not read');
  assert.equal(readFileSync(path, 'utf8'), 'a\nc!\ne\nfg');
  await unsent.close();
});

test('a line above the bound is never read as a whole, and stays', async (t) => {
  const long = 'x'.repeat(17 * 1024 * 1024);
  const { path } = file(t, `a\n${long}\nb\n`);
  const unsent = await UnsentFile.open(path);
  const [first, second, third] = [await unsent.next(), await unsent.next(), await unsent.next()];
  assert.ok(first && second && third);
  assert.deepEqual([second.bytes, third.bytes?.toString()], [undefined, 'b']);
  unsent.remove(first);
  await unsent.keep(second);
  unsent.remove(third);
  assert.equal(await unsent.finish(), 0);
  assert.equal(readFileSync(path, 'utf8'), `${long}\n`);
  await unsent.close();
});

test('where the new file cannot be written as a whole, the old one stays as it was', async (t) => {
  const { path, dir } = file(t, 'a\nb\nc\n');
  const unsent = await UnsentFile.open(path);
  const next = async () => (await unsent.next()) ?? assert.fail();
  unsent.remove(await next());
  const line = await next();
  renameSync(dir, `${dir}.away`);
  await assert.rejects(unsent.keep(line), /cannot be rewritten \(ENOENT.*some messages arrive twice/);
  renameSync(`${dir}.away`, dir);
  await assert.rejects(unsent.finish(), /cannot be rewritten/);
  await unsent.close();
  assert.equal(readFileSync(path, 'utf8'), 'a\nb\nc\n');
});

test('resend finds the problems of the whole folder, as check does, and needs a file', async (t) => {
  const { path } = file(t, '');
  const cf = await folder({ 'blocks.json': [{ name: 'produzer' }], 'connector.json': { module: './nowhere.js' } });
  const [check, resend, without] = await Promise.all([
    cli(['check', '--cf', cf]),
    cli(['resend', '--cf', cf, path]),
    cli(['resend', '--cf', cf]),
  ]);
  assert.deepEqual([resend.code, resend.stderr], [78, check.stderr]);
  assert.equal(without.code, 78);
  assert.match(without.stderr.join(), /missing required argument 'file'/);
});
