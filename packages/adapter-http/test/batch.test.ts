import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { array, assert as check, constantFrom, json as jsonText, property } from 'fast-check';
import type { ProduceMessage } from '@sputnikjs/messaging';
import { refusal, accepted, type Answer } from '../dist/answer/answers.js';
import { elementsOf, linesOf } from '../dist/read/split.js';
import { codeOf, curl, post, type Got } from './clients.js';
import { gate, listen } from './listen.js';
import { fly } from './satellite.js';

const LINES = { 'content-type': 'application/x-ndjson' };
const JSON_ARRAY = { 'content-type': 'application/json' };
const EVENTS = { 'content-type': 'application/cloudevents-batch+json' };
const EVENT = { specversion: '1.0', id: '42', source: '/shop', type: 'order.placed' };

interface Item {
  readonly index: number;
  readonly status: number;
  readonly code?: string;
  readonly detail?: string;
}

const itemsIn = ({ body }: Got): readonly Item[] => (JSON.parse(body) as { items: readonly Item[] }).items;
const textsOf = (messages: readonly ProduceMessage[]) => messages.map(({ payload }) => Buffer.from(payload).toString());

describe('a batch', () => {
  test('of lines (NDJSON) by curl becomes a message for each line, in their order, each byte for byte', async (t) => {
    const { url, messages } = await listen(t);
    const body = '{"n": 12345678901234567890}\r\n\n  [1]\n"ü"';
    const got = await curl(
      '--data-binary',
      body,
      '-H',
      'content-type: application/x-ndjson',
      `${url}/produce/a/b/batch`,
    );
    assert.equal(got.status, 202, got.body);
    assert.deepEqual(JSON.parse(got.body), {
      target: 'a/b',
      items: [0, 1, 2].map((index) => ({ index, status: 202 })),
    });
    assert.deepEqual(textsOf(messages), ['{"n": 12345678901234567890}', '[1]', '"ü"']);
    for (const message of messages) {
      assert.deepEqual({ ...message, payload: '' }, { target: 'a/b', payload: '', contentType: 'application/json' });
    }
  });

  test('of a JSON array becomes a message for each element, byte for byte', async (t) => {
    const { url, messages } = await listen(t);
    const body = '[ {"n": 12345678901234567890, "t": "],[\\""} ,1.0,\n[[],{}] , "a,b" ]';
    const got = await post(`${url}/produce/a/batch`, body, JSON_ARRAY);
    assert.equal(got.status, 202);
    assert.equal(itemsIn(got).length, 4);
    assert.deepEqual(textsOf(messages), ['{"n": 12345678901234567890, "t": "],[\\""}', '1.0', '[[],{}]', '"a,b"']);
  });

  test('of CloudEvents becomes a message for each, with its own attributes and id', async (t) => {
    const { url, messages } = await listen(t);
    const body = JSON.stringify([EVENT, { ...EVENT, id: '43' }, { ...EVENT, id: '' }]);
    const got = await post(`${url}/produce/a/batch`, body, EVENTS);
    assert.equal(got.status, 207);
    assert.deepEqual(
      itemsIn(got).map(({ status }) => status),
      [202, 202, 400],
    );
    assert.match(itemsIn(got)[2]?.detail ?? '', /its "id" is ""/);
    assert.deepEqual(
      messages.map(({ id, contentType }) => [id, contentType]),
      [
        ['event::a:%2Fshop:42', 'application/cloudevents+json'],
        ['event::a:%2Fshop:43', 'application/cloudevents+json'],
      ],
    );
    assert.equal(messages[1]?.headers?.['ce-id'], '43');
  });

  test('without messages is answered 202, and nothing is done', async (t) => {
    const { url, messages } = await listen(t);
    for (const [body, type] of [
      ['[]', JSON_ARRAY],
      [' [ ] ', EVENTS],
      ['', LINES],
      ['\n\r\n', LINES],
    ] as const) {
      const got = await post(`${url}/produce/a/batch`, body, type);
      assert.equal(got.status, 202);
      assert.deepEqual(itemsIn(got), []);
    }
    assert.deepEqual(messages, []);
  });

  test('with an Idempotency-Key gives each message one of its own, the same when it is sent again', async (t) => {
    const { url, messages } = await listen(t);
    const trace = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    for (let i = 0; i < 2; i++)
      await post(`${url}/produce/a/batch`, '[1,2]', { ...JSON_ARRAY, 'idempotency-key': 'k', traceparent: trace });
    assert.deepEqual(
      messages.map(({ id }) => id),
      ['item::a:k:0', 'item::a:k:1', 'item::a:k:0', 'item::a:k:1'],
    );
    assert.deepEqual(messages[1]?.headers, { traceparent: trace });
  });
});

