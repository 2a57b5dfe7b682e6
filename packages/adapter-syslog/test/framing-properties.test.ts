import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FrameSplitter, type FramingOptions } from '@sputnikjs/adapter-syslog';
import * as fc from 'fast-check';
import { seeded } from './support.js';

/** More by hand: `SYSLOG_FUZZ=1000000 node --test dist-test/framing-properties.test.js`. */
const rounds = Number(process.env['SYSLOG_FUZZ'] ?? 20_000);
/** A run is repeated by its seed: `SYSLOG_FUZZ_SEED=… node --test dist-test/framing-properties.test.js`. */
const seed = Number(process.env['SYSLOG_FUZZ_SEED'] ?? Date.now() % 2 ** 32);

/** As long as what may be an octet count and a PRI part gets. Where a line is cut, one before it may wait, too. */
const COUNT_AND_PRI = 2 * '123456789 <191'.length;

/** What a stream gives that comes in these chunks: the frames, a `…` after one that was cut, and what is left of it. */
function split(chunks: readonly Buffer[], options: FramingOptions) {
  const splitter = new FrameSplitter(options);
  const frames: string[] = [];
  const keep = (frame: Buffer | undefined): boolean => {
    if (!frame) return false;
    assert.ok(frame.length <= options.maxMessageBytes, `a frame of ${frame.length} octets`);
    frames.push(frame.toString('latin1') + (splitter.truncated ? '…' : ''));
    return true;
  };
  for (const chunk of chunks) {
    splitter.push(chunk);
    while (keep(splitter.next()));
    const held = Number.parseInt(splitter.remainder ?? '0', 10);
    assert.ok(held <= options.maxMessageBytes + COUNT_AND_PRI, `${held} octets are held`);
  }
  while (keep(splitter.flush()));
  return { frames, refused: splitter.refused, misfits: splitter.misfits, remainder: splitter.remainder };
}

/** A stream cut where the numbers say. */
function cut(stream: Buffer, places: readonly number[]): Buffer[] {
  const at = [0, ...places.map((place) => place % (stream.length + 1)).toSorted((a, b) => a - b), stream.length];
  return at.slice(1).map((end, index) => stream.subarray(at[index], end));
}

const options = fc.record({
  maxMessageBytes: fc.integer({ min: 1, max: 40 }),
  tooLong: fc.constantFrom('cut' as const, 'refuse' as const),
  delimiter: fc.constantFrom('newline' as const, 'nul' as const, 'any' as const),
  framing: fc.constantFrom('auto' as const, 'octet-counting' as const, 'newline' as const),
});
/** What splitters look for, and some text. */
const piece = fc.oneof(
  fc.constantFrom('\n', '\r\n', '\r', '\0', ' ', '<13>', '0', '7 ', '12 ', '41 ', '999999999 ', '1234567890 ', '5'),
  fc.constantFrom('5 <13>', '9 <191>', '40 <1>', '\n<13>', '\n8 <0>', '<192>', '3 <01>', '12 <1'),
  fc.string({ unit: fc.constantFrom('a', 'b', '1', ' '), maxLength: 50 }),
);
const stream = fc.array(piece, { maxLength: 40 }).map((pieces) => Buffer.from(pieces.join('')));

test('however a stream is cut into chunks, its frames are the same', () => {
  fc.assert(
    fc.property(stream, options, fc.array(fc.nat(), { maxLength: 12 }), (whole, how, places) => {
      const expected = split([whole], how);
      assert.deepEqual(split(cut(whole, places), how), expected);
      assert.deepEqual(
        split(
          [...whole].map((octet) => Buffer.of(octet)),
          how,
        ),
        expected,
        'octet by octet',
      );
    }),
    { numRuns: 2_000 },
  );
});

test('frames that were counted come out as they went in, whatever is in them', () => {
  const frame = fc.uint8Array({ minLength: 1, maxLength: 60 }).map((octets) => Buffer.from(octets));
  fc.assert(
    fc.property(
      fc.array(frame),
      options,
      fc.array(fc.nat(), { maxLength: 12 }),
      (frames, { maxMessageBytes, ...others }, places) => {
        const how = { ...others, maxMessageBytes: maxMessageBytes + 1, framing: 'octet-counting' as const };
        const whole = Buffer.concat(frames.flatMap((one) => [Buffer.from(`${one.length} `), one]));
        const { maxMessageBytes: most, tooLong } = how;
        const expected = frames
          .filter(({ length }) => tooLong === 'cut' || length <= most)
          .map((one) => one.toString('latin1', 0, most) + (one.length > most ? '…' : ''));
        assert.deepEqual(split(cut(whole, places), how).frames, expected);
      },
    ),
  );
});

test('lines come out as they went in, whatever is in them but what ends them', () => {
  const line = fc.string({ unit: fc.constantFrom(...'<13>ab 12'.split('')), maxLength: 60 }).map((text) => `<${text}`);
  const end = fc.constantFrom('\n', '\r\n', '\0', '\n\n', '\0\n');
  fc.assert(
    fc.property(fc.array(fc.tuple(line, end)), fc.array(fc.nat(), { maxLength: 12 }), (lines, places) => {
      const whole = Buffer.from(lines.map((one) => one.join('')).join(''));
      assert.deepEqual(
        split(cut(whole, places), { maxMessageBytes: 100 }).frames,
        lines.map(([text]) => text),
      );
    }),
  );
});

const corpus = [
  '11 <13>counted9 <14>again',
  '<13>line\n<14>next\r\n<15>third\0',
  '29 <13>1 - - - - - - a message x11 <13>counted',
  '<13>one\n300 <13>not a count\n',
  '9 <13>count14 <14>too short26 <15>too long, and the next29 <13>again',
  '<13>one\n54 minutes\n40 <13>swallows\n<14>more\n',
].map((text) => Buffer.from(text));

/** A stream of the corpus, or of several, with octets changed, put in, taken out or repeated. */
function mutated(random: (n: number) => number): Buffer {
  const pick = (): Buffer => corpus[random(corpus.length)] as Buffer;
  let whole = Buffer.concat([pick(), pick(), pick()]);
  for (let changes = 1 + random(8); changes > 0; changes--) {
    const at = random(whole.length + 1);
    const to = Math.min(whole.length, at + random(20));
    const [before, part, after] = [whole.subarray(0, at), whole.subarray(at, to), whole.subarray(to)];
    const kind = random(4);
    if (kind === 0 && at < whole.length) whole[at] = random(256);
    else if (kind === 1) whole = Buffer.concat([before, after]);
    else if (kind === 2) whole = Buffer.concat([before, part, part, after]);
    else whole = Buffer.concat([before, Buffer.from(`${random(400)} `), part, after]);
  }
  return whole;
}

test('no stream that was tampered with throws, holds more than it may, or depends on how it is cut', (t) => {
  t.diagnostic(`${rounds} streams, seed ${seed}`);
  const random = seeded(seed);
  for (let round = 0; round < rounds; round++) {
    const whole = mutated(random);
    const how = {
      maxMessageBytes: 1 + random(60),
      tooLong: (['cut', 'refuse'] as const)[random(2)],
      delimiter: (['newline', 'nul', 'any'] as const)[random(3)],
      framing: (['auto', 'octet-counting', 'newline'] as const)[random(3)],
    };
    const places = Array.from({ length: random(10) }, () => random(whole.length + 1));
    try {
      assert.deepEqual(split(cut(whole, places), how), split([whole], how));
    } catch (error) {
      const what = JSON.stringify([whole.toString('latin1'), how, places]);
      throw new Error(`round ${round} of seed ${seed}: ${what}`, { cause: error });
    }
  }
});
