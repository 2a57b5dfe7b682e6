import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isTimeZone } from '@sputnikjs/adapter-syslog';
import { local, parts, RECEIVED, type Parts } from './parsing.js';

const nov23 = local(2026, 10, 23, 18, 1, 2);
const rfc3164: [string, Parts][] = [
  [
    // RFC 3164 section 5.4, example 1
    "<34>Oct 11 22:14:15 mymachine su: 'su root' failed for lonvick on /dev/pts/8",
    {
      priority: 34,
      timestamp: local(2026, 9, 11, 22, 14, 15),
      hostname: 'mymachine',
      tag: 'su',
      content: "'su root' failed for lonvick on /dev/pts/8",
    },
  ],
  // example 2, as a relay passes it on
  [
    '<13>Feb  5 17:32:18 10.0.0.99 Use the BFG!',
    { priority: 13, timestamp: local(2026, 1, 5, 17, 32, 18), hostname: '10.0.0.99', tag: 'Use', content: 'the BFG!' },
  ],
  [
    // example 3: to the RFC, CST is the host
    "<165>Aug 24 05:34:00 CST 1987 mymachine myproc[10]: %% It's time",
    {
      priority: 165,
      timestamp: local(2026, 7, 24, 5, 34, 0),
      hostname: 'CST',
      tag: '1987',
      content: "mymachine myproc[10]: %% It's time",
    },
  ],
  [
    // example 4: no time stamp to the RFC
    "<0>1990 Oct 22 10:52:01 TZ-6 scapegoat.dmz.example.org 10.1.2.3 sched[0]: That's All Folks!",
    {
      priority: 0,
      content: "1990 Oct 22 10:52:01 TZ-6 scapegoat.dmz.example.org 10.1.2.3 sched[0]: That's All Folks!",
    },
  ],
  [
    '<13>Nov 23 18:01:02 vm root: hello',
    { priority: 13, timestamp: nov23, hostname: 'vm', tag: 'root', content: 'hello' },
  ],
  [
    '<13>Nov 23 18:01:02 vm root[42]: hello',
    { priority: 13, timestamp: nov23, hostname: 'vm', tag: 'root', proc_id: '42', content: 'hello' },
  ],
  // on local sockets there is no host
  ['<13>Nov 23 18:01:02 root: hello', { priority: 13, timestamp: nov23, tag: 'root', content: 'hello' }],
  [
    '<13>Nov 23 18:01:02 cron[7]: hello',
    { priority: 13, timestamp: nov23, tag: 'cron', proc_id: '7', content: 'hello' },
  ],
  [
    '<13>Nov 23 18:01:02 cron[7] hello',
    { priority: 13, timestamp: nov23, tag: 'cron', proc_id: '7', content: 'hello' },
  ],
  ['<13>Nov 23 18:01:02 a:b: hello', { priority: 13, timestamp: nov23, content: 'a:b: hello' }],
  ['<13>Nov 23 18:01:02 vm su[]:x y', { priority: 13, timestamp: nov23, hostname: 'vm', content: 'su[]:x y' }],
  ['<13>Nov 23 18:01:02 vm su[]: x', { priority: 13, timestamp: nov23, hostname: 'vm', tag: 'su', content: 'x' }],
  [
    '<13>Nov 23 18:01:02 vm a[1] x',
    { priority: 13, timestamp: nov23, hostname: 'vm', tag: 'a', proc_id: '1', content: 'x' },
  ],
  ['<13>Nov 23 18:01:02 vm app:', { priority: 13, timestamp: nov23, hostname: 'vm', tag: 'app', content: '' }],
  [
    '<22>Nov 23 18:01:02 mx postfix/smtpd[9]: connect from a[1.2.3.4]',
    {
      priority: 22,
      timestamp: nov23,
      hostname: 'mx',
      tag: 'postfix/smtpd',
      proc_id: '9',
      content: 'connect from a[1.2.3.4]',
    },
  ],
  [
    '<13>Nov 23 18:01:02 fe80::1 app: x',
    { priority: 13, timestamp: nov23, hostname: 'fe80::1', tag: 'app', content: 'x' },
  ],
  ['<13>Nov 23 18:01:02 vm {"a": 1}', { priority: 13, timestamp: nov23, hostname: 'vm', content: '{"a": 1}' }],
  ['<13>Nov 23 18:01:02 {"a": 1}', { priority: 13, timestamp: nov23, content: '{"a": 1}' }],
  ['<13>Nov 23 18:01:02', { priority: 13, timestamp: nov23, content: '' }],
  ['<13>Nov  3 18:01:02 vm x', { priority: 13, timestamp: local(2026, 10, 3, 18, 1, 2), hostname: 'vm', content: 'x' }],
  ['<13>Nov 3 18:01:02 vm x', { priority: 13, timestamp: local(2026, 10, 3, 18, 1, 2), hostname: 'vm', content: 'x' }],
  [
    // Cisco: a year, a fraction, a colon, a mnemonic
    '<166>Nov 23 2019 18:01:02.045: %ASA-6-302013: Built inbound TCP connection',
    {
      priority: 166,
      timestamp: local(2019, 10, 23, 18, 1, 2, 45),
      tag: '%ASA-6-302013',
      content: 'Built inbound TCP connection',
    },
  ],
  [
    // rsyslog's forward format
    '<13>2026-11-23T18:18:28.999376+00:00 vm root: hello',
    { priority: 13, timestamp: '2026-11-23T18:18:28.999376+00:00', hostname: 'vm', tag: 'root', content: 'hello' },
  ],
  ['<13>hello world', { priority: 13, content: 'hello world' }],
  ['<13>app[3]: hello', { priority: 13, tag: 'app', proc_id: '3', content: 'hello' }],
  ['<13>', { priority: 13, content: '' }],
  ['<13>Foo 23 18:01:02 vm x', { priority: 13, content: 'Foo 23 18:01:02 vm x' }],
  ['<13>Jun 31 18:01:02 vm x', { priority: 13, content: 'Jun 31 18:01:02 vm x' }],
  ['<13>Nov 23 24:01:02 vm x', { priority: 13, content: 'Nov 23 24:01:02 vm x' }],
  // near to RFC 5424, but not it
  ['<13>1 apple fell', { priority: 13, content: '1 apple fell' }],
  ['<13>1 -', { priority: 13, content: '1 -' }],
  ['<13>0 - - - - - - x', { priority: 13, content: '0 - - - - - - x' }],
  // a text that follows its tag at once
  [
    '<13>Nov 23 18:01:02 vm su[12]:x y',
    { priority: 13, timestamp: nov23, hostname: 'vm', tag: 'su', proc_id: '12', content: 'x y' },
  ],
  // a year after the time
  [
    '<13>Nov 23 18:01:02 2019 vm su: x',
    { priority: 13, timestamp: local(2019, 10, 23, 18, 1, 2), hostname: 'vm', tag: 'su', content: 'x' },
  ],
  ['<13>Nov 23 18:01:02 1234 x', { priority: 13, timestamp: nov23, hostname: '1234', content: 'x' }],
  // more digits of a second than JavaScript has
  [
    '<13>Nov 23 2019 18:01:02.123456 vm su: x',
    {
      priority: 13,
      timestamp: local(2019, 10, 23, 18, 1, 2, 123).replace('Z', '456Z'),
      hostname: 'vm',
      tag: 'su',
      content: 'x',
    },
  ],
  // ISO 8601 as it is found
  ...(
    [
      ['2019-11-23T18:01:02Z', '2019-11-23T18:01:02Z'],
      ['2019-11-23T18:01:02.5+01:00', '2019-11-23T18:01:02.5+01:00'],
      ['2019-11-23T18:01:02Z:', '2019-11-23T18:01:02Z'],
      ['2019-11-23T18:01:02', local(2019, 10, 23, 18, 1, 2)],
      ['2019-11-23 18:01:02', local(2019, 10, 23, 18, 1, 2)],
      ['2019-11-23 18:01:02,045', local(2019, 10, 23, 18, 1, 2, 45)],
      ['2019-11-23 18:01:02.123456', local(2019, 10, 23, 18, 1, 2, 123).replace('Z', '456Z')],
      ['2019-11-23 18:01:02Z', '2019-11-23T18:01:02.000Z'],
      ['2019-11-23T18:01:02+0130', '2019-11-23T16:31:02.000Z'],
      ['2019-11-23 18:01:02-01:30', '2019-11-23T19:31:02.000Z'],
    ] as const
  ).map(([stamp, timestamp]): [string, Parts] => [
    `<13>${stamp} vm su: x`,
    { priority: 13, timestamp, hostname: 'vm', tag: 'su', content: 'x' },
  ]),
  ...['2019-02-29T18:01:02Z x', '2019-11-31 18:01:02 x', '2019-11-23T24:01:02 x', '2019-11-23T18:01:02+2400 x'].map(
    (content): [string, Parts] => [`<13>${content}`, { priority: 13, content }],
  ),
];