describe('each message of a batch', () => {
  test('is settled on its own, and told of by index, status and code', async (t) => {
    const messages: ProduceMessage[] = [];
    const produce = async (message: ProduceMessage): Promise<Answer> => {
      messages.push(message);
      return String(message.payload) === '3' ? refusal('REFUSED', 'too odd') : accepted(message.target);
    };
    const { url } = await listen(t, { produce });
    const got = await post(`${url}/produce/a/batch`, '1\n{oops\n3\n4\n', LINES);
    assert.equal(got.status, 207);
    const items = itemsIn(got);
    assert.deepEqual(
      items.map(({ index, status, code }) => [index, status, code]),
      [
        [0, 202, undefined],
        [1, 400, 'BAD_REQUEST'],
        [2, 502, 'REFUSED'],
        [3, 202, undefined],
      ],
    );
    assert.match(items[1]?.detail ?? '', /the body is not JSON/);
    assert.match(items[2]?.detail ?? '', /^too odd;/);
    assert.deepEqual(textsOf(messages), ['1', '3', '4']);
  });

  test('is refused alike while the server is away: then the answer is that refusal', async (t) => {
    const { url } = await fly(t, { isServerUp: false });
    const got = await post(`${url}/produce/a/batch`, '[1,2]', JSON_ARRAY);
    assert.equal(got.status, 503);
    assert.equal(codeOf(got), 'SERVER_AWAY');
    assert.equal(got.headers['retry-after'], '5');
    assert.deepEqual(
      itemsIn(got).map(({ code }) => code),
      ['SERVER_AWAY', 'SERVER_AWAY'],
    );
  });

  test('is answered 202 only when the server has taken all; a window bounds how many wait', async (t) => {
    const waiting: (() => void)[] = [];
    let most = 0;
    const three = gate<void>();
    const produce = ({ target }: ProduceMessage): Promise<Answer> =>
      new Promise((resolve) => {
        waiting.push(() => resolve(accepted(target)));
        most = Math.max(most, waiting.length);
        if (waiting.length === 3) three.open();
      });
    const { url } = await listen(t, { produce, limits: { batchWindow: 3 } });
    let answered = false;
    const sent = post(`${url}/produce/a/batch`, JSON.stringify(Array.from({ length: 20 }, (_, i) => i)), JSON_ARRAY);
    const done = sent.then((got) => ((answered = true), got));
    await three.opened;
    for (let taken = 0; taken < 20; taken++) {
      assert.equal(answered, false);
      while (waiting.length === 0) await new Promise(setImmediate);
      waiting.shift()?.();
    }
    assert.equal((await done).status, 202);
    assert.equal(most, 3);
  });

  test('goes through the window of a gateway that lets few wait, and none is refused for that', async (t) => {
    const { url, takeAll } = await fly(t, { config: { maxPending: 7, maxPendingPerClient: 3 } });
    takeAll();
    const got = await post(
      `${url}/produce/a/batch`,
      JSON.stringify(Array.from({ length: 500 }, (_, i) => i)),
      JSON_ARRAY,
    );
    assert.equal(got.status, 202, got.body);
  });
});

