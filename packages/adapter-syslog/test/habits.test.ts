// What senders make of RFC 3164 and RFC 5424, one fault after the other, each with relatives of its kind.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { passes, type ParseOptions, type SyslogMessage } from '@sputnikjs/adapter-syslog';
import { parse, parts, RECEIVED, type Parts } from './parsing.js';
import { Collector, dial, fly, texts } from './support.js';

const UTC: ParseOptions = { timeZone: 'UTC' };
const NOON = '2026-11-23T12:00:00.000Z';

/** The parts of a message of RFC 3164 in UTC, without those that all have. */
function read(frame: string, options: ParseOptions = UTC): Parts {
  const { rfc, priority, ...rest } = parts(frame, RECEIVED, { ...UTC, ...options });
  assert.equal(rfc, 'RFC3164', frame);
  assert.equal(priority, 189);
  return rest;
}

for (const [what, frame, expected] of [
  [
    'a blank after PRI',
    ' Nov 23 12:00:00 192.0.2.10 00077 ports: x',
    { hostname: '192.0.2.10', tag: '00077', content: 'ports: x' },
  ],
  ['blanks and a tab after PRI', ' \t Nov 23 12:00:00 h app: x', { hostname: 'h', tag: 'app', content: 'x' }],
  [
    'a blank after PRI, ISO time',
    ' 2026-11-23T12:00:00.000Z h app[1]: x',
    { hostname: 'h', tag: 'app', proc_id: '1', content: 'x' },
  ],
  ['two blanks before the host', 'Nov 23 12:00:00  h app: x', { hostname: 'h', tag: 'app', content: 'x' }],
  ['two blanks before the tag', 'Nov 23 12:00:00 h  app: x', { hostname: 'h', tag: 'app', content: 'x' }],
  ['two blanks before a text', 'Nov 23 12:00:00 h  is indented', { hostname: 'h', content: ' is indented' }],
  ['a tab after the host', 'Nov 23 12:00:00 h\tapp\t1\tx', { hostname: 'h', tag: 'app', content: '1\tx' }],
  [
    'two blanks before a mnemonic',
    '2026-11-23T12:00:00.000Z fw1  %FTD-6-430003: x',
    { hostname: 'fw1', tag: '%FTD-6-430003', content: 'x' },
  ],
  ['a mnemonic and no host', '2026-11-23T12:00:00.000Z  %FTD-6-430003: x', { tag: '%FTD-6-430003', content: 'x' }],
  [
    'a mnemonic after a host with a colon',
    'Nov 23 12:00:00 fw1: %ASA-6-302013: x',
    { hostname: 'fw1', tag: '%ASA-6-302013', content: 'x' },
  ],
  [
    'a mnemonic with a blank before its colon',
    'Nov 23 12:00:00 xr1 %MGBL-SYS-5-CONFIG_I : x',
    { hostname: 'xr1', tag: '%MGBL-SYS-5-CONFIG_I', content: 'x' },
  ],
  ['a month in capitals', 'NOV 23 12:00:00 h app: x', { hostname: 'h', tag: 'app', content: 'x' }],
  ['a month in small letters', 'nov 23 12:00:00 h app: x', { hostname: 'h', tag: 'app', content: 'x' }],
  ['an offset after the time', 'Nov 23 13:00:00+01:00 h app: x', { hostname: 'h', tag: 'app', content: 'x' }],
  ['the host as last word', 'Nov 23 12:00:00 h', { hostname: 'h', content: '' }],
  ['a single word as text', 'Nov 23 12:00:00 h restarted', { hostname: 'h', content: 'restarted' }],
  ['a host that is nil', 'Nov 23 12:00:00 - app: x', { tag: 'app', content: 'x' }],
  ['a nil in the text', 'Nov 23 12:00:00 h - x', { hostname: 'h', content: '- x' }],
  ['a repetition', 'Nov 23 12:00:00 last message repeated 3 times', { content: 'last message repeated 3 times' }],
  [
    'a repetition with a host',
    'Nov 23 12:00:00 h last message repeated 3 times',
    { hostname: 'h', content: 'last message repeated 3 times' },
  ],
  [
    'a repetition in dashes',
    'Nov 23 12:00:00 h --- last message repeated 1 time ---',
    { hostname: 'h', content: '--- last message repeated 1 time ---' },
  ],
  ['a host that is called last', 'Nov 23 12:00:00 last app: x', { hostname: 'last', tag: 'app', content: 'x' }],
  ['a mark', 'Nov 23 12:00:00 -- MARK --', { content: '-- MARK --' }],
  ['a mark with a host', 'Nov 23 12:00:00 h -- MARK --', { hostname: 'h', content: '-- MARK --' }],
  [
    'a forwarder of AIX',
    'Nov 23 12:00:00 Message forwarded from aix1: sshd[2]: x',
    { hostname: 'aix1', tag: 'sshd', proc_id: '2', content: 'x' },
  ],
  [
    'a forwarder of AIX, and one before',
    'Nov 23 12:00:00 relay Message forwarded from aix1.lan: su: x',
    { hostname: 'aix1.lan', tag: 'su', content: 'x' },
  ],
  [
    'a forwarder of AIX with a repetition',
    'Nov 23 12:00:00 Message forwarded from aix1: last message repeated 2 times',
    { hostname: 'aix1', content: 'last message repeated 2 times' },
  ],
  ['the short form of AIX', 'Nov 23 12:00:00 From vios1: su: x', { hostname: 'vios1', tag: 'su', content: 'x' }],
  [
    'a host that is called Message',
    'Nov 23 12:00:00 Message app: x',
    { hostname: 'Message', tag: 'app', content: 'x' },
  ],
  ['a word without a colon', 'Nov 23 12:00:00 h app x y', { hostname: 'h', tag: 'app', content: 'x y' }],
  ['topics of MikroTik', 'Nov 23 12:00:00 h system,info x', { hostname: 'h', tag: 'system,info', content: 'x' }],
  [
    'pairs',
    'Nov 23 12:00:00 h date=2026-11-23 time=12:00:00',
    { hostname: 'h', content: 'date=2026-11-23 time=12:00:00' },
  ],
  [
    'values with commas',
    'Nov 23 12:00:00 h 1,2026/11/23 12:00:00,x',
    { hostname: 'h', content: '1,2026/11/23 12:00:00,x' },
  ],
  ['CEF', 'Nov 23 12:00:00 h CEF:0|a b|c', { hostname: 'h', content: 'CEF:0|a b|c' }],
  ['JSON', 'Nov 23 12:00:00 h {"a": 1}', { hostname: 'h', content: '{"a": 1}' }],
  [
    'a date in the text',
    'Nov 23 12:00:00 h 2026-11-23 12:00:01 x',
    { hostname: 'h', content: '2026-11-23 12:00:01 x' },
  ],
] as const) {
  test(`${what} is read as it is meant: ${frame}`, () => {
    assert.deepEqual(read(`<189>${frame}`), { timestamp: NOON, ...expected });
  });
}

