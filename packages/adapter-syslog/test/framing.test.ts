import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FrameSplitter, FramingError } from '@sputnikjs/adapter-syslog';
import { seeded } from './support.js';

/** The frames of a stream that comes in these chunks and then ends. A truncated one ends with an ellipsis here. */
function split(chunks: readonly (string | Buffer)[], maxBytes = 65_536): string[] {
  const splitter = new FrameSplitter(maxBytes);
  const frames: string[] = [];
  const keep = (frame: Buffer | undefined): boolean => {
    if (frame) frames.push(frame.toString('latin1') + (splitter.truncated ? '…' : ''));
    return frame !== undefined;
  };
  for (const chunk of chunks) {
    splitter.push(Buffer.from(chunk));
    while (keep(splitter.next()));
  }
  keep(splitter.flush());
  return frames;
}

const cases: [string, string, string[]][] = [
  ['lines end with LF', '<1>a\n<2>b\n', ['<1>a', '<2>b']],
  ['a last line without a line end counts', '<1>a\n<2>b', ['<1>a', '<2>b']],
  ['CR LF ends a line as LF does', '<1>a\r\n<2>b\r\n', ['<1>a', '<2>b']],
  ['a last line that lacks only the LF of its CR LF is complete', '<1>a\r', ['<1>a']],
  ['CR within a line is text', '<1>a\rb\n', ['<1>a\rb']],
  ['NUL ends a line as LF does', '<1>a\0<2>b\n\0<3>c\0', ['<1>a', '<2>b', '<3>c']],
  ['empty lines are no frames', '\n\r\n\0<1>a\n\n\n<2>b\n\n', ['<1>a', '<2>b']],
  ['an octet count gives the length, whatever the text', '7 <1>a\n\0b8 <2>\r\n6 c', ['<1>a\n\0b', '<2>\r\n6 c']],
  ['line ends between counted frames are skipped', '4 <1>a\n4 <2>b\r\n', ['<1>a', '<2>b']],
  [
    'each frame may have its own framing',
    '<1>a\n4 <2>b<3>c\n<4>d\r\n10 <5>9876543<6>e',
    ['<1>a', '<2>b', '<3>c', '<4>d', '<5>9876543', '<6>e'],
  ],
  ['a line may begin with 0', '0 a\n', ['0 a']],
  ['text without PRI is a line', 'hello\nworld', ['hello', 'world']],
  ['a stream may be empty', '', []],
];

for (const [rule, stream, expected] of cases) {
  test(`${rule}, wherever the stream is cut`, () => {
    assert.deepEqual(split([stream]), expected);
    assert.deepEqual(split(stream.split('')), expected, 'octet by octet');
    for (let first = 0; first <= stream.length; first++) {
      for (let second = first; second <= stream.length; second++) {
        const chunks = [stream.slice(0, first), stream.slice(first, second), stream.slice(second)];
        assert.deepEqual(split(chunks), expected, JSON.stringify(chunks));
      }
    }
  });
}

test('a long mixed stream gives the same frames in chunks of any size', () => {
  const random = seeded(6587);
  const texts = Array.from({ length: 300 }, (_, index) => `<${index % 192}>${'x'.repeat(random(400))}`);
  const stream = texts
    .map((text) => (random(2) ? `${text.length} ${text}` : `${text}${['\n', '\r\n', '\0'][random(3)]}`))
    .join('');
  for (let round = 0; round < 50; round++) {
    const chunks: string[] = [];
    for (let at = 0; at < stream.length; at += chunks.at(-1)?.length ?? 0) {
      chunks.push(stream.slice(at, at + 1 + random(2 ** (1 + random(14)))));
    }
    assert.deepEqual(split(chunks), texts);
  }
});

test('a line of exactly the limit passes; of a longer one the beginning, marked, and none of the rest', () => {
  const stream = '12345678\n'.replace('1', '<') + 'abcdefghi\nabcdefghijklmnopqrstuvwxyz\nend\n';
  const expected = ['<2345678', 'abcdefgh…', 'abcdefgh…', 'end'];
  assert.deepEqual(split([stream], 8), expected);
  assert.deepEqual(split(stream.split(''), 8), expected);
  assert.deepEqual(split(['abcdefghij'], 8), ['abcdefgh…']);
});