const config = { priority: 189, tag: '%SYS-5-CONFIG_I', content: 'Configured from console' };
const text = '%SYS-5-CONFIG_I: Configured from console';
const cisco: [string, Parts][] = [
  [`29: *Nov 23 18:01:02.123: ${text}`, { sequence: 29, timestamp: local(2026, 10, 23, 18, 1, 2, 123) }],
  [`000029: .Nov 23 18:01:02: ${text}`, { sequence: 29, timestamp: nov23 }],
  [`: Nov 23 18:01:02: ${text}`, { timestamp: nov23 }],
  [`:Nov 23 18:01:02 PST: ${text}`, { timestamp: nov23 }],
  [`Nov 23 18:01:02.123 UTC: ${text}`, { timestamp: '2026-11-23T18:01:02.123Z' }],
  [`Nov 23 18:01:02 CET: ${text}`, { timestamp: nov23 }],
  [`*Nov 23 2019 18:01:02 GMT: ${text}`, { timestamp: '2019-11-23T18:01:02.000Z' }],
  [`: 2019 Nov 23 18:01:02.123456 UTC: ${text}`, { timestamp: '2019-11-23T18:01:02.123456Z' }],
  [
    `29: sw-1.lan: *Nov  3 18:01:02 UTC: ${text}`,
    { sequence: 29, hostname: 'sw-1.lan', timestamp: '2026-11-03T18:01:02.000Z' },
  ],
  [`29: 192.0.2.9: Nov 23 18:01:02: ${text}`, { sequence: 29, hostname: '192.0.2.9', timestamp: nov23 }],
  [`Nov 23 2019 18:01:02 fw1 : ${text}`, { hostname: 'fw1', timestamp: local(2019, 10, 23, 18, 1, 2) }],
  [`Nov 23 18:01:02 192.0.2.9 ${text}`, { hostname: '192.0.2.9', timestamp: nov23 }],
  [`29: ${text}`, { sequence: 29 }],
  [text, {}],
];