for (const [frame, expected] of [
  ['82: 00:20:10: ', { sequence: 82, uptime: '00:20:10' }],
  ['82: *00:20:10.123: ', { sequence: 82, uptime: '00:20:10.123' }],
  ['1d02h: ', { uptime: '1d02h' }],
  ['82: 3w4d: ', { sequence: 82, uptime: '3w4d' }],
  ['82: 1y12w: ', { sequence: 82, uptime: '1y12w' }],
  ['82: sw1: 00:20:10: ', { sequence: 82, uptime: '00:20:10', hostname: 'sw1' }],
  ['82: ', { sequence: 82 }],
  ['123: 000082: *Nov 23 12:00:00.000: ', { timestamp: NOON, sequence: 82, counter: 123 }],
  ['sw1: 82: Nov 23 12:00:00: ', { timestamp: NOON, sequence: 82, hostname: 'sw1' }],
  ['82: Nov 23 14:00:00.000 EET: ', { timestamp: NOON, sequence: 82 }],
  ['Nov 23 12:00:00 relay 82: 00:20:10: ', { timestamp: NOON, sequence: 82, uptime: '00:20:10', hostname: 'relay' }],
  ['Nov 23 13:59:59 relay 82: *Nov 23 14:00:00.000 EET: ', { timestamp: NOON, sequence: 82, hostname: 'relay' }],
  ['Nov 23 12:00:01 82: sw1: Nov 23 12:00:00 UTC: ', { timestamp: NOON, sequence: 82, hostname: 'sw1' }],
  ['Nov 23 12:00:00 UTC: ', { timestamp: NOON }],
  ['Nov 23 14:00:00 EET: ', { timestamp: NOON }],
] as const) {
  test(`a head of Cisco's is taken apart, and the mnemonic is the tag: ${frame}`, () => {
    const expectedParts = { ...expected, tag: '%SYS-5-CONFIG_I', content: 'x' };
    assert.deepEqual(read(`<189>${frame}%SYS-5-CONFIG_I: x`, { zones: { EET: '+02:00' } }), expectedParts);
  });
}

