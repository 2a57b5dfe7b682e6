import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkRequest, type ProduceRequest } from '../dist/check.js';

const request = (changes: Partial<ProduceRequest>): ProduceRequest => ({
  target: 'orders',
  contentType: undefined,
  contentEncoding: undefined,
  body: Buffer.from('{"a":1}'),
  ...changes,
});

const refusalOf = (changes: Partial<ProduceRequest>): { code?: string; message?: string } =>
  checkRequest(request(changes))?.body ?? {};

const codeOf = (changes: Partial<ProduceRequest>): unknown => refusalOf(changes).code;

const textOf = (json: string): string =>
  refusalOf({ contentType: 'application/json', body: Buffer.from(json) }).message ?? '';

describe('a request to produce', () => {
  test('needs a target', () => {
    assert.equal(codeOf({ target: '' }), 'BAD_REQUEST');
    assert.equal(codeOf({ target: '/' }), undefined);
  });

  test('may have any content type, or none', () => {
    const body = Buffer.from([0, 255, 0xc3]);
    for (const contentType of [
      undefined,
      '',
      'nonsense',
      'text/plain',
      'application/x-www-form-urlencoded',
      'jsonx/a',
    ]) {
      assert.equal(codeOf({ contentType, body }), undefined, contentType);
    }
  });

  test('is refused when its content type says JSON and its body is none', () => {
    const types = [
      'application/json',
      'Application/JSON; charset=utf-8',
      'application/cloudevents+json',
      ' application/json ;x',
    ];
    const bodies = [
      Buffer.from('{"a":}'),
      Buffer.from(''),
      Buffer.from('"'),
      Buffer.from([0x22, 0xff, 0x22]),
      Buffer.from('\ufeff1'),
    ];
    for (const contentType of types) {
      assert.equal(codeOf({ contentType }), undefined, contentType);
      for (const body of bodies)
        assert.equal(codeOf({ contentType, body }), 'BAD_REQUEST', `${contentType}: ${String(body)}`);
    }
  });

  test('is told where its JSON is wrong', () => {
    assert.match(textOf('{"a":1,}'), /position 7/);
    assert.match(textOf(`[${'1,'.repeat(1000)}"x" oops ${',1'.repeat(1000)}]`), /oops|position 2005/);
  });

  test('may have an empty body, which is an empty message', () => {
    assert.equal(codeOf({ body: Buffer.alloc(0) }), undefined);
    assert.equal(codeOf({ body: Buffer.alloc(0), contentType: 'text/plain' }), undefined);
  });

  test('is refused when its body is encoded, since that would get lost on the way', () => {
    for (const contentEncoding of ['gzip', 'br', 'identity, gzip']) {
      assert.equal(codeOf({ contentEncoding }), 'UNSUPPORTED_ENCODING', contentEncoding);
    }
    assert.equal(codeOf({ contentEncoding: 'Identity' }), undefined);
  });
});
