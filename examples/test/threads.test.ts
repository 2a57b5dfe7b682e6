import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { test } from 'node:test';
import { check } from '@sputnikjs/sidecar';
import { blocksOf, folder, ROOT } from './support.js';

const DEMO = join(ROOT, 'apps/protocol-adapter/conf/demo/blocks.json');

type Entry = Readonly<Record<string, unknown>>;

test('the list of docs/threads.md is that of the demo with one place changed, and nothing is wrong with it', async (t) => {
  const [list, ...others] = blocksOf('docs/threads.md');
  assert.deepEqual(others, []);
  const entries = JSON.parse(list?.text ?? '') as readonly Entry[];
  const without = entries.map(({ place: _place, restart: _restart, ...entry }) => entry);
  assert.deepEqual(without, JSON.parse(readFileSync(DEMO, 'utf8')));
  const elsewhere = entries.map((entry) =>
    typeof entry['folder'] === 'string' ? { ...entry, folder: resolve(dirname(DEMO), entry['folder']) } : entry,
  );
  const cf = folder(t, {
    'blocks.json': JSON.stringify(elsewhere),
    'connector.json': readFileSync(join(dirname(DEMO), 'connector.json'), 'utf8'),
  });
  assert.deepEqual((await check({ cf })).problems, []);
});
