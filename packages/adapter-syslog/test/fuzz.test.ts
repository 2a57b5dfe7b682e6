import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toJson } from '../dist/deliver/json.js';
import { routed } from './fuzzing.js';
import { parse } from './parsing.js';
import { seeded, textOf } from './support.js';

/** More by hand: `SYSLOG_FUZZ=1000000 node --test dist-test/fuzz.test.js`. */
const rounds = Number(process.env['SYSLOG_FUZZ'] ?? 20_000);
/** A run is repeated by its seed: `SYSLOG_FUZZ_SEED=… node --test dist-test/fuzz.test.js`. */
const seed = Number(process.env['SYSLOG_FUZZ_SEED'] ?? Date.now() % 2 ** 32);

const corpus = [
  "<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \uFEFF'su root' failed for lonvick on /dev/pts/8",
  '<165>1 2003-10-11T22:14:15.003Z host evntslog 1 ID47 [exampleSDID@32473 iut="3" eventSource="App\\"l\\]"][a b="c" b="d"] An event',
  '<13>1 - - - - - -',
  "<34>Oct 11 22:14:15 mymachine su[12]: 'su root' failed for lonvick on /dev/pts/8",
  '<13>2026-11-23T18:18:28.999376+00:00 vm root: hello',
  '<13>2026-11-23 18:18:28,999 +0100 vm root: hello',
  '<189>29: sw-1.lan: *Nov 23 18:01:02.123 UTC: %SYS-5-CONFIG_I: Configured from console by vty0',
  '<166>Nov 23 2019 18:01:02 fw1 : %ASA-6-302013: Built inbound TCP connection',
  'no syslog at all',
].map((frame) => Buffer.from(frame));
/** What parsers look for. */
const tokens = [
  '<',
  '>',
  '1 ',
  '- ',
  ' ',
  '[',
  ']',
  '"',
  '\\',
  '=',
  ':',
  ': ',
  '%A',
  '\n',
  '\0',
  '\uFEFF',
  '\uD83D\uDE80',
  'Feb 29 ',
].map((token) => Buffer.from(token));

/** A frame of the corpus, or of two, with octets changed, put in, taken out or repeated. */
function mutated(random: (n: number) => number): Buffer {
  const pick = <T>(list: readonly T[]): T => list[random(list.length)] as T;
  let frame = Buffer.from(pick(corpus));
  for (let changes = 1 + random(6); changes > 0; changes--) {
    const at = random(frame.length + 1);
    const to = Math.min(frame.length, at + random(20));
    const [before, part, after] = [frame.subarray(0, at), frame.subarray(at, to), frame.subarray(to)];
    const kind = random(7);
    if (kind === 0 && at < frame.length) frame[at] = random(256);
    else if (kind === 1 && at < frame.length) frame[at] = (frame[at] as number) ^ (1 << random(8));
    else if (kind === 2) frame = Buffer.concat([before, pick(tokens), part, after]);
    else if (kind === 3) frame = Buffer.concat([before, after]);
    else if (kind === 4) frame = Buffer.concat([before, part, part, part, after]);
    else if (kind === 5) frame = Buffer.concat([before, pick(corpus).subarray(random(40))]);
    else frame = Buffer.from(before);
  }
  return frame;
}

function look(frame: Buffer): void {
  const options = { timeZone: 'Europe/Berlin' };
  const message = parse(frame, undefined, options);
  const json = toJson(message);
  assert.equal(json, JSON.stringify(message));
  // each octet may have to be written as \u00XX, and the parts have names
  assert.ok(json.length <= 500 + 6 * frame.length, `${json.length} characters of JSON`);
  routed(message);
  const whole = frame.toString();
  if (message.rfc === undefined) assert.equal(message.data, whole);
  else assert.ok(whole.includes(textOf(message)));
  assert.deepEqual(parse(Buffer.from(frame), undefined, options), message, 'the same frame, the same message');
}

test('no frame that was tampered with throws, grows, or is read in two ways', (t) => {
  t.diagnostic(`${rounds} frames, seed ${seed}`);
  const random = seeded(seed);
  for (let round = 0; round < rounds; round++) {
    const frame = mutated(random);
    try {
      look(frame);
    } catch (error) {
      throw new Error(`round ${round} of seed ${seed}: ${JSON.stringify(frame.toString('latin1'))}`, { cause: error });
    }
  }
});

for (const [what, piece, head] of [
  ['of one letter', 'a', '<13>Nov 23 18:01:02 '],
  ['of digits', '1', '<13>'],
  ['of colons', ':', '<13>Nov 23 18:01:02 '],
  ['of colons and blanks', ': ', '<13>29'],
  ['of blanks', ' ', '<13>1 - - - - - '],
  ['of brackets', '[', '<13>1 - - - - - '],
  ['of empty elements', '[a]', '<13>1 - - - - - '],
  ['of one element’s parameters', ' a="b"', '<13>1 - - - - - [x'],
  ['of backslashes', '\\', '<13>1 - - - - - [a b="'],
  ['of dots', '.', '<13>29: a'],
  ['of time stamps', 'Nov 23 18:01:02 ', '<13>'],
] as const) {
  test(`a frame as long as may be, ${what}, is read in one go`, () => {
    look(Buffer.from(head + piece.repeat(65_536 / piece.length)));
  });
}
