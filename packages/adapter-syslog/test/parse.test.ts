import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse, parts, RECEIVED } from './parsing.js';
import { randomBytes, seeded } from './support.js';

test('every message tells when it came, and its priority in numbers and words', () => {
  assert.deepEqual(parse('<165>1 - - - - - - x'), {
    receivedAt: RECEIVED.toISOString(),
    format: 'rfc5424',
    priority: 165,
    facility: 20,
    facilityName: 'local4',
    severity: 5,
    severityName: 'notice',
    version: 1,
    message: 'x',
  });
});

test('messages that came at different times say so', () => {
  const times = [0, 1, 1, 0].map((ms) => parse('x', new Date(ms)).receivedAt);
  assert.deepEqual(times, [
    '1970-01-01T00:00:00.000Z',
    '1970-01-01T00:00:00.001Z',
    '1970-01-01T00:00:00.001Z',
    '1970-01-01T00:00:00.000Z',
  ]);
});

test('the keys come in the order in which people read them, the text last', () => {
  const keys = Object.keys(parse('<13>1 2026-11-23T18:18:28Z host app 1 id [a b="c"] x')).join(' ');
  const first = 'receivedAt format priority facility facilityName severity severityName version timestamp ';
  assert.equal(keys, `${first}hostname appName procId msgId structuredData message`);
});

for (const frame of [
  'Use the BFG!',
  '',
  '<',
  '<>x',
  '<1',
  '<192>x',
  '<1234>x',
  '<00>x',
  '<013>x',
  '<-1>x',
  '<1 >x',
  ' <13>x',
  '1',
]) {
  test(`without a valid PRI the whole is text, as user.notice: "${frame}"`, () => {
    assert.deepEqual(parts(frame), { format: 'raw', priority: 13, message: frame });
  });
}

test('bytes that are not UTF-8 are replaced', () => {
  const message = Buffer.concat([Buffer.from('<13>1 - - - - - - caf'), Buffer.from([0xe9, 0xff]), Buffer.from('!')]);
  assert.equal(parse(message).message, 'caf\uFFFD\uFFFD!');
});

test('line ends and NULs at the end are no text', () => {
  assert.equal(parse('<13>1 - - - - - - x\r\n\0').message, 'x');
  assert.equal(parse('text\n\n').message, 'text');
  assert.equal(parse('\n\0').message, '');
});

test('a Uint8Array that is a view on a larger buffer is a frame like any other', () => {
  const bytes = new TextEncoder().encode('....<13>1 - - - - - - x....');
  assert.equal(parse(bytes.subarray(4, -4)).message, 'x');
});

test('whatever comes, nothing is thrown and the end of the text is kept', () => {
  const random = seeded(5424);
  const tokens = [
    '<13>',
    '1 ',
    '- ',
    'Nov 23 18:01:02 ',
    '2026-11-23T18:18:28Z ',
    'vm ',
    'app[1]: ',
    '[a b="c"]',
    '[',
    '"',
    '\\',
    ' ',
    '\uFEFF',
    'é',
  ];
  for (let round = 0; round < 20_000; round++) {
    const pieces = Array.from({ length: 1 + random(9) }, () =>
      random(4) === 0 ? randomBytes(random, random(20)) : Buffer.from(tokens[random(tokens.length)] as string),
    );
    const parsed = parse(Buffer.concat([...pieces, Buffer.from(' end')]));
    assert.ok(parsed.message.endsWith('end'), JSON.stringify(parsed));
    assert.deepEqual(JSON.parse(JSON.stringify(parsed)), parsed);
  }
});
