import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FrameSplitter, type FramingOptions } from '@sputnikjs/adapter-syslog';
import { seeded } from './support.js';

/** The frames of a stream that comes in these chunks and then ends. A truncated one ends with an ellipsis here. */
function split(
  chunks: readonly (string | Buffer)[],
  maxMessageBytes = 65_536,
  options: Partial<FramingOptions> = {},
): string[] {
  const splitter = new FrameSplitter({ maxMessageBytes, ...options });
  const frames: string[] = [];
  const keep = (frame: Buffer | undefined): boolean => {
    if (frame) frames.push(frame.toString('latin1') + (splitter.truncated ? '…' : ''));
    return frame !== undefined;
  };
  for (const chunk of chunks) {
    splitter.push(Buffer.from(chunk));
    while (keep(splitter.next()));
  }
  while (keep(splitter.flush()));
  return frames;
}

const cases: [string, string, string[], Partial<FramingOptions>?][] = [
  ['lines end with LF', '<1>a\n<2>b\n', ['<1>a', '<2>b']],
  ['a last line without a line end counts', '<1>a\n<2>b', ['<1>a', '<2>b']],
  ['CR LF ends a line as LF does', '<1>a\r\n<2>b\r\n', ['<1>a', '<2>b']],
  ['a last line that lacks only the LF of its CR LF is complete', '<1>a\r', ['<1>a']],
  ['CR within a line is text', '<1>a\rb\n', ['<1>a\rb']],
  ['NUL ends a line as LF does', '<1>a\0<2>b\n\0<3>c\0', ['<1>a', '<2>b', '<3>c']],
  ['only NUL ends a line if so configured', '<1>a\nb\r\n\0<2>c\0', ['<1>a\nb\r\n', '<2>c'], { delimiter: 'nul' }],
  ['NUL is text if so configured', '<1>a\0b\n<2>c\n', ['<1>a\0b', '<2>c'], { delimiter: 'newline' }],
  ['empty lines are no frames', '\n\r\n\0<1>a\n\n\n<2>b\n\n', ['<1>a', '<2>b']],
  ['an octet count gives the length, whatever the text', '7 <1>a\n\0b8 <2>\r\n6 c', ['<1>a\n\0b', '<2>\r\n6 c']],
  ['a count needs no delimiter to be configured', '5 <1>a\n5 <2>b\0', ['<1>a\n', '<2>b\0'], { delimiter: 'nul' }],
  ['line ends between counted frames are skipped', '4 <1>a\n4 <2>b\r\n', ['<1>a', '<2>b']],
  ['each message is framed for itself', '<1>a\n4 <2>b12 c\n4 <3>d\n', ['<1>a', '<2>b', '12 c', '<3>d']],
  [
    'a number and a blank without a whole PRI part begin a line',
    '54 minutes elapsed\n<1>a\n4 <1\n4 <192>\n4 <01>\n9 <>\n5 < 1>\n',
    ['54 minutes elapsed', '<1>a', '4 <1', '4 <192>', '4 <01>', '9 <>', '5 < 1>'],
  ],
  ['only counts tell if so configured', '4 a\nb1 c0 2 \r\n', ['a\nb1', ' c0 2 '], { framing: 'octet-counting' }],
  ['a count of 0 is an empty frame if so configured', '1 a0 1 b', ['a', '', 'b'], { framing: 'octet-counting' }],
  ['what has no count is a line, though only counts tell', 'a\n1 bc\n', ['a', 'b', 'c'], { framing: 'octet-counting' }],
  ['only delimiters tell if so configured', '4 <1>a\n4 <2>b\0', ['4 <1>a', '4 <2>b'], { framing: 'newline' }],
  ['after a count that is too small the rest is a line', '4 <1>abc\n4 <2>b', ['<1>a', 'bc', '<2>b']],
  ['a count within a word is a count', '4 <1>abc4 <2>b4 <3>c', ['<1>a', 'bc', '<2>b', '<3>c']],
  ['digits of a count that is too large are found', '5 <1>a4 <2>b4 <3>c', ['<1>a4', ' <2>b', '<3>c']],
  ['ten digits in a row are no count', '4 <1>a x1234567890 <2>b\n', ['<1>a', ' x1234567890 <2>b']],
  ['a count that swallows messages is none', '30 <1>a\n<2>b\n4 <3>c<4>d\n', ['<1>a', '<2>b', '<3>c', '<4>d']],
  ['a count that swallows counted messages is none', '30 <1>a\n4 <2>b\0<3>c', ['<1>a', '<2>b', '<3>c']],
  ['after a count that fits the next is believed', '4 <1>a9 <2>b\n<3>c4 <4>d', ['<1>a', '<2>b\n<3>c', '<4>d']],
  ['lines in a count that the stream does not fill are lines', '99 <1>a\nb\n', ['<1>a', 'b']],
  ['a line may stand between counted frames', '4 <1>a<2>b\n4 <3>c<4>d', ['<1>a', '<2>b', '<3>c', '<4>d']],
  ['a number without a space after it begins a line', '12<1>a\n4 <2>b\n', ['12<1>a', '<2>b']],
  ['a date begins a line', '2026-11-23T18:18:28Z host x\n1.5 y', ['2026-11-23T18:18:28Z host x', '1.5 y']],
  ['more than nine digits begin a line', '1234567890 a\n', ['1234567890 a']],
  ['digits alone are a line', '12\n', ['12']],
  ['the last line may be digits alone', '<1>a\n34', ['<1>a', '34']],
  ['a stream may consist of digits', '12', ['12']],
  ['among counted frames a false count begins a line', '4 <1>a12x\n4 <2>b', ['<1>a', '12x', '<2>b']],
  ['a line may begin with 0', '0 a\n', ['0 a']],
  ['text without PRI is a line', 'hello\nworld', ['hello', 'world']],
  ['a stream may be empty', '', []],
];