for (const [frame, expected] of cisco) {
  test(`the head of a message of Cisco's is taken apart: ${frame}`, () => {
    assert.deepEqual(parts(`<189>${frame}`), { rfc: 'RFC3164', ...config, ...expected });
  });
}

test('what follows a head of Cisco’s is no host', () => {
  const [common, content] = [{ rfc: 'RFC3164', priority: 189, sequence: 29 }, 'no mnemonic'];
  assert.deepEqual(parts('<189>29: Nov 23 18:01:02: no mnemonic'), { ...common, timestamp: nov23, content });
  assert.deepEqual(parts('<189>29: %NO mnemonic'), { ...common, content: '%NO mnemonic' });
});

test('what only looks like a head of Cisco’s is text', () => {
  for (const content of [
    '29: hello',
    '29: *Foo 23 18:01:02: %A',
    'x: *Nov 23 18:01:02: y',
    '29: a b: Nov 23 18:01:02: y',
  ]) {
    const { sequence, timestamp } = parts(`<189>${content}`);
    assert.deepEqual({ sequence, timestamp }, { sequence: undefined, timestamp: undefined });
  }
  assert.equal(parts('<189>Nov 23 18:01:02 CRON: 5 % done').tag, 'CRON');
});

for (const [frame, expected] of rfc3164) {
  test(`RFC 3164 and its habits are taken apart: ${frame}`, () => {
    assert.deepEqual(parts(frame), { rfc: 'RFC3164', ...expected });
  });
}

