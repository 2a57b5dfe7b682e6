import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { addressOf } from '../dist/read/address.js';
import { matcherOf } from '../dist/access/access.js';
import { eventIn } from '../dist/read/events.js';
import { Refused } from '../dist/answer/refusals.js';
import { elementsOf, linesOf } from '../dist/read/split.js';
import { post, Wire } from './clients.js';
import { listen } from './listen.js';

const { HTTP_FUZZ = '1000', HTTP_FUZZ_SEED } = process.env;
/** Inputs for each property: more by hand, as in `HTTP_FUZZ=1000000 HTTP_FUZZ_SEED=5 node --test dist-test/fuzz.test.js`. */
const numRuns = Number(HTTP_FUZZ);
const seed = HTTP_FUZZ_SEED === undefined ? {} : { seed: Number(HTTP_FUZZ_SEED) };

/** Bytes of a valid thing, some of them changed, taken out, or doubled. */
function mutants(valid: readonly string[]): fc.Arbitrary<Buffer> {
  const change = fc.record({ at: fc.nat(400), byte: fc.nat(255), kind: fc.constantFrom('set', 'cut', 'add', 'end') });
  return fc
    .tuple(fc.constantFrom(...valid), fc.array(change, { minLength: 1, maxLength: 6 }))
    .map(([text, changes]) => {
      const bytes = [...Buffer.from(text)];
      for (const { at, byte, kind } of changes) {
        const place = at % (bytes.length + 1);
        if (kind === 'set') bytes[place] = byte;
        else if (kind === 'cut') bytes.splice(place, 1 + (byte % 8));
        else if (kind === 'add') bytes.splice(place, 0, byte, byte);
        else bytes.length = place;
      }
      return Buffer.from(bytes);
    });
}

/** Runs it; nothing but a refusal may be thrown. */
function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    assert.ok(error instanceof Refused, String(error));
    assert.ok(error.message.length < 2000);
    return undefined;
  }
}

const EVENT =
  '{"specversion":"1.0","id":"1","source":"/a","type":"b","time":"2026-01-31T12:00:00Z","n":1,"data":{"a":[1]}}';
const ARRAY = `[${EVENT},"a,\\"]b",[[],{}],-1.5e3,null,true]`;

describe('whatever comes, it is a refusal or it is right', () => {
  test('batches: what is cut out of an array is what JSON.parse sees in it', () => {
    fc.assert(
      fc.property(mutants([ARRAY, ' [ ] ', '[1,2]']), (bytes) => {
        const parts = attempt(() => elementsOf(bytes, 1000));
        if (parts)
          assert.deepEqual(
            parts.map((part) => JSON.parse(String(part)) as unknown),
            JSON.parse(String(bytes)),
          );
        const lines = attempt(() => linesOf(bytes, 1000)) ?? [];
        assert.ok(lines.every((line) => line.length > 0 && !line.includes('\n')));
      }),
      { numRuns, ...seed },
    );
  });

  test('events in JSON: what is taken has the attributes that it needs, in headers that every server takes', () => {
    fc.assert(
      fc.property(mutants([EVENT]), (bytes) => {
        const event = attempt(() => eventIn({}, 'application/cloudevents+json', bytes));
        if (!event) return;
        for (const name of ['specversion', 'id', 'source', 'type']) assert.ok(event.headers[`ce-${name}`]);
        for (const [name, value] of Object.entries(event.headers)) {
          assert.match(name, /^ce-[a-z\d]+$/);
          assert.match(value, /^[!-~]*$/);
        }
        assert.ok(event.identity.every((part) => part !== ''));
      }),
      { numRuns, ...seed },
    );
  });

  test('events in headers: attributes come through as they were, however they are encoded', () => {
    const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter((id) => !/\p{Cc}/u.test(id));
    fc.assert(
      fc.property(text, fc.string(), (id, garbage) => {
        const base = { 'ce-specversion': ['1.0'], 'ce-source': ['/a'], 'ce-type': ['b'] };
        const event = eventIn({ ...base, 'ce-id': [encodeURIComponent(id)] }, undefined, Buffer.alloc(0));
        assert.equal(decodeURIComponent(event?.headers['ce-id'] ?? ''), id);
        attempt(() => eventIn({ ...base, 'ce-id': [garbage], [`ce-${garbage}`]: [id] }, garbage, Buffer.alloc(0)));
      }),
      { numRuns, ...seed },
    );
  });

  test('paths: a target is what was encoded, and a batch only where that is written', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), fc.boolean(), (target, isBatch) => {
        const [encoded, suffix] = [encodeURIComponent(target), isBatch ? '/batch' : ''];
        const address = attempt(() => addressOf(`/produce/${encoded}${suffix}?`, target + suffix));
        if (/\p{Cc}/u.test(target)) assert.equal(address, undefined);
        else assert.deepEqual(address, { target, isBatch });
      }),
      { numRuns, ...seed },
    );
  });

  test('patterns: they fit what a regular expression would', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*'), maxLength: 6 });
    fc.assert(
      fc.property(letters, fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 8 }), (pattern, target) => {
        const expected = new RegExp(`^${pattern.replaceAll('.', String.raw`\.`).replaceAll('*', '.*')}$`).test(target);
        assert.equal(matcherOf(pattern)(target), expected);
      }),
      { numRuns, ...seed },
    );
  });
});

