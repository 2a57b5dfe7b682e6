import assert from 'node:assert/strict';
import { readdirSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { check } from '@sputnikjs/sidecar';
import { freePort } from '@sputnikjs/testkit/servers';
import { blocksOf, compileAll, fileOf, folder, program, ROOT, sputnik, type Block } from './support.js';

const CONNECTOR = '{ "module": "@sputnikjs/connector-mqtt", "embedded": true }';
/** The file of one's own that examples of blocks.json name. */
const WEBHOOK = `
  import { defineBlock } from '@sputnikjs/core';
  import { PRODUCER } from '@sputnikjs/messaging';
  export const webhook = defineBlock({ name: 'webhook', needs: { producer: PRODUCER }, make: () => ({}) });
`;

/** Where examples have certificates, keys and the like; what of it matters to what checks them. */
const ETC = '/etc/satellite';
const PEM = '-----BEGIN CERTIFICATE-----\n-----BEGIN NATS USER JWT-----\n-----BEGIN USER NKEY SEED-----\n';

/** An example whose files are there. */
function withFiles(t: TestContext, text: string): string {
  const names = [...text.matchAll(/\/etc\/satellite\/([\w.-]+)/g)].map(([, name = '']) => name);
  return text.replaceAll(ETC, folder(t, Object.fromEntries(names.map((name) => [name, PEM]))));
}

/** A code block of a README. */
interface Example extends Block {
  readonly title: string;
  /** The program that came of it, if it is TypeScript. */
  readonly path: string;
}

/** What has no default where messages are posted to a URL. */
const POSTS = {
  'consumer.json': '{ "source": "orders" }',
  'webhook.json': JSON.stringify({
    url: 'https://shop.example/hook',
    secret: `whsec_${Buffer.alloc(32).toString('base64')}`,
  }),
};

/** What `httpupstream` and `responder` need beside their entries. */
const ANSWERS = {
  'httpupstream.json': JSON.stringify({ url: 'http://127.0.0.1:8000' }),
  'responder.json': JSON.stringify({ source: 'prices' }),
};

/** How each language of code block is put to the test. */
const TRIALS: Record<string, (t: TestContext, example: Example) => Promise<void>> = {
  async json(t, { text }) {
    const value: unknown = JSON.parse(text);
    if (Array.isArray(value) && value.some((entry) => 'Selector' in Object(entry))) return routes(t, text);
    const isConnector = typeof value === 'object' && value !== null && 'module' in value;
    if (!Array.isArray(value) && !isConnector) return;
    const files = Array.isArray(value)
      ? { 'blocks.json': text, 'connector.json': CONNECTOR, 'webhook.js': WEBHOOK }
      : { 'blocks.json': '[{ "name": "producer" }]', 'connector.json': withFiles(t, text) };
    const posts = text.includes('@sputnikjs/adapter-webhook') ? POSTS : {};
    const answers = text.includes('httpupstream') ? ANSWERS : {};
    await passes(folder(t, { ...files, ...posts, ...answers, 'package.json': '{ "type": "module" }' }));
  },
  // the test of units has systemd look at it
  async ini(_t, { text }) {
    assert.match(text, /^\[Socket\]$/m);
  },
  async sh(t, { text }) {
    const cf = folder(t, { 'blocks.json': '[]' });
    for (const [, command = ''] of text.matchAll(/^sputnik (\w+) --cf conf\b/gm)) {
      const running = sputnik(t, command, '--cf', cf);
      running.child.stdout?.on('data', () => {
        if (!running.child.killed && running.output().includes('"event":"launched"')) running.child.kill('SIGTERM');
      });
      assert.equal(await running.code, 0, running.output());
    }
  },
  async ts(t, { path }) {
    const run = program(t, process.execPath, path);
    assert.equal(await run.code, 0, run.output());
  },
};

/** Routes are read when the satellite starts. */
async function routes(t: TestContext, text: string): Promise<void> {
  const module = '@sputnikjs/adapter-syslog';
  const blocks = ['producer', 'syslogproducer', 'syslogreceiver'].map((name) => ({
    name,
    ...(name !== 'producer' && { module }),
  }));
  const cf = folder(t, {
    'blocks.json': JSON.stringify(blocks),
    'connector.json': CONNECTOR,
    'syslogreceiver.json': JSON.stringify({ port: await freePort() }),
    'syslogconf.json': text,
  });
  const running = sputnik(t, 'run', '--cf', cf);
  running.child.stdout?.on('data', () => {
    if (!running.child.killed && running.output().includes('"event":"launched"')) running.child.kill('SIGTERM');
  });
  assert.equal(await running.code, 0, running.output());
}

async function passes(cf: string): Promise<void> {
  assert.deepEqual((await check({ cf })).problems, []);
}

const blocks = readdirSync(join(ROOT, 'packages'))
  .map((name) => `packages/${name}/README.md`)
  .filter((document) => existsSync(join(ROOT, document)))
  .flatMap((document) =>
    blocksOf(document).map((block, index) => ({ ...block, title: `code block ${index + 1} of ${document}` })),
  );

test('each code block in the README of a package works', { concurrency: 2 }, async (t) => {
  const programs = blocks.filter(({ language }) => language === 'ts');
  const pathOf = await compileAll(t, new Map(programs.map(({ title, text }) => [fileOf(title), text])));
  const trials = blocks.map((block) =>
    t.test(`${block.title} works`, async (t) => {
      const trial = TRIALS[block.language];
      assert.ok(trial, `there is no trial for ${block.language}`);
      await trial(t, { ...block, path: pathOf(fileOf(block.title)) });
    }),
  );
  await Promise.all(trials);
});
