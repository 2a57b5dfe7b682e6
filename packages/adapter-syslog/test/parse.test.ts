import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSyslog, passes } from '@sputnikjs/adapter-syslog';
import { parse, parts, RECEIVED, SOURCE } from './parsing.js';
import { randomBytes, seeded, textOf } from './support.js';

test('every message tells when and whence it came, and its priority taken apart', () => {
  assert.deepEqual(parse('<165>1 - - - - - - x'), {
    received_at: RECEIVED.toISOString(),
    source: { address: '192.0.2.7', port: 514, transport: 'udp', listener: '127.0.0.1:5514' },
    rfc: 'RFC5424',
    priority: 165,
    facility: 20,
    severity: 5,
    version: 1,
    message: 'x',
  });
  assert.deepEqual(parse('x'), { received_at: RECEIVED.toISOString(), source: SOURCE, data: 'x' });
});

test('messages that came at different times say so', () => {
  const times = [0, 1, 1, 0].map((ms) => parse('x', new Date(ms)).received_at);
  assert.deepEqual(times, [
    '1970-01-01T00:00:00.000Z',
    '1970-01-01T00:00:00.001Z',
    '1970-01-01T00:00:00.001Z',
    '1970-01-01T00:00:00.000Z',
  ]);
});

test('the keys come in the order in which people read them, the text last', () => {
  const received = { at: RECEIVED, source: SOURCE, truncated: true };
  const keys = (frame: string): string => Object.keys(parseSyslog(Buffer.from(frame), received)).join(' ');
  const first = 'received_at source truncated rfc priority facility severity ';
  assert.equal(
    keys('<13>1 2026-11-23T18:18:28Z host app 1 id [a b="c"] x'),
    `${first}version timestamp hostname app_name proc_id msg_id structured_data message`,
  );
  assert.equal(keys('<13>Nov 23 18:01:02 vm app[1]: x'), `${first}timestamp hostname tag proc_id content`);
  assert.equal(keys('x'), 'received_at source truncated data');
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
  'line end\r\n\0',
]) {
  test(`without a valid PRI the whole is data, as it was received: ${JSON.stringify(frame)}`, () => {
    assert.deepEqual(parts(frame), { data: frame });
  });
}

test('a filter lets pass what is as severe as its level or more, data unless it lets nothing pass', () => {
  const passed = (level: number): number[] =>
    [0, 3, 4, 5, 7].filter((severity) => passes(parse(`<${16 + severity}>x`), level));
  assert.deepEqual(passed(4), [0, 3, 4]);
  assert.deepEqual(passed(7), [0, 3, 4, 5, 7]);
  assert.deepEqual(passed(0), [0]);
  assert.deepEqual(passed(-1), []);
  assert.equal(passes(parse('<13>1 - - - - - - x'), 4), false);
  assert.deepEqual(
    [7, 0, -1].map((level) => passes(parse('x'), level)),
    [true, true, false],
  );
});

test('bytes that are not UTF-8 are replaced', () => {
  const message = Buffer.concat([Buffer.from('<13>1 - - - - - - caf'), Buffer.from([0xe9, 0xff]), Buffer.from('!')]);
  assert.equal(parse(message).message, 'caf\uFFFD\uFFFD!');
});

test('line ends and NULs at the end are no text', () => {
  assert.equal(parse('<13>1 - - - - - - x\r\n\0').message, 'x');
  assert.equal(parse('<13>text\n\n').content, 'text');
  assert.equal(parse('<13>\n\0').content, '');
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
    // The last word may be the host.
    assert.ok((textOf(parsed) || parsed.hostname)?.endsWith('end'), JSON.stringify(parsed));
    assert.deepEqual(JSON.parse(JSON.stringify(parsed)), parsed);
  }
});
