import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomFrom } from '@sputnikjs/testkit';
import { AnswerBounds, NOT_REDIS } from '../dist/answer-bounds.js';

const tooLarge = (bytes: number): Error => new Error(`${bytes}`);

/** What it says of bytes that come in pieces of such a size. */
function said(text: string, most: number, size: number): string | undefined {
  const bounds = new AnswerBounds(most, tooLarge);
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) {
    const problem = bounds.take(bytes.subarray(at, at + size));
    if (problem !== undefined) return problem.message;
  }
  return undefined;
}

const GOOD = ['+OK\r\n', '-ERR no\r\n', ':-7\r\n', '$-1\r\n', '*-1\r\n', '*0\r\n', '$0\r\n\r\n', '$5\r\na\r\nb\n\r\n'];

test('answers of all kinds pass, in pieces of any size, each counted by itself', () => {
  const random = randomFrom(7);
  const answer = (depth: number): string => {
    const one = GOOD[Math.floor(random() * GOOD.length)] ?? '';
    if (depth === 0 || random() < 0.4) return one;
    const parts = Array.from({ length: Math.floor(random() * 4) }, () => answer(depth - 1));
    return `*${parts.length}\r\n${parts.join('')}`;
  };
  for (let time = 0; time < 300; time++) {
    const answers = Array.from({ length: 5 }, () => answer(4));
    const most = Math.max(...answers.map(({ length }) => length));
    for (const size of [1, 2, 3, 7, 1000])
      assert.equal(said(answers.join(''), most, size), undefined, JSON.stringify(answers));
  }
});

test('an answer that is too large is refused when it is announced, with all that is within it', () => {
  assert.equal(said('$95\r\n', 100, 1), '102');
  assert.equal(said('$93\r\n', 100, 1), undefined);
  assert.equal(said('+OK\r\n*2\r\n$89\r\n', 100, 1), undefined);
  assert.equal(said(`*2\r\n$40\r\n${'a'.repeat(40)}\r\n$44\r\n`, 100, 1), '102');
  assert.equal(said(`+${'a'.repeat(100)}`, 100, 50), '101');
});

test('what is no answer is refused at once', () => {
  for (const text of [
    'x',
    '_\r\n',
    '$\r\n',
    '*\r\n',
    '$-2\r\n',
    '$-\r\n',
    '$--1\r\n',
    '*1-\r\n',
    '$1e3\r\n',
    '+OK\rx',
    '$9999999999999',
  ])
    for (const size of [1, 100]) assert.equal(said(text, 1e20, size), NOT_REDIS, JSON.stringify(text));
});

test('an answer of very many values is refused, be they announced at once or in lists within lists', () => {
  assert.match(said('*300000\r\n', 1e9, 1) ?? '', /more than 262144 values/);
  assert.match(said('*65536\r\n'.repeat(5), 1e9, 1) ?? '', /more than 262144 values/);
  assert.equal(said('*65536\r\n*65536\r\n', 1e9, 1), undefined);
});

test('answers may be larger from some moment on, that too which has begun', () => {
  const bounds = new AnswerBounds(10, tooLarge);
  assert.equal(bounds.take(Buffer.from('+OK\r\n$1')), undefined);
  bounds.raise(100, tooLarge);
  assert.equal(bounds.take(Buffer.from('5\r\n')), undefined);
  assert.equal(bounds.take(Buffer.from(`${'$'.repeat(15)}\r\n+OK\r\n`)), undefined);
});
