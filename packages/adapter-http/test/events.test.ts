import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import type { Problem } from '@sputnikjs/adapter-http';
import { Refused } from '../dist/answer/refusals.js';
import { EVENT_TYPE, eventIn } from '../dist/read/events.js';
import { codeOf, post } from './clients.js';
import { listen } from './listen.js';

const EVENT = { specversion: '1.0', id: '42', source: '/shop', type: 'order.placed' };
const HEADERS = { 'ce-specversion': '1.0', 'ce-id': '42', 'ce-source': '/shop', 'ce-type': 'order.placed' };
const STRUCTURED = { 'content-type': 'application/cloudevents+json; charset=utf-8' };

/** What is wrong with an event in JSON, or undefined. */
function wrong(event: unknown): string | undefined {
  try {
    eventIn({}, 'application/cloudevents+json', Buffer.from(JSON.stringify(event)));
    return undefined;
  } catch (error) {
    assert.ok(error instanceof Refused);
    return error.message;
  }
}

describe('a CloudEvent in binary mode', () => {
  test('has its attributes go with the message as headers, its source and id as id, its data as body', async (t) => {
    const { url, messages } = await listen(t);
    const more = {
      'ce-time': '2026-01-31T12:00:00.123+01:00',
      'ce-subject': 'Gr%C3%BC%C3%9Fe%20an%20%25',
      'ce-myext': 'x',
    };
    const got = await post(`${url}/produce/a`, '{"a":1}', { ...HEADERS, ...more, 'content-type': 'application/json' });
    assert.equal(got.status, 202, got.body);
    assert.deepEqual(messages, [
      {
        target: 'a',
        payload: Buffer.from('{"a":1}'),
        contentType: 'application/json',
        headers: { ...HEADERS, ...more },
        id: 'event::a:%2Fshop:42',
      },
    ]);
  });

  test('whose values come in quotes has them encoded as all others', async (t) => {
    const { url, messages } = await listen(t);
    assert.equal(
      (await post(`${url}/produce/a`, 'x', { ...HEADERS, 'ce-subject': String.raw`"a \"b\""` })).status,
      202,
    );
    assert.equal(messages[0]?.headers?.['ce-subject'], 'a%20%22b%22');
  });

  test('that is wrong is answered 400 with what is wrong', async (t) => {
    const { url, messages } = await listen(t);
    const cases: [Record<string, string>, RegExp][] = [
      [{ 'ce-id': '' }, /its "id" is "", which is not a text/],
      [{ 'ce-id': '%zz' }, /"ce-id" is not percent-encoded UTF-8: a "%" itself is sent as %25/],
      [{ 'ce-id': '%ff' }, /"ce-id" is not percent-encoded UTF-8/],
      [{ 'ce-id': 'é' }, /"ce-id" has characters that have to be percent-encoded/],
      [{ 'ce-id': 'a%0d%0ab' }, /"id" has control/],
      [{ 'ce-specversion': '0.3' }, /its "specversion" is "0.3", which is not "1.0"/],
      [{ 'ce-source': 'a b' }, /"source" .* not a URI reference/],
      [{ 'ce-time': 'yesterday' }, /"time" .* not a time such as/],
      [{ 'ce-data': 'x' }, /"data" cannot be the name/],
      [{ 'ce-my_ext': 'x' }, /"my_ext" cannot be the name/],
      [{ 'ce-constructor': 'x', 'ce-time': '' }, /its "time" is ""/],
      [{ 'ce-datacontenttype': 'text/plain' }, /send the header Content-Type instead/],
      [{ 'content-type': 'nonsense' }, /"datacontenttype" is "nonsense", which is not a media type/],
    ];
    for (const [change, text] of cases) {
      const got = await post(`${url}/produce/a`, 'x', { ...HEADERS, ...change });
      assert.equal(codeOf(got), 'BAD_REQUEST', JSON.stringify(change));
      assert.match((JSON.parse(got.body) as Problem).detail, text);
    }
    for (const name of Object.keys(HEADERS)) {
      const { [name]: _, ...others } = { ...HEADERS } as Record<string, string>;
      const got = await post(`${url}/produce/a`, 'x', others);
      assert.match((JSON.parse(got.body) as Problem).detail, new RegExp(`it has no "${name.slice(3)}"`));
    }
    assert.deepEqual(messages, []);
  });
});

