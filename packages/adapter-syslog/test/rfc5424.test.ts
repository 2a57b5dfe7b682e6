import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SyslogMessage } from '@sputnikjs/adapter-syslog';
import { parse, parts } from './parsing.js';

const rfc5424: [string, Partial<SyslogMessage>][] = [
  [
    // RFC 5424 section 6.5, example 1
    "<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \uFEFF'su root' failed for lonvick on /dev/pts/8",
    {
      priority: 34,
      timestamp: '2003-10-11T22:14:15.003Z',
      hostname: 'mymachine.example.com',
      appName: 'su',
      msgId: 'ID47',
      message: "'su root' failed for lonvick on /dev/pts/8",
    },
  ],
  [
    // example 2
    "<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - %% It's time to make the do-nuts.",
    {
      priority: 165,
      timestamp: '2003-08-24T05:14:15.000003-07:00',
      hostname: '192.0.2.1',
      appName: 'myproc',
      procId: '8710',
      message: "%% It's time to make the do-nuts.",
    },
  ],
  [
    // example 3
    '<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 [exampleSDID@32473 iut="3" ' +
      'eventSource="Application" eventID="1011"] \uFEFFAn application event log entry...',
    {
      priority: 165,
      timestamp: '2003-10-11T22:14:15.003Z',
      hostname: 'mymachine.example.com',
      appName: 'evntslog',
      msgId: 'ID47',
      structuredData: { 'exampleSDID@32473': { iut: '3', eventSource: 'Application', eventID: '1011' } },
      message: 'An application event log entry...',
    },
  ],
  [
    // example 4
    '<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 [exampleSDID@32473 iut="3" ' +
      'eventSource="Application" eventID="1011"][examplePriority@32473 class="high"]',
    {
      priority: 165,
      timestamp: '2003-10-11T22:14:15.003Z',
      hostname: 'mymachine.example.com',
      appName: 'evntslog',
      msgId: 'ID47',
      structuredData: {
        'exampleSDID@32473': { iut: '3', eventSource: 'Application', eventID: '1011' },
        'examplePriority@32473': { class: 'high' },
      },
      message: '',
    },
  ],
  // nanoseconds, as there are senders of them
  [
    '<0>1 2003-08-24T05:14:15.000000003-07:00 - - - - -',
    { priority: 0, timestamp: '2003-08-24T05:14:15.000000003-07:00', message: '' },
  ],
  ['<191>1 - - - - - - ', { priority: 191, message: '' }],
  ['<13>1 - - - - - -  two spaces', { priority: 13, message: ' two spaces' }],
  ['<13>1 - - - - - - line one\nline two\n', { priority: 13, message: 'line one\nline two' }],
  ['<13>1 - - - - - [id] x', { priority: 13, structuredData: { id: {} }, message: 'x' }],
  ['<13>1 - - - - - [a b="\\"\\\\\\]\\n"] x', { priority: 13, structuredData: { a: { b: '"\\]\\n' } }, message: 'x' }],
  ['<13>1 - - - - - [a b="ünï"] ünï', { priority: 13, structuredData: { a: { b: 'ünï' } }, message: 'ünï' }],
  ['<13>1 - - - - - [a b=""] x', { priority: 13, structuredData: { a: { b: '' } }, message: 'x' }],
];

for (const [frame, expected] of rfc5424) {
  test(`RFC 5424 is taken apart: ${frame}`, () => {
    assert.deepEqual(parts(frame), { format: 'rfc5424', version: 1, ...expected });
  });
}

for (const sd of [
  '[',
  '[]',
  '[ a="b"]',
  '[a b]',
  '[a b="c]',
  '[a b="c" ]',
  '[a b=c]',
  '[a ="b"]',
  '[a b="c"',
  '[a b="c"][',
  '-x',
  'x',
]) {
  test(`structured data that is malformed stays in the text: ${sd}`, () => {
    assert.deepEqual(parts(`<13>1 - host - - - ${sd} text`), {
      format: 'rfc5424',
      version: 1,
      priority: 13,
      hostname: 'host',
      message: `${sd} text`,
    });
  });
}

test('a parameter that is repeated keeps all its values, in order', () => {
  const { structuredData } = parse('<13>1 - - - - - [ip a="1" b="x" a="2" a="3"][ip a="4"] x');
  assert.deepEqual(structuredData, { ip: { a: ['1', '2', '3', '4'], b: 'x' } });
});

test('names that objects inherit are names like others, and change no prototype', () => {
  const { structuredData } = parse(
    '<13>1 - - - - - [__proto__ __proto__="1" __proto__="2" toString="3"][constructor a="b"] x',
  );
  assert.deepEqual(Object.keys(structuredData ?? {}), ['__proto__', 'constructor']);
  assert.equal(Object.getPrototypeOf(structuredData), Object.prototype);
  assert.equal(
    JSON.stringify(structuredData),
    '{"__proto__":{"__proto__":["1","2"],"toString":"3"},"constructor":{"a":"b"}}',
  );
  assert.equal(Object.hasOwn(Object.prototype, 'a'), false);
});
