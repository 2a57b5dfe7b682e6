import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filterProblem, matches, topicProblem } from '../dist/topic.js';

test("topics to publish to are plain, of bounded length and depth, and not the server's own", () => {
  for (const topic of [
    'a',
    '/',
    'a/b/ü 😀',
    '$aws/things',
    '$sys',
    '$SHARE/a/b',
    '$CONTROL',
    'a/$SYS',
    'x'.repeat(65_535),
  ])
    assert.equal(topicProblem(topic), undefined, topic);
  const bad = [
    '',
    'a/+',
    '#',
    'a#',
    'a\0b',
    'a\nb',
    '\u0085',
    '\uD800',
    '\uFFFF',
    '$SYS',
    '$SYS/x',
    '$SYSTEM',
    '$share',
    '$share/g/x',
    '$shared/x',
    '$CONTROL/x',
    'ü'.repeat(32_768),
    '/'.repeat(100),
  ];
  for (const topic of bad) assert.notEqual(topicProblem(topic), undefined, JSON.stringify(topic.slice(0, 10)));
});

test('wildcards stand for whole levels, and # for the last', () => {
  for (const filter of ['#', '+', 'a/#', '+/+/b', '/+', '$SYS/#', '$share/g/a/#', '$share/g/+', '$share/g//'])
    assert.equal(filterProblem(filter), undefined, filter);
  const badShares = [
    '$share',
    '$share/',
    '$share/g',
    '$share/g/',
    '$share//a',
    '$share/+/a',
    '$share/#',
    '$shared/g/a',
  ];
  for (const filter of ['', 'a#', 'a/#/b', 'a+', '+a/b', '##', 'a\0', ...badShares])
    assert.notEqual(filterProblem(filter), undefined, filter);
});

test('a filter matches what MQTT says it matches', () => {
  const cases: readonly (readonly [filter: string, topic: string, expected: boolean])[] = [
    ['a/b', 'a/b', true],
    ['a/b', 'a/b/c', false],
    ['a/b/c', 'a/b', false],
    ['a/#', 'a', true],
    ['a/#', 'a/b/c', true],
    ['#', 'a', true],
    ['#', '$SYS/a', false],
    ['+/a', '$SYS/a', false],
    ['$SYS/#', '$SYS/a', true],
    ['+', 'a', true],
    ['+', '/a', false],
    ['+/+', '/a', true],
    ['a/+', 'a', false],
    ['a/+/c', 'a//c', true],
    ['$share/group/a/+', 'a/b', true],
    ['$share/group/a', '$share/group/a', false],
    ['$share/group/#', '$SYS/a', false],
  ];
  for (const [filter, topic, expected] of cases) assert.equal(matches(filter, topic), expected, `${filter} ${topic}`);
});
