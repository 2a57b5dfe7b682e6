import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mayBind } from '../dist/routing.js';

test('whether a binding may take a target is what the type of the exchange makes of its key', () => {
  const cases: readonly (readonly [
    type: Parameters<typeof mayBind>[0],
    key: string,
    target: string,
    taken: boolean,
  ])[] = [
    ['fanout', 'a', 'b', true],
    ['headers', '', 'b', true],
    ['direct', 'a.b', 'a.b', true],
    ['direct', '#', 'a.b', false],
    ['direct', '#', '#', true],
    ['topic', '#', 'a.b.c', true],
    ['topic', '#', '', true],
    ['topic', '*', '', true],
    ['topic', '*', 'a.b', false],
    ['topic', '*.err', 'kern.err', true],
    ['topic', '*.err', 'kern.sub.err', false],
    ['topic', '#.err', 'err', true],
    ['topic', '#.err', 'kern.sub.err', true],
    ['topic', 'a.#.b', 'a.b', true],
    ['topic', 'a.#.b', 'a.x.y.b', true],
    ['topic', 'a.#.b', 'a.b.c', false],
    ['topic', 'a.*.#', 'a', false],
    ['topic', '#.#', 'a', true],
    [undefined, 'a.*', 'a.b', true],
    [undefined, 'a.*', 'b.a', false],
  ];
  for (const [type, key, target, taken] of cases)
    assert.equal(mayBind(type, key, target), taken, `${type} ${key} ${target}`);
});

test('a key of many wildcards takes no time', () => {
  assert.equal(mayBind('topic', `${'#.'.repeat(60)}x`, 'a.'.repeat(120)), false);
});
