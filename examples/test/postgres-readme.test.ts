import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { freePort, natsServer } from '@sputnikjs/testkit/servers';
import { postgresServer, urlOf } from './postgres-server.js';
import { EXAMPLE } from './postgres-writer.js';
import { blocksOf, program } from './support.js';

const DOCUMENT = 'examples/postgres-writer/README.md';
const BLOCKS = blocksOf(DOCUMENT);

const ofLanguage = (language: string): string[] =>
  BLOCKS.filter((block) => block.language === language).map(({ text }) => text);

/** Runs a block of the document with a database of its own and free ports; resolves with what it prints beside the log of satellites. */
async function run(t: TestContext, text: string, env: Record<string, string> = {}): Promise<string> {
  const postgres = await postgresServer(t);
  await postgres.start();
  const ports = { HTTPGATEWAY_PORT: `${await freePort()}`, SYSLOGRECEIVER_PORT: `${await freePort()}` };
  const variables = Object.entries({ ...env, ...ports, DATABASE: urlOf(postgres), SPUTNIK_ADMIN_PORT: '0' });
  const own = text.replaceAll(/127\.0\.0\.1:1808\d/g, `127.0.0.1:${ports.HTTPGATEWAY_PORT}`);
  const pairs = variables.map(([name, value]) => `${name}=${value}`);
  const shell = program(t, 'env', ...pairs, 'bash', '-euo', 'pipefail', '-c', `${own}\nwait || true`);
  assert.equal(await shell.code, 0, shell.output());
  return shell
    .output()
    .split('\n')
    .filter((line) => !line.startsWith('{"level"'))
    .join('\n');
}

test(`${DOCUMENT} has no code block that no test knows, and shows the blocks of the satellites as they are`, () => {
  assert.deepEqual(
    BLOCKS.map(({ language }) => language),
    ['json', 'sh', 'text', 'json', 'sh'],
  );
  const files = ['conf', 'conf-queue'].map((folder) => readFileSync(join(EXAMPLE, folder, 'blocks.json'), 'utf8'));
  assert.deepEqual(ofLanguage('json'), files);
});

test('the writer stores what is posted, as its README says', { timeout: 120_000 }, async (t) => {
  const nats = await natsServer(t);
  await nats.start();
  const output = await run(t, ofLanguage('sh')[0] ?? '', { CONNECTOR_URL: nats.url });
  assert.ok(output.endsWith(ofLanguage('text')[0] ?? 'nothing'), output);
});

test('the connector has what is posted in the table, as its README says', { timeout: 120_000 }, async (t) => {
  const output = await run(t, ofLanguage('sh')[1] ?? '');
  assert.match(output, /^202$/m);
  assert.match(output, /^orders\|\{ "amount": 7 \}$/m);
});
