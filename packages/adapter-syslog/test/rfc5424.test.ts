import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse, parts, type Parts } from './parsing.js';

const rfc5424: [string, Parts][] = [
  [
    // RFC 5424 section 6.5, example 1
    "<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \uFEFF'su root' failed for lonvick on /dev/pts/8",
    {
      priority: 34,
      timestamp: '2003-10-11T22:14:15.003Z',
      hostname: 'mymachine.example.com',
      app_name: 'su',
      msg_id: 'ID47',
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
      app_name: 'myproc',
      proc_id: '8710',
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
      app_name: 'evntslog',
      msg_id: 'ID47',
      structured_data: { 'exampleSDID@32473': { iut: '3', eventSource: 'Application', eventID: '1011' } },
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
      app_name: 'evntslog',
      msg_id: 'ID47',
      structured_data: {
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
  ['<13>1 - - - - - [id] x', { priority: 13, structured_data: { id: {} }, message: 'x' }],
  ['<13>1 - - - - - [a b="\\"\\\\\\]\\n"] x', { priority: 13, structured_data: { a: { b: '"\\]\\n' } }, message: 'x' }],
  ['<13>1 - - - - - [a b="ünï"] ünï', { priority: 13, structured_data: { a: { b: 'ünï' } }, message: 'ünï' }],
  ['<13>1 - - - - - [a b=""] x', { priority: 13, structured_data: { a: { b: '' } }, message: 'x' }],
];

for (const [frame, expected] of rfc5424) {
  test(`RFC 5424 is taken apart: ${frame}`, () => {
    assert.deepEqual(parts(frame), { rfc: 'RFC5424', version: 1, ...expected });
  });
}

// What RFC 5424 allows of time stamps (section 6.2.3), and what it does not.
for (const stamp of [
  '2026-11-23T18:18:28Z',
  '2026-11-23T18:18:28.9-08:00',
  '2026-11-23T18:18:28.999999+23:59',
  '2028-02-29T00:00:00Z',
]) {
  test(`a time stamp is passed on as it is: ${stamp}`, () => {
    assert.equal(parts(`<13>1 ${stamp} h a - - - x`).timestamp, stamp);
  });
}

for (const frame of [
  '2026-11-23t18:18:28z h a - - - x',
  '2026-11-23T18:18:28 h a - - - x',
  '2026-11-23 18:18:28Z h a - - - x',
  '2026-13-23T18:18:28Z h a - - - x',
  '2026-11-31T18:18:28Z h a - - - x',
  '2026-02-29T18:18:28Z h a - - - x',
  '2026-11-23T24:18:28Z h a - - - x',
  '2026-11-23T18:18:60Z h a - - - x',
  '2026-11-23T18:18:28.Z h a - - - x',
  '2026-11-23T18:18:28.1234567890Z h a - - - x',
  '2026-11-23T18:18:28Z: h a - - - x',
  '2026-11-23T18:18:28Z:h a 1 - - x',
  '- h a - -',
  '-  a 1 i - x',
  '- h  1 i - x',
  '- h a  i - x',
  '- h a 1  - x',
  '- h a 1 i',
  '- h a 1',
  '- h a',
  '- h',
]) {
  test(`what is meant to be of RFC 5424 and is not becomes data: ${frame}`, () => {
    assert.deepEqual(parts(`<13>1 ${frame}`), { priority: 13, data: `<13>1 ${frame}` });
  });
}

test('a version that nobody knows becomes data', () => {
  for (const version of ['2', '9', '10', '12', '100', '1234567890']) {
    for (const header of ['- - - - - -', '2026-11-23T18:18:28Z h a - - -']) {
      const frame = `<13>${version} ${header} x`;
      assert.deepEqual(parts(frame), { priority: 13, data: frame });
    }
  }
});

test('all that is nil is absent, and only what is nil', () => {
  assert.deepEqual(parts('<13>1 - - - - - -'), { rfc: 'RFC5424', priority: 13, version: 1, message: '' });
  assert.deepEqual(parts('<13>1 - -- -a - -- - -'), {
    rfc: 'RFC5424',
    priority: 13,
    version: 1,
    hostname: '--',
    app_name: '-a',
    msg_id: '--',
    message: '-',
  });
});

test('a byte order mark is taken from the beginning of the text only', () => {
  assert.equal(parts('<13>1 - - - - - - \uFEFFa\uFEFFb').message, 'a\uFEFFb');
  assert.equal(parts('<13>1 - - - - - [a b="c"] \uFEFFx').message, 'x');
  assert.equal(parts('<13>1 - - - - - -\uFEFFx').message, '-\uFEFFx');
});

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
      rfc: 'RFC5424',
      version: 1,
      priority: 13,
      hostname: 'host',
      message: `${sd} text`,
    });
  });
}

const elements = (count: number, parameters: number): string =>
  Array.from({ length: count }, (_, n) => `[e${n}${` p${n}="1"`.repeat(parameters)}]`).join('');

for (const [what, sd] of [
  ['1,024 parameters', elements(1, 1_024)],
  ['128 elements of 8 parameters', elements(128, 8)],
] as const) {
  test(`structured data is taken apart up to ${what}`, () => {
    const { structured_data = {}, message } = parse(`<13>1 - - - - - ${sd} text`);
    assert.equal(message, 'text');
    const values = Object.values(structured_data).flatMap((element) => Object.values(element).flat());
    assert.equal(values.length, 1_024);
  });
}

for (const [what, sd] of [
  ['1,025 parameters', elements(1, 1_025)],
  ['129 elements', elements(129, 0)],
  ['1,025 parameters in two elements', elements(1, 1_024) + elements(1, 1)],
] as const) {
  test(`structured data of ${what} stays in the text, and nothing is lost`, () => {
    const { structured_data, message } = parse(`<13>1 - - - - - ${sd} text`);
    assert.equal(structured_data, undefined);
    assert.equal(message, `${sd} text`);
  });
}

test('a parameter that is repeated keeps all its values, in order', () => {
  const { structured_data } = parse('<13>1 - - - - - [ip a="1" b="x" a="2" a="3"][ip a="4"] x');
  assert.deepEqual(structured_data, { ip: { a: ['1', '2', '3', '4'], b: 'x' } });
});

test('names that objects inherit are names like others, and change no prototype', () => {
  const { structured_data } = parse(
    '<13>1 - - - - - [__proto__ __proto__="1" __proto__="2" toString="3"][constructor a="b"] x',
  );
  assert.deepEqual(Object.keys(structured_data ?? {}), ['__proto__', 'constructor']);
  assert.equal(Object.getPrototypeOf(structured_data), Object.prototype);
  assert.equal(
    JSON.stringify(structured_data),
    '{"__proto__":{"__proto__":["1","2"],"toString":"3"},"constructor":{"a":"b"}}',
  );
  assert.equal(Object.hasOwn(Object.prototype, 'a'), false);
});