for (const [frame, expected] of [
  ['3: RP/0/RP0/CPU0:Nov 23 12:00:00.000 : exec[1]: %SYS-5-X : x', { timestamp: NOON, sequence: 3 }],
  [
    '4: xr1 RP/0/RSP0/CPU0:Nov 23 12:00:00.000 UTC: config[1]: %SYS-5-X : x',
    { timestamp: NOON, sequence: 4, hostname: 'xr1' },
  ],
  ['5: Switch 1 R0/0: Nov 23 12:00:00: %SYS-5-X: x', { sequence: 5 }],
  [': 2026 Nov 23 12:00:00 UTC: %$ VDC-1 %$ %SYS-5-X: x', { timestamp: NOON }],
] as const) {
  test(`what has no part of its own in a head of Cisco's stays in the text, and the mnemonic is the tag: ${frame}`, () => {
    const { content = '', ...rest } = read(`<189>${frame}`);
    assert.deepEqual(rest, { ...expected, tag: '%SYS-5-X' });
    assert.ok(frame.endsWith(content) && /^(?:RP\/0|Switch|%\$ VDC)/.test(content), content);
  });
}

// elastic/logstash and util-linux once wrote offsets so
for (const [stamp, timestamp] of [
  ['2014-06-17T17:55:25.000+0000', '2014-06-17T17:55:25.000Z'],
  ['2014-06-17T17:55:25+0200', '2014-06-17T15:55:25.000Z'],
  ['2014-06-17T17:55:25,123-0530', '2014-06-17T23:25:25.123Z'],
  ['2014-06-17T17:55:25+02', '2014-06-17T15:55:25.000Z'],
] as const) {
  test(`a time stamp that nearly is of RFC 5424 is read: ${stamp}`, () => {
    const frame = `<141>1 ${stamp} web1 LOGSTASH - - - x`;
    const expected = {
      rfc: 'RFC5424',
      priority: 141,
      version: 1,
      timestamp,
      hostname: 'web1',
      app_name: 'LOGSTASH',
      message: 'x',
    };
    assert.deepEqual(parts(frame), expected);
    assert.deepEqual(parts(frame, RECEIVED, { strict: true }), { priority: 141, data: frame });
  });
}

test('a blank between PRI and version is no fault, unless strict', () => {
  const frame = '<13> 1 2026-11-23T12:00:00Z h a - - - x';
  assert.equal(parts(frame).hostname, 'h');
  assert.deepEqual(parts(frame, RECEIVED, { strict: true }), { priority: 13, data: frame });
});

test('a valid PRI counts though the rest is not of RFC 5424: for selectors, targets and severityLevel', () => {
  const message = parse('<139>2 2026-11-23T12:00:00Z h a - - - x');
  const { priority, facility, severity } = message;
  assert.deepEqual({ priority, facility, severity }, { priority: 139, facility: 17, severity: 3 });
  assert.deepEqual([passes(message, 2), passes(message, 3)], [false, true]);
  assert.deepEqual(Object.keys(message), ['received_at', 'source', 'priority', 'facility', 'severity', 'data']);
});

test('with strict, what is not of RFC 5424 is data, with its PRI', () => {
  const strict = { strict: true };
  for (const rest of [
    'Nov 23 12:00:00 h app: x',
    'x',
    '',
    '2 - - - - - - x',
    '1 - - - -',
    '1 2026-11-23 12:00:00Z h a - - - x',
  ])
    assert.deepEqual(parts(`<13>${rest}`, RECEIVED, strict), { priority: 13, data: `<13>${rest}` });
  assert.deepEqual(parts('no PRI', RECEIVED, strict), { data: 'no PRI' });
  assert.equal(parts('<13>1 - - - - - - x', RECEIVED, strict).message, 'x');
});

