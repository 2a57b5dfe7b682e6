import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Kind, Parser, State, type ParserEvent } from '@nats-io/transport-node';
import * as fc from 'fast-check';
import { AckReader } from '../dist/jetstream/ack-reader.js';

const INBOX = '_INBOX.LAIKA.';

/** What becomes of bytes that come in pieces: the numbers that the reader takes, and what the library parses. */
function read(pieces: readonly Buffer[]): { readonly taken: readonly number[]; readonly parsed: readonly string[] } {
  const taken: number[] = [];
  const parsed: string[] = [];
  const parser = new Parser({
    push({ kind, msg, data }: ParserEvent) {
      const subject = msg === undefined ? '' : Buffer.from(msg.subject).toString();
      parsed.push(`${kind} ${subject} ${data === undefined ? '' : Buffer.from(data).toString()}`.trim());
    },
  });
  const reader = new AckReader(
    INBOX,
    () => parser.state === State.OP_START,
    (id) => taken.push(id),
  );
  for (const piece of pieces) for (const rest of reader.read(piece)) parser.parse(rest);
  return { taken, parsed };
}

function msg(subject: string, payload: string, reply = ''): string {
  return `MSG ${subject} 1 ${reply} ${Buffer.byteLength(payload)}\r\n${payload}\r\n`;
}

function ack(id: number): string {
  return msg(`${INBOX}${id}`, `{"stream":"S", "seq":${id}}`);
}

test('acknowledgements are taken, with one space in their line or two; the library sees nothing of them', () => {
  const bytes = Buffer.from(ack(1) + ack(22) + ack(333).replace('  ', ' '));
  assert.deepEqual(read([bytes]), { taken: [1, 22, 333], parsed: [] });
});

test('what is not plainly an acknowledgement is left to the library, with all that follows in its piece', () => {
  const others = [
    msg(`${INBOX}1`, '{"error":{"code":503},"stream":"S"}'),
    msg(`${INBOX}1`, ''),
    msg(`${INBOX}1`, '{"stream":"S"}', 'reply'),
    msg(`${INBOX}1`, '{"stream":"S"}', '4711'),
    msg(`${INBOX}1`, `{"stream":"${'S'.repeat(2000)}"}`),
    msg(`${INBOX}1x`, '{"stream":"S"}'),
    msg(`${INBOX}${'9'.repeat(100)}`, '{"stream":"S"}'),
    msg('other', '{"stream":"S"}'),
  ];
  for (const other of others) {
    const { taken, parsed } = read([Buffer.from(ack(1) + other + ack(2)), Buffer.from(ack(3))]);
    assert.deepEqual(taken, [1, 3], other.slice(0, 100));
    assert.equal(parsed.length, 2, other.slice(0, 100));
    assert.match(parsed[1] ?? '', /LAIKA\.2 /);
  }
});

test('a payload that looks like an acknowledgement is none, even where a piece begins with it', () => {
  const payload = ack(7);
  const [line = '', rest = ''] = msg('other', payload).split(payload);
  const pieces = [line, payload, rest + ack(8)].map((piece) => Buffer.from(piece));
  const { taken, parsed } = read(pieces);
  assert.deepEqual(taken, []);
  assert.deepEqual(parsed, [`${Kind.MSG} other ${payload}`.trim(), `${Kind.MSG} ${INBOX}8 {"stream":"S", "seq":8}`]);
});

test('a piece of over a hundred acknowledgements is taken with pauses', () => {
  const reader = new AckReader(
    INBOX,
    () => true,
    () => {},
  );
  const piece = Buffer.from(Array.from({ length: 250 }, (_, id) => ack(id)).join(''));
  assert.deepEqual(
    [...reader.read(piece)].map(({ length }) => length),
    [0, 0],
  );
});

const someAck = fc.nat(100_000).map((id) => ({ bytes: ack(id), id, parsed: undefined }));
const someOther = fc
  .constantFrom(
    { bytes: 'PING\r\n', parsed: `${Kind.PING}` },
    { bytes: 'PONG\r\n', parsed: `${Kind.PONG}` },
    { bytes: "-ERR 'no'\r\n", parsed: `${Kind.ERR}  'no'` },
    ...['{"error":{}}', '', '{"stream":"S"', `{"stream":${'x'.repeat(3000)}`].map((payload, i) => ({
      bytes: msg(`other.${i}`, payload),
      parsed: `${Kind.MSG} other.${i} ${payload}`.trim(),
    })),
  )
  .map((other) => ({ ...other, id: undefined }));

test('cut into pieces anywhere, each acknowledgement is seen once, and the library parses the rest in order', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof({ weight: 4, arbitrary: someAck }, someOther), { maxLength: 40 }),
      fc.array(fc.nat(8000), { maxLength: 30 }),
      (items, cuts) => {
        const bytes = Buffer.from(items.map((item) => item.bytes).join(''));
        const places = [0, ...cuts.filter((cut) => cut < bytes.length).toSorted((a, b) => a - b), bytes.length];
        const { taken, parsed } = read(places.slice(1).map((end, i) => bytes.subarray(places[i], end)));
        const isAck = (event: string): boolean => event.includes(INBOX);
        const byLibrary = parsed.filter(isAck).map((event) => Number(/LAIKA\.(\d+)/.exec(event)?.[1]));
        const ids = items.flatMap(({ id }) => id ?? []);
        const inOrder = (numbers: readonly number[]): number[] => numbers.toSorted((a, b) => a - b);
        assert.deepEqual(inOrder([...taken, ...byLibrary]), inOrder(ids));
        assert.deepEqual(
          parsed.filter((event) => !isAck(event)),
          items.flatMap(({ parsed }) => parsed ?? []),
        );
      },
    ),
    { numRuns: 2000 },
  );
});

test('of each acknowledgement it is told whether the stream had the message before, wherever a piece ends', () => {
  const payloads: readonly (readonly [payload: string, isDuplicate: boolean])[] = [
    ['{"stream":"S", "seq":1}', false],
    ['{"stream":"S", "seq":1,"duplicate": true}', true],
    ['{"stream":"S","seq":1,"domain":"hub","duplicate":true}', true],
    ['{"stream":"S","seq":1,"domain":"hub"}', false],
    ['{"stream":"S","seq":1,"duplicate":false}', false],
    ['{"stream":"duplicate_true","domain":"true","seq":1}', false],
  ];
  const bytes = Buffer.from(payloads.map(([payload], id) => msg(`${INBOX}${id}`, payload)).join(''));
  for (let cut = 0; cut <= bytes.length; cut++) {
    const told: boolean[] = [];
    const reader = new AckReader(
      INBOX,
      () => true,
      (_, isDuplicate) => told.push(isDuplicate),
    );
    for (const piece of [bytes.subarray(0, cut), bytes.subarray(cut)]) assert.deepEqual([...reader.read(piece)], []);
    assert.deepEqual(
      told,
      payloads.map(([, isDuplicate]) => isDuplicate),
    );
  }
});