describe('a batch that is wrong as a whole', () => {
  test('is answered as a whole, and none of it is produced', async (t) => {
    const { url, messages } = await listen(t, { limits: { maxBatchItems: 3 } });
    const event = { 'ce-specversion': '1.0', 'ce-id': '1', 'ce-source': '/a', 'ce-type': 'b' };
    const cases: [string, Record<string, string>, number, string][] = [
      ['[1,', JSON_ARRAY, 400, 'BAD_REQUEST'],
      ['{"a":[1]}', JSON_ARRAY, 400, 'BAD_REQUEST'],
      ['"[1]"', EVENTS, 400, 'BAD_REQUEST'],
      ['', JSON_ARRAY, 400, 'BAD_REQUEST'],
      ['1', { ...LINES, ...event }, 400, 'BAD_REQUEST'],
      ['[1]', { 'content-type': 'text/plain' }, 415, 'UNSUPPORTED_TYPE'],
      ['[1]', { 'content-type': 'application/cloudevents+json' }, 415, 'UNSUPPORTED_TYPE'],
      ['[1,2,3,4]', JSON_ARRAY, 413, 'TOO_LARGE'],
      ['1\n2\n3\n4', LINES, 413, 'TOO_LARGE'],
    ];
    for (const [body, headers, status, code] of cases) {
      const got = await post(`${url}/produce/a/batch`, body, headers);
      assert.deepEqual([got.status, codeOf(got)], [status, code], body);
    }
    assert.deepEqual(messages, []);
    assert.equal((await post(`${url}/produce/a/batch`, '[1,2,3]', JSON_ARRAY)).status, 202);
  });
});

describe('a path that ends in /batch', () => {
  test('is a batch only where the slash is written out, behind a target', async (t) => {
    const { url, messages } = await listen(t);
    const single: [string, string][] = [
      ['orders%2Fbatch', 'orders/batch'],
      ['orders/%62atch', 'orders/batch'],
      ['batch', 'batch'],
      ['orders/batch%2F', 'orders/batch/'],
      ['orders%2FBatch', 'orders/Batch'],
      ['Batch', 'Batch'],
      ['orders/batches', 'orders/batches'],
      ['orders.batch', 'orders.batch'],
    ];
    for (const [path, target] of single) {
      const got = await curl('-d', '[1]', `${url}/produce/${path}`);
      assert.deepEqual([got.status, JSON.parse(got.body)], [202, { target }], path);
    }
    const batches: [string, string][] = [
      ['orders/batch', 'orders'],
      ['orders/batch?', 'orders'],
      ['batch/batch', 'batch'],
      ['a/batch/batch', 'a/batch'],
      ['a%2Fbatch/batch', 'a/batch'],
    ];
    for (const [path, target] of batches) {
      const got = await curl('-d', '[1]', '-H', 'content-type: application/json', `${url}/produce/${path}`);
      assert.deepEqual(JSON.parse(got.body), { target, items: [{ index: 0, status: 202 }] }, path);
    }
    assert.equal(messages.length, single.length + batches.length);
  });
});

describe('whatever is in them', () => {
  test('elements of an array are cut where JSON has them', () => {
    check(
      property(array(jsonText()), constantFrom('', ' ', '\n', '\t \r\n'), (texts, space) => {
        const json = Buffer.from(`${space}[${space}${texts.join(`${space},${space}`)}${space}]${space}`);
        assert.deepEqual(elementsOf(json, 1000).map(String), texts);
      }),
      { numRuns: 500 },
    );
  });

  test('lines are cut at line feeds', () => {
    check(
      property(array(jsonText().filter((text) => text.trim() === text)), constantFrom('\n', '\r\n'), (texts, end) => {
        assert.deepEqual(linesOf(Buffer.from(texts.join(end)), 1000).map(String), texts);
      }),
      { numRuns: 500 },
    );
  });
});