for (const [rule, stream, expected, options] of cases) {
  test(`${rule}, wherever the stream is cut`, () => {
    assert.deepEqual(split([stream], 100, options), expected);
    assert.deepEqual(split(stream.split(''), 100, options), expected, 'octet by octet');
    for (let first = 0; first <= stream.length; first++) {
      for (let second = first; second <= stream.length; second++) {
        const chunks = [stream.slice(0, first), stream.slice(first, second), stream.slice(second)];
        assert.deepEqual(split(chunks, 100, options), expected, JSON.stringify(chunks));
      }
    }
  });
}

test('a long stream of either framing gives the same frames in chunks of any size', () => {
  const random = seeded(6587);
  const texts = Array.from({ length: 300 }, (_, index) => `<${index % 192}>${'x'.repeat(random(400))}`);
  const counted = texts.map((text) => `${text.length} ${text}${random(2) ? '\n' : ''}`).join('');
  const lines = texts.map((text) => `${text}${['\n', '\r\n', '\0'][random(3)]}`).join('');
  for (let round = 0; round < 50; round++) {
    const stream = round % 2 ? counted : lines;
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

test('a count of exactly the limit passes; of a larger one the beginning, marked, and none of the rest', () => {
  const stream = '8 <1>4567812 <2>defghijkl4 <1>a\n9 <3>456789';
  const expected = ['<1>45678', '<2>defgh…', '<1>a', '<3>45678…'];
  assert.deepEqual(split([stream], 8), expected);
  assert.deepEqual(split(stream.split(''), 8), expected);
  assert.deepEqual(split(['123456789', ' <1>a', 'x'.repeat(100)], 8), ['<1>axxxx…'], 'a number longer than the limit');
});

test('frames that are too long are refused where that is configured, and counted; the others are given', () => {
  for (const [stream, expected] of [
    ['8 <1>4567812 <2>defghijkl4 <1>a\n9 <3>456789', ['<1>45678', '<1>a']],
    ['12345678\nabcdefghijkl\n<1>a\n123456789\n', ['12345678', '<1>a']],
  ] as const) {
    for (const chunks of [[stream], stream.split('')]) {
      const splitter = new FrameSplitter({ maxMessageBytes: 8, tooLong: 'refuse' });
      const frames: string[] = [];
      for (const chunk of chunks) {
        splitter.push(Buffer.from(chunk));
        for (let frame = splitter.next(); frame; frame = splitter.next()) frames.push(frame.toString());
      }
      assert.deepEqual(frames, expected);
      assert.deepEqual([splitter.refused, splitter.truncated, splitter.remainder], [2, false, undefined]);
    }
  }
});

test('a splitter tells what has come of a frame whose end has not', () => {
  for (const [chunks, remainder] of [
    [
      ['<1>', '<1>a\n'],
      ['3 octets', undefined],
    ],
    [
      ['4', ' ', '<1>', 'a'],
      ['1 octets', '2 octets', '3 of the 4 octets announced', undefined],
    ],
    [
      ['4 <1>a4', ' '],
      ['1 octets', '2 octets'],
    ],
    [
      ['abcdef', 'g\n'],
      [undefined, undefined],
    ],
    [
      ['6 <1>d', 'e', 'f'],
      [undefined, undefined, undefined],
    ],
  ] as const) {
    const splitter = new FrameSplitter({ maxMessageBytes: chunks[0].startsWith('<') ? 100 : 4 });
    const told = chunks.map((chunk) => {
      splitter.push(Buffer.from(chunk));
      while (splitter.next());
      return splitter.remainder;
    });
    assert.deepEqual(told, remainder, JSON.stringify(chunks));
  }
});

test('octet counts that do not fit what follows are counted, and those that are missing where only they tell', () => {
  for (const [stream, framing, misfits] of [
    ['4 <1>a4 <2>b\n<3>c4 <4>d', 'auto', 0],
    ['4 <1>abc4 <2>b', 'auto', 1],
    ['30 <1>a\n<2>b\n<3>c\n', 'auto', 1],
    ['99 <1>a\n', 'auto', 1],
    ['a\n1 bc\n1 d', 'octet-counting', 2],
    ['4 <1>abc4 <2>b\n', 'newline', 0],
  ] as const) {
    for (const chunks of [[stream], stream.split('')]) {
      const splitter = new FrameSplitter({ maxMessageBytes: 100, framing });
      for (const chunk of chunks) {
        splitter.push(Buffer.from(chunk));
        while (splitter.next());
      }
      while (splitter.flush());
      assert.equal(splitter.misfits, misfits, stream);
    }
  }
});

test('what has come of a counted frame is none when the stream ends, and remains', () => {
  for (const [stream, remainder] of [
    ['10 <1>a', '4 of the 10 octets announced'],
    ['4 <1>a12', '2 octets'],
  ] as const) {
    const splitter = new FrameSplitter({ maxMessageBytes: 100 });
    splitter.push(Buffer.from(stream));
    while (splitter.next());
    assert.deepEqual([splitter.flush(), splitter.remainder], [undefined, remainder]);
  }
});

test('a frame that was given stays as it is while the splitter goes on', () => {
  const splitter = new FrameSplitter({ maxMessageBytes: 100 });
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
  ['a chunk of digits', ['1'.repeat(60_000)]],
  ['digits that come one by one', '1'.repeat(60_000).split('')],
  ['a chunk of nothing but line ends', ['\n'.repeat(60_000)]],
] as const) {
  test(`${what} costs no more than a few times its length`, () => {
    const { length } = chunks.join('');
    const { copied, searched } = effort(chunks);
    assert.ok(copied < 4 * length, `${copied} octets copied`);
    assert.ok(searched < 4 * length, `${searched} octets searched`);
  });
}
