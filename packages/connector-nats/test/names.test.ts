import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Names } from '../dist/names.js';

/** Names one message after the other, each acknowledged before the next. */
function inTurn(names: Names, count: number): number[] {
  return Array.from({ length: count }, () => {
    const { id, name } = names.take();
    assert.equal(names.acknowledged(name), id);
    return name;
  });
}

test('lasting names are used in turn, each again when all others have been', () => {
  const names = new Names();
  const first = inTurn(names, 1000);
  assert.equal(new Set(first).size, 1000);
  assert.deepEqual(inTurn(names, 2000), [...first, ...first]);
});

test('messages under way have different names, however many there are, and acknowledgements find them in any order', () => {
  const names = new Names();
  const taken = Array.from({ length: 5000 }, () => names.take());
  assert.equal(new Set(taken.map(({ name }) => name)).size, 5000);
  for (const { id, name } of taken.toReversed()) assert.equal(names.acknowledged(name), id);
  assert.equal(new Set(inTurn(names, 3000)).size, 1000);
});

test('numbers grow from message to message, whatever the names', () => {
  const names = new Names();
  const ids = Array.from({ length: 3000 }, () => {
    const { id, name } = names.take();
    if (id % 2 === 0) names.acknowledged(name);
    return id;
  });
  assert.deepEqual(
    ids,
    ids.toSorted((a, b) => a - b),
  );
  assert.equal(new Set(ids).size, 3000);
});

test('a name whose message was not acknowledged is not used again', () => {
  const names = new Names();
  const refused = names.take();
  assert.ok(!inTurn(names, 5000).includes(refused.name));
  assert.equal(names.holder(refused.name), refused.id);
});

test('when a message is acknowledged twice, no name is used again', () => {
  const names = new Names();
  const twice = names.take();
  const under = names.take();
  names.acknowledged(twice.name);
  assert.equal(names.acknowledged(twice.name), undefined);
  assert.equal(names.acknowledged(under.name), under.id);
  const next = inTurn(names, 5000);
  assert.equal(new Set([twice.name, under.name, ...next]).size, 5002);
});

test('what is no name of ours belongs to no message', () => {
  const names = new Names();
  for (const name of [Number.NaN, 0.5, 999, 4711]) {
    const id = names.holder(name);
    assert.ok(id === undefined || !(id < names.next), `${name} is taken for message ${id}`);
  }
});
