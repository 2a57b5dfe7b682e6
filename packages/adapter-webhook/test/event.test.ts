import assert from 'node:assert/strict';
import { validateHeaderName, validateHeaderValue } from 'node:http';
import { test } from 'node:test';
import { assert as forAll, constantFrom, dictionary, oneof, option, property, record, string } from 'fast-check';
import type { ConsumedMessage } from '@sputnikjs/messaging';
import { eventOf, type WebhookEvent } from '../dist/event/event.js';

const make = (message: Partial<ConsumedMessage>): WebhookEvent =>
  eventOf(
    { source: 'orders', payload: Buffer.from('{}'), redelivered: false, ...message },
    { type: 'order', newId: () => 'made' },
  );

test('a message becomes an event in binary mode: its id, its source as a path, the type, its content type, its bytes', () => {
  const body = Buffer.from([0, 255, 13, 10]);
  const event = make({ payload: body, source: 'sensors/attic room', id: '42', contentType: 'image/png' });
  assert.deepEqual(event.headers, {
    'content-type': 'image/png',
    'ce-specversion': '1.0',
    'ce-id': '42',
    'ce-source': '/sensors/attic%20room',
    'ce-type': 'order',
  });
  assert.equal(event.body, body);
});

test('a message without an id gets one, one without a content type none', () => {
  const { headers } = make({});
  assert.deepEqual([headers['ce-id'], headers['content-type']], ['made', undefined]);
});

test('an event keeps the attributes that its message has in headers, whatever their case, and other headers stay behind', () => {
  const { headers } = make({
    id: 'event::orders:%2Fshop:1',
    headers: { 'CE-Id': '1', 'ce-source': '/shop', 'ce-subject': 'a%20b', 'ce-bad-name': 'x', cookie: 'x', host: 'x' },
  });
  assert.deepEqual(headers, {
    'ce-specversion': '1.0',
    'ce-id': '1',
    'ce-source': '/shop',
    'ce-type': 'order',
    'ce-subject': 'a%20b',
  });
});

test('an event in structured mode stays one, alone or in a batch: nothing is made up beside what its body says', () => {
  for (const contentType of ['application/cloudevents+json; charset=utf-8', 'Application/CloudEvents-batch+json']) {
    const isBatch = /batch/.test(contentType);
    const { headers } = make({ contentType, headers: { 'ce-id': '7' } });
    if (!isBatch) assert.deepEqual(headers, { 'content-type': contentType, 'ce-id': '7' });
    else assert.equal(headers['content-type'], contentType);
  }
});

test('the context of a trace goes on, unless it is malformed', () => {
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  assert.deepEqual(
    [
      { traceparent, tracestate: 'a=1' },
      { traceparent: 'x', tracestate: 'a=1' },
      { traceparent, tracestate: 'a\r\nb: 1' },
    ].map((headers) => [make({ headers }).headers['traceparent'], make({ headers }).headers['tracestate']]),
    [
      [traceparent, 'a=1'],
      [undefined, undefined],
      [traceparent, undefined],
    ],
  );
});

test('the identity of a webhook is that of source and id together, the same each time, and has no full stop', () => {
  const id = (source: string, own: string): string =>
    make({ headers: { 'ce-source': source, 'ce-id': own } }).webhookId;
  assert.equal(id('/shop', '1'), id('/shop', '1'));
  assert.equal(
    new Set([id('/shop', '1'), id('/stock', '1'), id('/shop', '2'), id('/shop 1', ''), id('/shop', '.')]).size,
    5,
  );
  assert.match(id('/a.b', 'c.d'), /^msg_[\w-]{43}$/);
});

test('whatever a message has for text, its headers are such that HTTP takes them, and no line breaks out of them', () => {
  const text = oneof(string({ unit: 'binary' }), string(), constantFrom('a\r\nevil: 1', '\n', ' x ', '\uD800', '€'));
  const name = oneof(constantFrom('ce-id', 'ce-source', 'CE-x', 'ce-\r\nx', 'traceparent', 'tracestate'), text);
  const messages = record({
    source: text,
    id: option(text, { nil: undefined }),
    contentType: option(text, { nil: undefined }),
    headers: dictionary(name, text),
  });
  forAll(
    property(messages, (message) => {
      for (const [header, value] of Object.entries(make(message).headers)) {
        validateHeaderName(header);
        validateHeaderValue(header, value);
        assert.match(value, /^[!-~](?:[ -~]*[!-~])?$/, header);
      }
    }),
    { numRuns: 2_000 },
  );
});