function timestamp(stamp: string, receivedAt: Date): string | undefined {
  return parts(`<13>${stamp} vm x`, receivedAt).timestamp;
}

test('a time stamp without a year gets the latest that puts it no more than a month after the receipt', () => {
  const newYear = new Date(2027, 0, 1, 0, 0, 5);
  assert.equal(timestamp('Dec 31 23:59:59', newYear), local(2026, 11, 31, 23, 59, 59));
  assert.equal(timestamp('Jan  1 00:00:01', newYear), local(2027, 0, 1, 0, 0, 1));
  assert.equal(timestamp('Jan  1 00:00:01', new Date(2026, 11, 31, 23, 59, 59)), local(2027, 0, 1, 0, 0, 1));
  // the same text again, a year later
  assert.equal(timestamp('Jan  1 00:00:01', new Date(2028, 0, 1)), local(2028, 0, 1, 0, 0, 1));
  assert.equal(timestamp('Mar  1 00:00:00', newYear), local(2026, 2, 1, 0, 0, 0));
  assert.equal(timestamp('Mar  1 00:00:00', new Date(2027, 1, 1)), local(2027, 2, 1, 0, 0, 0));
  assert.equal(timestamp('Feb 29 12:00:00', new Date(2028, 2, 1)), local(2028, 1, 29, 12, 0, 0));
  assert.equal(timestamp('Feb 29 12:00:00', new Date(2026, 2, 1)), undefined);
});

test('a time stamp with a year that begins like the one before is read for itself', () => {
  for (const [stamp, time] of [
    ['2019-11-23 18:01:02', local(2019, 10, 23, 18, 1, 2)],
    ['2019-11-23 18:01:02', local(2019, 10, 23, 18, 1, 2)],
    ['2019-11-23 18:01:02.5', local(2019, 10, 23, 18, 1, 2, 500)],
    ['2019-11-23 18:01:02Z', '2019-11-23T18:01:02.000Z'],
    ['2019-11-23 18:01:02', local(2019, 10, 23, 18, 1, 2)],
    ['2019-11-23 18:01:03', local(2019, 10, 23, 18, 1, 3)],
  ]) {
    assert.deepEqual(parts(`<13>${stamp} vm x`), {
      rfc: 'RFC3164',
      priority: 13,
      timestamp: time,
      hostname: 'vm',
      content: 'x',
    });
  }
});

/** The same stamps, read in another zone. */
function inZone(
  timeZone: string,
  stamp: string,
  receivedAt: Date = new Date('2026-11-23T12:00:00Z'),
): string | undefined {
  return parts(`<13>${stamp} vm x`, receivedAt, { timeZone }).timestamp;
}

