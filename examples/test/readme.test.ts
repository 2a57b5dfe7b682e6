import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');
const BLOCKS = [...README.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language, text]) => ({
  language,
  text: text ?? '',
}));

const ofLanguage = (language: string): string[] =>
  BLOCKS.filter((block) => block.language === language).map(({ text }) => text);

/** A folder from which the packages are found, removed with the test. */
function folder(t: TestContext, files: Record<string, string>): string {
  const path = mkdtempSync(join(ROOT, 'examples', 'dist-test', 'readme-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  return path;
}

/** Runs to the end; the output so far is in `output`. */
function program(
  t: TestContext,
  command: string,
  args: string[],
): { child: ChildProcess; output: () => string; code: Promise<number | null> } {
  const child = spawn(command, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (data) => (output += data));
  child.stderr.on('data', (data) => (output += data));
  const code = once(child, 'close').then(([status]) => status as number | null);
  t.after(async () => {
    child.kill('SIGKILL');
    await code;
  });
  return { child, output: () => output, code };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

test('the README has no code block that no test knows', () => {
  assert.deepEqual(
    BLOCKS.map(({ language }) => language),
    ['js', 'js', 'ts', 'json'],
  );
});

test("the README's block of one's own has under 30 lines and produces to the broker", async (t) => {
  const [text = ''] = ofLanguage('js');
  assert.ok(text.trim().split('\n').length < 30);
  const port = await freePort();
  const path = join(folder(t, { 'ticker.mjs': text.replace('port: 18831', `port: ${port}`) }), 'ticker.mjs');
  const ticker = program(t, process.execPath, [path]);
  while (!ticker.output().includes('"event":"connected"')) {
    await Promise.race([once(ticker.child.stdout!, 'data'), ticker.code.then(() => assert.fail(ticker.output()))]);
  }
  const subscriber = program(t, 'mosquitto_sub', ['-h', '127.0.0.1', '-p', `${port}`, '-t', 'time', '-C', '1']);
  assert.equal(await subscriber.code, 0);
  assert.match(subscriber.output(), /^\d{4}-\d\d-\d\dT/);
  ticker.child.kill('SIGINT');
  assert.equal(await ticker.code, 0, ticker.output());
});

test("the README's two blocks talk without any server", async (t) => {
  const [, text = ''] = ofLanguage('js');
  const path = join(folder(t, { 'talk.mjs': text }), 'talk.mjs');
  const talk = program(t, process.execPath, [path]);
  assert.equal(await talk.code, 0, talk.output());
  assert.equal(talk.output(), '2 + 3 = 5\nlanded clean\n');
});

test("the README's typed example compiles as printed", async (t) => {
  const [text = ''] = ofLanguage('ts');
  const path = folder(t, {
    'adder.ts': text,
    'tsconfig.json':
      '{ "extends": "../../../tsconfig.base.json", "compilerOptions": { "noEmit": true, "composite": false, "isolatedDeclarations": false } }',
  });
  const compiler = program(t, process.execPath, [join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', path]);
  assert.equal(await compiler.code, 0, compiler.output());
});

test("the README's blocks.json passes the check", async (t) => {
  const [text = ''] = ofLanguage('json');
  const path = folder(t, {
    'blocks.json': text,
    'connector.json': '{ "module": "@sputnikjs/connector-mqtt", "embedded": true }',
  });
  const check = program(t, process.execPath, [
    join(ROOT, 'packages', 'sidecar', 'bin', 'sputnik.js'),
    'check',
    '--cf',
    path,
  ]);
  assert.equal(await check.code, 0, check.output());
  assert.match(check.output(), /ok, 4 blocks/);
});