test('a count of exactly the limit passes, one above it is an error', () => {
  assert.deepEqual(split(['8 12345678'], 8), ['12345678']);
  assert.throws(() => split(['9 123456789'], 8), { name: 'FramingError', message: /more than maxMessageBytes \(8\)/ });
  assert.throws(() => split(['9'.repeat(400)]), FramingError);
});

for (const stream of ['12<1>a', '1.5 x', '12\n', '2026-11-23T18:18:28Z host x\n', '1\0']) {
  test(`a frame that begins with a digit and not with a count is an error: ${JSON.stringify(stream)}`, () => {
    assert.throws(() => split([stream]), {
      name: 'FramingError',
      message: /must begin with an octet count and a space/,
    });
  });
}

test('frames before a malformed one are given first', () => {
  const splitter = new FrameSplitter(100);
  splitter.push(Buffer.from('<1>a\n4 <2>b1x'));
  assert.equal(splitter.next()?.toString(), '<1>a');
  assert.equal(splitter.next()?.toString(), '<2>b');
  assert.throws(() => splitter.next(), FramingError);
});

test('a stream that ends inside a counted frame is an error that tells how much is missing', () => {
  assert.throws(() => split(['10 <1>a']), { message: /4 of the 10 octets/ });
  assert.throws(() => split(['10 ']), { message: /0 of the 10 octets/ });
  assert.throws(() => split(['10']), { message: /inside the octet count/ });
});

test('a splitter knows whether it is inside a frame', () => {
  const splitter = new FrameSplitter(4);
  for (const [chunk, incomplete] of [
    ['<1>', true],
    ['a\n', false],
    ['4', true],
    [' ', true],
    ['abcd', false],
    ['abcdef', false],
  ] as const) {
    splitter.push(Buffer.from(chunk));
    while (splitter.next());
    assert.equal(splitter.incomplete, incomplete, chunk);
  }
});

test('a frame that was given stays as it is while the splitter goes on', () => {
  const splitter = new FrameSplitter(100);
  const frames: Buffer[] = [];
  for (const chunk of ['<1>first', ' part\n<2>sec', 'ond part\n']) {
    splitter.push(Buffer.from(chunk));
    for (let frame = splitter.next(); frame; frame = splitter.next()) frames.push(frame);
  }
  assert.deepEqual(frames.map(String), ['<1>first part', '<2>second part']);
});

/** How many octets are copied and searched while `chunks` are split. */
function effort(chunks: readonly string[]): { readonly copied: number; readonly searched: number } {
  const { copy, indexOf } = Buffer.prototype;
  let copied = 0;
  let searched = 0;
  Buffer.prototype.copy = function (this: Buffer, ...args: Parameters<Buffer['copy']>): number {
    const octets = copy.apply(this, args);
    copied += octets;
    return octets;
  };
  Buffer.prototype.indexOf = function (this: Buffer, ...args: Parameters<Buffer['indexOf']>): number {
    const at = indexOf.apply(this, args);
    searched += (at < 0 ? this.length : at + 1) - Number(args[1] ?? 0);
    return at;
  };
  try {
    split(chunks);
  } finally {
    Object.assign(Buffer.prototype, { copy, indexOf });
  }
  return { copied, searched };
}

// A splitter that starts over with each octet or frame would copy or search hundreds of millions of octets.
for (const [what, chunks] of [
  ['a line that comes octet by octet', `<13>${'x'.repeat(30_000)}\n`.split('')],
  ['a counted frame that comes octet by octet', `30004 <13>${'x'.repeat(30_000)}`.split('')],
  ['a chunk of many short lines', ['x\n'.repeat(30_000)]],
  ['a chunk of many short lines that end with NUL', ['x\0'.repeat(30_000)]],
  ['a chunk of nothing but line ends', ['\n'.repeat(60_000)]],
] as const) {
  test(`${what} costs no more than a few times its length`, () => {
    const { length } = chunks.join('');
    const { copied, searched } = effort(chunks);
    assert.ok(copied < 4 * length, `${copied} octets copied`);
    assert.ok(searched < 4 * length, `${searched} octets searched`);
  });
}
