import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { codeOf, curl } from './clients.js';
import { listen } from './listen.js';

const TRACE = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

describe('an Idempotency-Key', () => {
  test('becomes the id of the message, be it bare or a quoted string', async (t) => {
    const { url, messages } = await listen(t);
    const keys: [string, string][] = [
      ['8e03978e-40d5-43dd-bc93-6894a57f9324', '8e03978e-40d5-43dd-bc93-6894a57f9324'],
      ['"8e03 978e"', '8e03 978e'],
      [String.raw`"a\"b\\c"`, String.raw`a"b\c`],
      ['x'.repeat(240), 'x'.repeat(240)],
    ];
    for (const [header, id] of keys) {
      const got = await curl('-d', 'x', '-H', `idempotency-key: ${header}`, `${url}/produce/a`);
      assert.equal(got.status, 202, header);
      assert.equal(messages.at(-1)?.id, `key::a:${encodeURIComponent(id)}`);
    }
    assert.equal((await curl('-d', 'x', `${url}/produce/a`)).status, 202);
    assert.ok(!('id' in (messages.at(-1) ?? assert.fail())));
  });

  test('that is empty, too long, not ASCII or there twice is answered 400', async (t) => {
    const { url, messages } = await listen(t);
    const bad = [['""'], ['" a"'], ['é'], ['x'.repeat(241)], ['a', 'b'], ['a', 'a']];
    for (const keys of bad) {
      const args = keys.flatMap((key) => ['-H', `idempotency-key: ${key}`]);
      const got = await curl('-d', 'x', ...args, `${url}/produce/a`);
      assert.equal(codeOf(got), 'BAD_REQUEST', keys.join());
      assert.match(got.body, /Idempotency-Key/);
    }
    assert.deepEqual(messages, []);
  });
});

describe('the trace of a request', () => {
  test('goes on with its message', async (t) => {
    const { url, messages } = await listen(t);
    const send = async (...headers: string[]) => {
      const args = headers.flatMap((header) => ['-H', header]);
      assert.equal((await curl('-d', 'x', ...args, `${url}/produce/a`)).status, 202);
      return messages.at(-1)?.headers;
    };
    assert.deepEqual(await send(`traceparent: ${TRACE}`), { traceparent: TRACE });
    assert.deepEqual(await send(`traceparent: ${TRACE}`, 'tracestate: a=1', 'tracestate: b=2'), {
      traceparent: TRACE,
      tracestate: 'a=1,b=2',
    });
    assert.deepEqual(await send(`traceparent: 01${TRACE.slice(2)}-more`), { traceparent: `01${TRACE.slice(2)}-more` });
  });

  test('that is none, or there twice, is left out, and harms no message', async (t) => {
    const { url, messages } = await listen(t);
    const none = [
      '',
      'x',
      TRACE.toUpperCase(),
      `ff${TRACE.slice(2)}`,
      `${TRACE}x`,
      TRACE.replace(/4b.*36/, '0'.repeat(32)),
    ];
    for (const traceparent of none) {
      const args = ['-H', `traceparent: ${traceparent}`, '-H', 'tracestate: a=1'];
      assert.equal((await curl('-d', 'x', ...args, `${url}/produce/a`)).status, 202);
      assert.equal(messages.at(-1)?.headers, undefined, traceparent);
    }
    const twice = ['-H', `traceparent: ${TRACE}`, '-H', `traceparent: ${TRACE}`];
    assert.equal((await curl('-d', 'x', ...twice, `${url}/produce/a`)).status, 202);
    assert.equal(messages.at(-1)?.headers, undefined);
  });
});
