import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SputnikError } from '@sputnikjs/core';
import { jsonError } from '../dist/folder/json-error.js';
import { parse } from '../dist/folder/parse.js';

async function problemOf(file: string, text: string): Promise<string> {
  try {
    await parse(file, text);
  } catch (error) {
    if (error instanceof SputnikError && error.code === 'BAD_CONFIG') return error.problems.join('\n');
    throw error;
  }
  throw new Error('it parses');
}

test('JSON and YAML give the same value', async () => {
  const value = { port: 80, hosts: ['a', 'b'], tls: { on: true, ca: null } };
  assert.deepEqual(await parse('x.json', JSON.stringify(value)), value);
  assert.deepEqual(await parse('x.yaml', 'port: 80\nhosts: [a, b]\ntls:\n  on: true\n  ca: null\n'), value);
  assert.deepEqual(await parse('x.yml', '# nothing\n'), null);
});

test('a byte order mark in front is not content', async () => {
  assert.deepEqual(await parse('x.json', '\uFEFF{"a":1}'), { a: 1 });
  assert.deepEqual(await parse('x.yaml', '\uFEFFa: 1'), { a: 1 });
});

test('JSON that does not parse tells file, line, column and what should be there', async () => {
  assert.equal(await problemOf('x.json', '{\n  "a": 1,\n  "b" 2\n}'), 'x.json:3:7: expected ":", found something else');
  assert.equal(await problemOf('x.json', '[1,\n]'), 'x.json:2:1: expected a value, found something else');
  assert.equal(await problemOf('x.json', '{"a":1'), 'x.json:1:7: expected "," or "}", found the end of the file');
  assert.equal(await problemOf('x.json', ''), 'x.json:1:1: expected a value, found the end of the file');
  assert.equal(await problemOf('x.json', '{} {}'), 'x.json:1:4: expected the end of the file, found something else');
});

test('YAML that does not parse tells file, line and column', async () => {
  assert.match(await problemOf('x.yaml', 'a: 1\nb: [1, 2'), /^x\.yaml:2:\d+: /);
  assert.match(await problemOf('x.yaml', 'a: 1\na: 2'), /^x\.yaml:2:1: Map keys must be unique/);
  assert.match(await problemOf('x.yaml', 'a: 1\n---\nb: 2'), /one document/);
});

test('a key of YAML that is a list or a mapping is a problem, and no warning of Node', async () => {
  assert.match(
    await problemOf('x.yaml', 'a: 1\nport: {{ .Values.port }}'),
    /^x\.yaml:2:8: a key is a list or a mapping/,
  );
  assert.match(await problemOf('x.yaml', '? [a, b]\n: 1'), /^x\.yaml:1:3: .* quote it/);
});

test('what does not parse is not quoted, since it may be a secret', async () => {
  for (const text of ['{"password":"hunter2" x}', '{"password":"hunter2\n"}', '{"password":hunter2}']) {
    assert.ok(!(await problemOf('x.json', text)).includes('hunter2'), text);
  }
  for (const text of ['password: "hunter2', 'password: *hunter2', 'password: hunter2: x', '{password: hunter2']) {
    assert.ok(!(await problemOf('x.yaml', text)).includes('hunter2'), text);
  }
});

test('the place of a JSON error is found exactly where JSON.parse finds that there is one', () => {
  const good = '{"a":[1,-2.5e+3,"x\\u00e9\\n",true,null],"b":{"c":{}},"d":[],"e":"\\"" }';
  const bits = ['', ' ', '"', '\\', ',', ':', '{', '}', '[', ']', '0', '-', 'e', '.', 'x', '\n', '\u0001', 'true'];
  assert.equal(jsonError(good), undefined);
  for (let at = 0; at <= good.length; at++) {
    for (const bit of bits) {
      for (const cut of [0, 1]) {
        const text = good.slice(0, at) + bit + good.slice(at + cut);
        assert.equal(jsonError(text) === undefined, parses(text), text);
      }
    }
  }
});

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
