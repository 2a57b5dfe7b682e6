import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { REFUSALS } from '@sputnikjs/adapter-http';
import { addressOf } from '../dist/read/address.js';
import { checkBody, checkEncoding } from '../dist/read/check.js';
import { Refused } from '../dist/answer/refusals.js';

/** What `action` is refused with, or undefined if it is not. */
function refused(action: () => unknown): Refused | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    assert.ok(error instanceof Refused);
    assert.ok(error.code in REFUSALS);
    return error;
  }
}

const codeOf = (contentType: string | undefined, body: Buffer): unknown =>
  refused(() => checkBody(contentType, body))?.code;

const textOf = (json: string): string => refused(() => checkBody('application/json', Buffer.from(json)))?.message ?? '';

describe('a request to produce', () => {
  test('needs a target', () => {
    assert.equal(refused(() => addressOf('/produce/', ''))?.code, 'BAD_REQUEST');
    assert.equal(
      refused(() => addressOf('/produce/%2f', '/')),
      undefined,
    );
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
      assert.equal(codeOf(contentType, body), undefined, contentType);
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
      assert.equal(codeOf(contentType, Buffer.from('{"a":1}')), undefined, contentType);
      for (const body of bodies)
        assert.equal(codeOf(contentType, body), 'BAD_REQUEST', `${contentType}: ${String(body)}`);
    }
  });

  test('is told where its JSON is wrong', () => {
    assert.match(textOf('{"a":1,}'), /position 7/);
    assert.match(textOf(`[${'1,'.repeat(1000)}"x" oops ${',1'.repeat(1000)}]`), /oops|position 2005/);
  });

  test('may have an empty body, which is an empty message', () => {
    assert.equal(codeOf(undefined, Buffer.alloc(0)), undefined);
    assert.equal(codeOf('text/plain', Buffer.alloc(0)), undefined);
  });

  test('is refused when its body is encoded, since that would get lost on the way', () => {
    for (const contentEncoding of ['gzip', 'br', 'identity, gzip']) {
      assert.equal(refused(() => checkEncoding(contentEncoding))?.code, 'UNSUPPORTED_ENCODING', contentEncoding);
    }
    assert.equal(
      refused(() => checkEncoding('Identity')),
      undefined,
    );
  });
});
