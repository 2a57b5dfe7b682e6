import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { blocksOf, ROOT } from './support.js';

const source = readFileSync(join(ROOT, 'examples', 'src', 'line-connector.ts'), 'utf8');

for (const [index, { text }] of blocksOf('docs/writing-a-connector.md').entries()) {
  test(`code block ${index + 1} of docs/writing-a-connector.md is in the connector that passes the suite`, () => {
    for (const part of text.trimEnd().split('\n\n')) assert.ok(source.includes(part), part);
  });
}
