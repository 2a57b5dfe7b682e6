import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { HTTP_GATEWAY_CONFIG, REFUSALS } from '@sputnikjs/adapter-http';
import { BATCH_TYPES } from '../dist/read/batch.js';

const TEXT = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const rows = TEXT.split('\n')
  .filter((line) => line.startsWith('| '))
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
const codesIn = (cell = ''): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);

describe('the README', () => {
  test('lists each refusal with its status, and each type of a batch', () => {
    const told = rows.filter(([status = '', code = '']) => /^\d{3}$/.test(status) && code !== '');
    assert.deepEqual(
      told.map(([status, code]) => [codesIn(code)[0], Number(status)]),
      Object.entries(REFUSALS).map(([code, { status }]) => [code, status]),
    );
    const types = rows.filter(([first = '']) => first.startsWith('`application/')).flatMap(([first]) => codesIn(first));
    assert.deepEqual(types, BATCH_TYPES);
  });

  test('has an example of tokens that the configuration takes', () => {
    const [, example = ''] = /^ {4}(\{ "tokens".*)$/m.exec(TEXT) ?? [];
    assert.ok(HTTP_GATEWAY_CONFIG.safeParse(JSON.parse(example)).success);
  });
});
