import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSyslog, type SyslogMessage } from '@sputnikjs/adapter-syslog';
import { toJson } from '../dist/deliver/json.js';
import { parse, SOURCE } from './parsing.js';
import { randomBytes, seeded } from './support.js';

const full =
  '<13>1 2026-11-23T18:18:28Z host app 1 id [a b="\\"c" b="d"][__proto__ e="f"] some "text"\twith \\ and é and \u2028';

for (const text of [
  full,
  '<13>1 - - - - - - x',
  '<191>Nov 23 18:01:02 vm su[1]: \u0001\u007f',
  '<189>29: sw1: *Nov 23 18:01:02.123 UTC: %SYS-5-CONFIG_I: Configured',
  'data',
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
    parse('<14>1 - - - - - - x', new Date(1)),
    parseSyslog(Buffer.from('<14>1 - - - - - - x'), { at: new Date(1), source: SOURCE, truncated: true }),
    parse('<14>1 - - - - - - x', new Date(1)),
    parseSyslog(Buffer.from('<14>1 - - - - - - x'), { at: new Date(1), source: { ...SOURCE, port: 1 } }),
    parse('<13>x'),
    parse('x'),
    parse('<13>x'),
  ]) {
    assert.equal(toJson(message), JSON.stringify(message));
  }
});

test('a key that another block added is kept', () => {
  for (const text of [full, '<13>x', 'x']) {
    const enriched: SyslogMessage & { site: string } = Object.assign(parse(text), { site: 'Baikonur' });
    assert.equal(toJson(enriched), JSON.stringify(enriched));
  }
});

test('a truncated message says so', () => {
  for (const text of [full, '<13>Nov 23 18:01:02 vm x', 'x']) {
    const message = parseSyslog(Buffer.from(text), { at: new Date(), source: SOURCE, truncated: true });
    assert.equal(message.truncated, true);
    assert.equal(toJson(message), JSON.stringify(message));
  }
});

test('half a surrogate pair is escaped', () => {
  const broken = { ...parse('x'), data: 'a\uD83Db' } as SyslogMessage;
  assert.equal(toJson(broken), JSON.stringify(broken));
});

test('random frames give the same JSON', () => {
  const random = seeded(8259);
  const heads = ['<13>1 - a b - - ', '<13>Nov 23 18:01:02 vm ', '<14>', ''];
  for (let round = 0; round < 8_000; round++) {
    const head = Buffer.from(heads[random(heads.length)] as string);
    const message = parse(Buffer.concat([head, randomBytes(random, random(40))]), new Date());
    assert.equal(toJson(message), JSON.stringify(message));
  }
});