describe('a CloudEvent in structured mode', () => {
  test('goes on as it is, with its attributes as headers and its source and id as id', async (t) => {
    const { url, messages } = await listen(t);
    const event = { ...EVENT, datacontenttype: 'text/plain', sequence: 7, urgent: true, subject: 'Grüße', none: null };
    const body = `${JSON.stringify({ ...event, data: 'x' })}\n`;
    assert.equal((await post(`${url}/produce/a`, body, STRUCTURED)).status, 202);
    assert.deepEqual(messages, [
      {
        target: 'a',
        payload: Buffer.from(body),
        contentType: STRUCTURED['content-type'],
        headers: { ...HEADERS, 'ce-sequence': '7', 'ce-urgent': 'true', 'ce-subject': 'Gr%C3%BC%C3%9Fe' },
        id: 'event::a:%2Fshop:42',
      },
    ]);
  });

  test('may have all that the specification allows', () => {
    for (const more of [
      { time: '2024-02-29T23:59:60Z' },
      { time: '2026-01-31t12:00:00.5z' },
      { dataschema: 'urn:x:y' },
      { source: 'https://example.com/a?b#c', id: 'ü ✓ "%' },
      { data_base64: 'AAE=' },
      { data: null },
      { data: { any: ['thing'] } },
      { averyveryverylongnameofanextension: '' },
      { constructor: 'x' },
    ]) {
      assert.equal(wrong({ ...EVENT, ...more }), undefined, JSON.stringify(more));
    }
  });

  test('that is wrong is told what is wrong', () => {
    const cases: [object, RegExp][] = [
      [{ id: undefined }, /it has no "id"/],
      [{ id: null }, /it has no "id"/],
      [{ id: 42 }, /"id" has to be text/],
      [{ specversion: 1 }, /"specversion" has to be text/],
      [{ specversion: '1.1' }, /"specversion" is "1.1"/],
      [{ source: '' }, /"source"/],
      [{ source: 'a%2' }, /"source"/],
      [{ dataschema: '/relative' }, /"dataschema" .* absolute URI/],
      [{ time: '2026-02-29T12:00:00Z' }, /"time"/],
      [{ time: '2026-13-01T12:00:00Z' }, /"time"/],
      [{ time: '2026-01-01T24:00:00Z' }, /"time"/],
      [{ time: '2026-01-01' }, /"time"/],
      [{ myExt: 'x' }, /"myExt" cannot be the name/],
      [{ myext: {} }, /"myext" has to be text, a whole number of 32 bits/],
      [{ myext: 1.5 }, /"myext" has to be/],
      [{ myext: 2 ** 31 }, /"myext" has to be/],
      [{ subject: '\ud800' }, /"subject" has control or broken/],
      [{ data: 1, data_base64: 'AAE=' }, /keep one of them/],
      [{ data_base64: 'A' }, /not Base64/],
      [{ data_base64: 7 }, /not Base64/],
      [JSON.parse('{"__proto__":"x"}') as object, /"__proto__" cannot be the name/],
    ];
    for (const [change, text] of cases) {
      const event = { ...EVENT, ...change };
      if (Object.hasOwn(change, '__proto__'))
        Object.defineProperty(event, '__proto__', { value: 'x', enumerable: true });
      assert.match(wrong(event) ?? '', text, JSON.stringify(change));
    }
    for (const none of [null, [], [EVENT], 'x', 1]) assert.match(wrong(none) ?? '', /not a JSON object/);
  });

  test('of another format, or a batch of them where one is expected, is answered 415', async (t) => {
    const { url } = await listen(t);
    const batch = await post(`${url}/produce/a`, '[]', { 'content-type': 'application/cloudevents-batch+json' });
    assert.equal(batch.status, 415);
    assert.match(batch.body, /\/produce\/<target>\/batch/);
    const avro = await post(`${url}/produce/a`, 'x', { 'content-type': 'application/cloudevents+avro' });
    assert.equal(avro.status, 415);
    assert.equal(codeOf(avro), 'UNSUPPORTED_TYPE');
  });
});

describe('the id of an event', () => {
  const idOf = async (t: TestContext, source: string, id: string): Promise<unknown> => {
    const { url, messages } = await listen(t);
    await post(`${url}/produce/a`, JSON.stringify({ ...EVENT, source, id }), { 'content-type': EVENT_TYPE });
    return messages[0]?.id;
  };

  test('tells it from those of other sources, as the specification has it', async (t) => {
    assert.notEqual(await idOf(t, '/a', '1'), await idOf(t, '/b', '1'));
    assert.notEqual(await idOf(t, '/a', '1:2'), await idOf(t, '/a:1', '2'));
    assert.equal(await idOf(t, '/a', '1'), await idOf(t, '/a', '1'));
  });

  test('has room on every server, and is of ASCII characters', async (t) => {
    assert.equal(await idOf(t, '/a', 'ü 1'), 'event::a:%2Fa:%C3%BC%201');
    assert.match(String(await idOf(t, '/a', 'x'.repeat(300))), /^sha256:[\da-f]{64}$/);
    assert.notEqual(await idOf(t, '/a', 'x'.repeat(300)), await idOf(t, '/a', 'x'.repeat(301)));
  });

  test('gives way to an Idempotency-Key', async (t) => {
    const { url, messages } = await listen(t);
    await post(`${url}/produce/a`, 'x', { ...HEADERS, 'idempotency-key': 'mine' });
    assert.equal(messages[0]?.id, 'key::a:mine');
  });
});
