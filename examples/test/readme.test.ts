import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { freePort } from '@sputnikjs/testkit/servers';
import { blocksOf, compile, folder, program, ROOT, sputnik } from './support.js';

const BLOCKS = blocksOf('README.md');

const ofLanguage = (language: string): string[] =>
  BLOCKS.filter((block) => block.language === language).map(({ text }) => text);

test('the README has no code block that no test knows', () => {
  assert.deepEqual(
    BLOCKS.map(({ language }) => language),
    ['js', 'js', 'ts', 'json', 'json', 'sh'],
  );
});

test("the README's block of one's own has under 30 lines and produces to the broker", async (t) => {
  const [text = ''] = ofLanguage('js');
  assert.ok(text.trim().split('\n').length < 30);
  const port = await freePort();
  const path = join(folder(t, { 'ticker.mjs': text.replace('port: 18831', `port: ${port}`) }), 'ticker.mjs');
  const ticker = program(t, process.execPath, path);
  while (!ticker.output().includes('"event":"connected"')) {
    await Promise.race([once(ticker.child.stdout!, 'data'), ticker.code.then(() => assert.fail(ticker.output()))]);
  }
  const subscriber = program(t, 'mosquitto_sub', '-h', '127.0.0.1', '-p', `${port}`, '-t', 'time', '-C', '1');
  assert.equal(await subscriber.code, 0);
  assert.match(subscriber.output(), /^\d{4}-\d\d-\d\dT/);
  ticker.child.kill('SIGINT');
  assert.equal(await ticker.code, 0, ticker.output());
});

test("the README's two blocks talk without any server", async (t) => {
  const [, text = ''] = ofLanguage('js');
  const talk = program(t, process.execPath, join(folder(t, { 'talk.mjs': text }), 'talk.mjs'));
  assert.equal(await talk.code, 0, talk.output());
  assert.equal(talk.output(), '2 + 3 = 5\nlanded clean\n');
});

test("the README's typed example compiles as printed", async (t) => {
  const [text = ''] = ofLanguage('ts');
  const compiler = compile(t, text);
  assert.equal(await compiler.code, 0, compiler.output());
});

test("the README's blocks.json passes the check", async (t) => {
  const [text = ''] = ofLanguage('json');
  const connector = '{ "module": "@sputnikjs/connector-mqtt", "embedded": true }';
  const check = sputnik(t, 'check', '--cf', folder(t, { 'blocks.json': text, 'connector.json': connector }));
  assert.equal(await check.code, 0, check.output());
  assert.match(check.output(), /ok, 4 blocks/);
});

for (const document of ['README.md', 'apps/protocol-adapter/README.md']) {
  test(`the line for service managers in ${document} runs a satellite that SIGTERM lands`, async (t) => {
    const text = readFileSync(join(ROOT, document), 'utf8');
    const [, flag, path] = /\bnode (--\S+) (node_modules\/\S+) run --cf FOLDER/.exec(text) ?? [];
    assert.ok(flag && path);
    const satellite = program(t, process.execPath, flag, path, 'run', '--cf', folder(t, { 'blocks.json': '[]' }));
    while (!satellite.output().includes('"event":"launched"')) {
      await Promise.race([
        once(satellite.child.stdout!, 'data'),
        satellite.code.then(() => assert.fail(satellite.output())),
      ]);
    }
    satellite.child.kill('SIGTERM');
    assert.equal(await satellite.code, 0, satellite.output());
    assert.match(satellite.output(), /landed after SIGTERM in \d+ ms, clean/);
  });
}
