import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSyslog, type SyslogMessage } from '@sputnikjs/adapter-syslog';
import { toJson } from '../dist/json.js';
import { randomBytes, seeded } from './support.js';

const parse = (text: string, receivedAt = new Date(0)): SyslogMessage => parseSyslog(Buffer.from(text), receivedAt);

const full =
  '<13>1 2026-11-23T18:18:28Z host app 1 id [a b="\\"c" b="d"][__proto__ e="f"] some "text"\twith \\ and é and \u2028';

for (const text of [
  full,
  '<13>1 - - - - - - x',
  '<191>Nov 23 18:01:02 vm su[1]: \u0001\u007f',
  'raw',
  '',
  '<0>\uD83D\uDE80 \u0000!',
]) {
  test(`the JSON made by hand is what JSON.stringify makes: ${JSON.stringify(text)}`, () => {
    assert.equal(toJson(parse(text)), JSON.stringify(parse(text)));
  });
}

test('neighbours that differ in one of the common keys do not borrow from each other', () => {
  for (const message of [
    parse('<13>x'),
    parse('<14>x'),
    parse('<14>1 - - - - - - x'),
    parse('<14>1 - - - - - - x', new Date(1)),
    parse('<13>x'),
  ]) {
    assert.equal(toJson(message), JSON.stringify(message));
  }
});

test('a key that another block added is kept', () => {
  const enriched = { ...parse(full), site: 'Baikonur' };
  assert.equal(toJson(enriched), JSON.stringify(enriched));
});

test('a truncated message says so', () => {
  const { message, ...head } = parse(full);
  const truncated: SyslogMessage = { ...head, truncated: true, message };
  assert.equal(toJson(truncated), JSON.stringify(truncated));
});

test('half a surrogate pair is escaped', () => {
  const broken = { ...parse('x'), message: 'a\uD83Db' };
  assert.equal(toJson(broken), JSON.stringify(broken));
});

test('random frames give the same JSON', () => {
  const random = seeded(8259);
  for (let round = 0; round < 5_000; round++) {
    const message = parseSyslog(
      Buffer.concat([Buffer.from('<13>1 - a b - - '), randomBytes(random, random(40))]),
      new Date(),
    );
    assert.equal(toJson(message), JSON.stringify(message));
  }
});