test('a time stamp without a zone is read in the configured one, daylight saving included', () => {
  assert.equal(inZone('UTC', 'Nov 23 12:00:00'), '2026-11-23T12:00:00.000Z');
  assert.equal(inZone('America/New_York', 'Nov 23 12:00:00'), '2026-11-23T17:00:00.000Z');
  assert.equal(inZone('America/New_York', 'Jul 23 12:00:00'), '2026-07-23T16:00:00.000Z');
  assert.equal(inZone('Asia/Kathmandu', 'Nov 23 12:00:00.25'), '2026-11-23T06:15:00.250Z');
  assert.equal(inZone('Asia/Kathmandu', '2019-11-23 12:00:00'), '2019-11-23T06:15:00.000Z');
  assert.equal(inZone('Asia/Kathmandu', '2019-11-23 12:00:00+01:00'), '2019-11-23T11:00:00.000Z');
  assert.equal(inZone('Asia/Kathmandu', '2019-11-23T12:00:00+01:00'), '2019-11-23T12:00:00+01:00');
  const frame = '<189>29: Nov 23 12:00:00 NPT: %SYS-5-X: x';
  assert.equal(parts(frame, RECEIVED, { timeZone: 'Asia/Kathmandu' }).timestamp, '2026-11-23T06:15:00.000Z');
  for (const zone of ['UTC', 'GMT', 'Z']) {
    const told = `<189>Nov 23 12:00:00 ${zone}: %SYS-5-X: x`;
    assert.equal(parts(told, RECEIVED, { timeZone: 'Asia/Kathmandu' }).timestamp, '2026-11-23T12:00:00.000Z');
  }
  // the same text again, in another zone
  assert.equal(inZone('UTC', 'Nov 23 12:00:00'), '2026-11-23T12:00:00.000Z');
});

test('the hours around a change of the clock are those that the zone had', () => {
  // Berlin, 25 October 2026: 3:00 becomes 2:00 at 01:00 UTC; 29 March: 2:00 becomes 3:00
  assert.equal(inZone('Europe/Berlin', 'Oct 25 01:59:59'), '2026-10-24T23:59:59.000Z');
  assert.match(inZone('Europe/Berlin', 'Oct 25 02:30:00') ?? '', /^2026-10-25T0[01]:30:00.000Z$/);
  assert.equal(inZone('Europe/Berlin', 'Oct 25 03:00:00'), '2026-10-25T02:00:00.000Z');
  assert.equal(inZone('Europe/Berlin', 'Mar 29 01:59:59'), '2026-03-29T00:59:59.000Z');
  assert.equal(inZone('Europe/Berlin', 'Mar 29 03:00:00'), '2026-03-29T01:00:00.000Z');
});

test('the turn of the year is that of the zone', () => {
  const newYear = new Date('2026-12-31T11:00:00Z');
  assert.equal(inZone('Pacific/Kiritimati', 'Jan  1 01:00:00', newYear), '2026-12-31T11:00:00.000Z');
  assert.equal(inZone('Pacific/Kiritimati', 'Dec 31 23:00:00', newYear), '2026-12-31T09:00:00.000Z');
  const late = new Date('2027-01-01T08:00:00Z');
  assert.equal(inZone('Pacific/Honolulu', 'Dec 31 22:00:00', late), '2027-01-01T08:00:00.000Z');
  assert.equal(inZone('Pacific/Honolulu', 'Jan  1 00:00:00', late), '2027-01-01T10:00:00.000Z');
});

test('names of time zones can be checked beforehand', () => {
  assert.deepEqual(['UTC', 'Europe/Berlin', 'Mars/Olympus'].map(isTimeZone), [true, true, false]);
});

test('a time stamp that begins like the one before is read for itself', () => {
  assert.equal(parts('<13>Nov 23 18:01:02 vm x').timestamp, nov23);
  assert.equal(parts('<13>Nov 23 18:01:02.5 vm x').timestamp, local(2026, 10, 23, 18, 1, 2, 500));
  assert.equal(parts('<13>Nov 23 18:01:02 vm x').timestamp, nov23);
  assert.equal(parts('<13>Nov 23 18:01:03 vm x').timestamp, local(2026, 10, 23, 18, 1, 3));
  assert.equal(parts('<13>Nov 23 18:01:0').timestamp, undefined);
  for (const ended of ['<13>Nov 23 18:01:04', '<13>Nov 23 18:01:04:']) {
    assert.equal(parts(ended).timestamp, local(2026, 10, 23, 18, 1, 4));
    assert.equal(parts('<13>Nov 23 18:01:04.5 vm x').timestamp, local(2026, 10, 23, 18, 1, 4, 500));
  }
});