test('what has no PRI has the default one, where that is configured', () => {
  const options = { ...UTC, defaultPri: 13 };
  const head = { rfc: 'RFC3164', priority: 13, timestamp: NOON, hostname: 'h', tag: 'app', content: 'x' };
  assert.deepEqual(parts('Nov 23 12:00:00 h app: x', RECEIVED, options), head);
  assert.deepEqual(parts('<13>Nov 23 12:00:00 h app: x', RECEIVED, { ...options, defaultPri: 0 }), head);
  assert.equal(parts('1 - h - - - - x', RECEIVED, options).rfc, 'RFC5424');
  assert.deepEqual(parts('<192>x', RECEIVED, options), { rfc: 'RFC3164', priority: 13, content: '<192>x' });
  assert.deepEqual(parts('x', RECEIVED, { ...options, strict: true }), { priority: 13, data: 'x' });
});

test('only what a colon or brackets end is a tag, where that is configured', () => {
  const colon = { tag: 'colon' } as const;
  assert.deepEqual(read('<189>Nov 23 12:00:00 h app x y', colon), {
    timestamp: NOON,
    hostname: 'h',
    content: 'app x y',
  });
  assert.equal(read('<189>Nov 23 12:00:00 h app[1] x', colon).tag, 'app');
  assert.equal(read('<189>system,info x', colon).tag, undefined);
  assert.equal(read('<189>system,info x').tag, 'system,info');
});

test('a host name may have an at sign, where that is configured', () => {
  const frame = '<189>Nov 23 12:00:00 x@h app: y';
  assert.deepEqual(read(frame), { timestamp: NOON, tag: 'x@h', content: 'app: y' });
  assert.deepEqual(read(frame, { atSignInHost: true }), { timestamp: NOON, hostname: 'x@h', tag: 'app', content: 'y' });
  assert.equal(read('<189>Nov 23 12:00:00 getty@tty1: y', { atSignInHost: true }).tag, 'getty@tty1');
});

test('an abbreviation of a zone after the time is one where that is configured, UTC and GMT always; else the host', () => {
  const zones = { CEST: '+02:00', NST: '-03:30' };
  const expected = { hostname: 'h', tag: 'app', content: 'x' };
  assert.deepEqual(read('<189>Nov 23 14:00:00 CEST h app: x', { zones }), { timestamp: NOON, ...expected });
  assert.deepEqual(read('<189>Nov 23 2026 08:30:00 NST h app: x', { zones }), { timestamp: NOON, ...expected });
  assert.deepEqual(read('<189>Nov 23 12:00:00 UTC h app: x', { timeZone: 'Asia/Kathmandu' }), {
    timestamp: NOON,
    ...expected,
  });
  assert.deepEqual(read('<189>Nov 23 12:00:00 GMT (x) y', { timeZone: 'Asia/Kathmandu' }), {
    timestamp: NOON,
    content: '(x) y',
  });
  assert.equal(read('<189>Nov 23 14:00:00 CEST h app: x').hostname, 'CEST');
  assert.equal(read('<189>82: Nov 23 14:00:00 CEST: %SYS-5-X: x', { zones }).timestamp, NOON);
});

test('each listener reads by its own choices', async (t) => {
  const tcp = { transport: 'tcp', port: 0 };
  const receiver = {
    timeZone: 'UTC',
    tag: 'colon',
    listeners: [
      tcp,
      { ...tcp, tag: 'word', zones: { CEST: '+02:00' } },
      { ...tcp, strict: true },
      { ...tcp, defaultPri: 6, atSignInHost: true },
    ],
  };
  const collector = new Collector<SyslogMessage>();
  const { logs } = await fly(t, collector, 'syslogproducer', { receiver });
  const [plain, word, strict, open] = logs.of('listening').map(({ port }) => Number(port));
  const sent = async (port: number | undefined, line: string): Promise<SyslogMessage & Parts> => {
    const count = collector.messages.length;
    (await dial(t, port ?? 0)).end(`${line}\n`);
    return (await collector.first(count + 1))[count] as SyslogMessage & Parts;
  };
  const line = '<13>Nov 23 14:00:00 CEST app x';
  assert.equal((await sent(plain, line)).tag, undefined);
  const { tag, hostname, timestamp } = await sent(word, line);
  assert.deepEqual([tag, hostname, timestamp?.slice(5)], [undefined, 'app', '11-23T12:00:00.000Z']);
  assert.deepEqual((await sent(strict, line)).data, line);
  const { priority, hostname: host } = await sent(open, 'Nov 23 14:00:00 x@h app: y');
  assert.deepEqual([priority, host], [6, 'x@h']);
  assert.equal(texts(collector.messages).length, 4);
});