const HEAD = 'POST /produce/a HTTP/1.1\r\nhost: a\r\nconnection: close\r\n';
const REQUESTS = [
  `${HEAD}content-length: 3\r\n\r\nabc`,
  `${HEAD}transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`,
  `${HEAD.replace('/a ', '/a/batch ')}content-type: application/json\r\ncontent-length: ${ARRAY.length}\r\n\r\n${ARRAY}`,
  `${HEAD}ce-specversion: 1.0\r\nce-id: 1\r\nce-source: /a\r\nce-type: b\r\ncontent-length: 3\r\n\r\nabc`,
];

/** What comes first, or nothing; a connection that is kept open is closed then. */
function answerTo(port: number, bytes: Buffer): Promise<string> {
  const wire = new Wire(port).send(bytes);
  wire.socket.once('data', () => wire.socket.end());
  return wire.received;
}

/** What a request is answered that has time: on a loaded machine the deadlines of this gateway pass for others, too. */
async function statusInTime(url: string): Promise<number> {
  for (let left = 20; ; left--) {
    const { status } = await post(url);
    if (status !== 408 || left === 0) return status;
  }
}

describe('whatever bytes a connection brings', () => {
  test('it is answered 2xx, 4xx or 501, or cut, and others are served', async (t) => {
    const logged: unknown[] = [];
    const { port, url } = await listen(t, {
      limits: { headersMs: 100, requestMs: 100, checkMs: 10, lingerMs: 10 },
      log: { debug: () => {}, info: () => {}, warn: () => {}, error: (fields) => void logged.push(fields) },
    });
    const bytes = fc.oneof(
      mutants(REQUESTS),
      fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array)),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(bytes, { minLength: 20, maxLength: 20 }), async (batch) => {
        const answers = await Promise.all(batch.map((each) => answerTo(port, each)));
        for (const text of answers) assert.match(text, /^(?:HTTP\/1\.1 (?:[124]\d\d|501) |$)/);
        assert.equal(await statusInTime(`${url}/produce/other`), 202);
      }),
      { numRuns: Math.ceil(numRuns / 100), ...seed, endOnFailure: true },
    );
    assert.deepEqual(logged, []);
  });

  test('what comes of a request does not depend on how its bytes are cut', async (t) => {
    const { port, messages } = await listen(t);
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...REQUESTS), fc.array(fc.nat(400), { maxLength: 5 }), async (request, cuts) => {
        const ends = [...cuts.map((cut) => cut % request.length), request.length].toSorted((a, b) => a - b);
        messages.length = 0;
        const wire = new Wire(port);
        wire.socket.setNoDelay(true);
        let start = 0;
        for (const end of ends) {
          await new Promise((resolve) => wire.socket.write(request.slice(start, end), resolve));
          start = end;
        }
        assert.match(await wire.received, /^HTTP\/1\.1 202 /);
        const expected = request.includes('batch') ? JSON.stringify(JSON.parse(ARRAY)) : 'abc';
        const texts = messages.map(({ payload }) => Buffer.from(payload).toString());
        assert.equal(
          request.includes('batch') ? JSON.stringify(JSON.parse(`[${texts.join()}]`)) : texts.join(),
          expected,
        );
      }),
      { numRuns: Math.ceil(numRuns / 20), ...seed },
    );
  });
});
