import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SyslogMessage } from '@sputnikjs/adapter-syslog';
import { local, parts } from './parsing.js';

const nov23 = local(2026, 10, 23, 18, 1, 2);
const rfc3164: [string, Partial<SyslogMessage>][] = [
  [
    // RFC 3164 section 5.4, example 1
    "<34>Oct 11 22:14:15 mymachine su: 'su root' failed for lonvick on /dev/pts/8",
    {
      priority: 34,
      timestamp: local(2026, 9, 11, 22, 14, 15),
      hostname: 'mymachine',
      appName: 'su',
      message: "'su root' failed for lonvick on /dev/pts/8",
    },
  ],
  // example 2, as a relay passes it on
  [
    '<13>Feb  5 17:32:18 10.0.0.99 Use the BFG!',
    { priority: 13, timestamp: local(2026, 1, 5, 17, 32, 18), hostname: '10.0.0.99', message: 'Use the BFG!' },
  ],
  [
    // example 3: to the RFC, CST is the host
    "<165>Aug 24 05:34:00 CST 1987 mymachine myproc[10]: %% It's time",
    {
      priority: 165,
      timestamp: local(2026, 7, 24, 5, 34, 0),
      hostname: 'CST',
      message: "1987 mymachine myproc[10]: %% It's time",
    },
  ],
  [
    // example 4: no time stamp to the RFC
    "<0>1990 Oct 22 10:52:01 TZ-6 scapegoat.dmz.example.org 10.1.2.3 sched[0]: That's All Folks!",
    {
      priority: 0,
      message: "1990 Oct 22 10:52:01 TZ-6 scapegoat.dmz.example.org 10.1.2.3 sched[0]: That's All Folks!",
    },
  ],
  [
    '<13>Nov 23 18:01:02 vm root: hello',
    { priority: 13, timestamp: nov23, hostname: 'vm', appName: 'root', message: 'hello' },
  ],
  [
    '<13>Nov 23 18:01:02 vm root[42]: hello',
    { priority: 13, timestamp: nov23, hostname: 'vm', appName: 'root', procId: '42', message: 'hello' },
  ],
  // on local sockets there is no host
  ['<13>Nov 23 18:01:02 root: hello', { priority: 13, timestamp: nov23, appName: 'root', message: 'hello' }],
  [
    '<13>Nov 23 18:01:02 cron[7]: hello',
    { priority: 13, timestamp: nov23, appName: 'cron', procId: '7', message: 'hello' },
  ],
  [
    '<13>Nov 23 18:01:02 cron[7] hello',
    { priority: 13, timestamp: nov23, appName: 'cron', procId: '7', message: 'hello' },
  ],
  ['<13>Nov 23 18:01:02 a:b: hello', { priority: 13, timestamp: nov23, message: 'a:b: hello' }],
  ['<13>Nov 23 18:01:02 vm su[]:x y', { priority: 13, timestamp: nov23, hostname: 'vm', message: 'su[]:x y' }],
  ['<13>Nov 23 18:01:02 vm su[]: x', { priority: 13, timestamp: nov23, hostname: 'vm', appName: 'su', message: 'x' }],
  [
    '<13>Nov 23 18:01:02 vm a[1] x',
    { priority: 13, timestamp: nov23, hostname: 'vm', appName: 'a', procId: '1', message: 'x' },
  ],
  ['<13>Nov 23 18:01:02 vm app:', { priority: 13, timestamp: nov23, hostname: 'vm', appName: 'app', message: '' }],
  [
    '<22>Nov 23 18:01:02 mx postfix/smtpd[9]: connect from a[1.2.3.4]',
    {
      priority: 22,
      timestamp: nov23,
      hostname: 'mx',
      appName: 'postfix/smtpd',
      procId: '9',
      message: 'connect from a[1.2.3.4]',
    },
  ],
  [
    '<13>Nov 23 18:01:02 fe80::1 app: x',
    { priority: 13, timestamp: nov23, hostname: 'fe80::1', appName: 'app', message: 'x' },
  ],
  ['<13>Nov 23 18:01:02 vm {"a": 1}', { priority: 13, timestamp: nov23, hostname: 'vm', message: '{"a": 1}' }],
  ['<13>Nov 23 18:01:02 {"a": 1}', { priority: 13, timestamp: nov23, message: '{"a": 1}' }],
  ['<13>Nov 23 18:01:02', { priority: 13, timestamp: nov23, message: '' }],
  ['<13>Nov  3 18:01:02 vm x', { priority: 13, timestamp: local(2026, 10, 3, 18, 1, 2), hostname: 'vm', message: 'x' }],
  ['<13>Nov 3 18:01:02 vm x', { priority: 13, timestamp: local(2026, 10, 3, 18, 1, 2), hostname: 'vm', message: 'x' }],
  [
    // Cisco: a year, a fraction, a colon, a mnemonic
    '<166>Nov 23 2019 18:01:02.045: %ASA-6-302013: Built inbound TCP connection',
    {
      priority: 166,
      timestamp: local(2019, 10, 23, 18, 1, 2, 45),
      appName: '%ASA-6-302013',
      message: 'Built inbound TCP connection',
    },
  ],
  [
    // rsyslog's forward format
    '<13>2026-11-23T18:18:28.999376+00:00 vm root: hello',
    { priority: 13, timestamp: '2026-11-23T18:18:28.999376+00:00', hostname: 'vm', appName: 'root', message: 'hello' },
  ],
  ['<13>hello world', { priority: 13, message: 'hello world' }],
  ['<13>app[3]: hello', { priority: 13, appName: 'app', procId: '3', message: 'hello' }],
  ['<13>', { priority: 13, message: '' }],
  ['<13>Foo 23 18:01:02 vm x', { priority: 13, message: 'Foo 23 18:01:02 vm x' }],
  ['<13>Jun 31 18:01:02 vm x', { priority: 13, message: 'Jun 31 18:01:02 vm x' }],
  ['<13>Nov 23 24:01:02 vm x', { priority: 13, message: 'Nov 23 24:01:02 vm x' }],
  // near to RFC 5424, but not it
  ['<13>1 apple fell', { priority: 13, message: '1 apple fell' }],
  ['<13>1 2026-13-23T18:18:28Z h a - - - x', { priority: 13, message: '1 2026-13-23T18:18:28Z h a - - - x' }],
  ['<13>1 - h a - -', { priority: 13, message: '1 - h a - -' }],
  ...[
    '1 -  a 1 i - x',
    '1 - h  1 i - x',
    '1 - h a  i - x',
    '1 - h a 1  - x',
    '1 - h a 1 i',
    '1 - h a 1',
    '1 - h a',
    '1 - h',
    '1 -',
  ].map((message): [string, Partial<SyslogMessage>] => [`<13>${message}`, { priority: 13, message }]),
  ['<13>2 - - - - - - x', { priority: 13, message: '2 - - - - - - x' }],
];

for (const [frame, expected] of rfc3164) {
  test(`RFC 3164 and its habits are taken apart: ${frame}`, () => {
    assert.deepEqual(parts(frame), { format: 'rfc3164', ...expected });
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
