import assert from 'node:assert/strict';
import { test } from 'node:test';
import { didYouMean } from '../dist/folder/suggest.js';
import { causes, chain, scrubbed, shown, textOf } from '../dist/text.js';

test('a near word is suggested, a far one is not', () => {
  const known = ['port', 'host', 'maxUnacknowledged'];
  assert.equal(didYouMean('prot', known), ' did you mean "port"?');
  assert.equal(didYouMean('PORT', known), ' did you mean "port"?');
  assert.equal(didYouMean('maxUnacknowleged', known), ' did you mean "maxUnacknowledged"?');
  assert.equal(didYouMean('hots', known), ' did you mean "host"?');
  assert.equal(didYouMean('password', known), '');
  assert.equal(didYouMean('x', []), '');
});

test('an error and its causes are one line that repeats nothing', () => {
  const inner = new Error('listen EADDRINUSE: address already in use 127.0.0.1:514');
  const outer = new Error(`cannot start: ${inner.message}`, { cause: inner });
  assert.equal(chain(outer), 'cannot start: listen EADDRINUSE: address already in use 127.0.0.1:514');
  assert.equal(chain(new Error('a\n  b', { cause: new Error('c', { cause: 'd' }) })), 'a b: c: d');
  assert.equal(chain(new AggregateError([new Error('x'), new Error('y')], 'both')), 'both: x: y');
  assert.equal(chain(undefined), 'undefined');
  assert.equal(textOf(new TypeError()), 'TypeError');
});

test('causes that go round in a circle are listed once', () => {
  const a = new Error('a');
  const b = new Error('b', { cause: a });
  a.cause = b;
  assert.deepEqual(causes(a), [a, b]);
});

test('passwords in URLs are not shown', () => {
  assert.equal(scrubbed('connect mqtt://me:hunter2@host:1883 failed'), 'connect mqtt://me:***@host:1883 failed');
  assert.equal(scrubbed('amqp://u:p@ss@h/ and redis://:hunter2@h'), 'amqp://u:***@h/ and redis://:***@h');
  assert.equal(scrubbed('see http://host:80/a@b'), 'see http://host:80/a@b');
  assert.equal(
    scrubbed('https://h/p?a=1&api_key=hunter2&b=2#x and wss://h?access_token=hunter2 or ?x=y'),
    'https://h/p?a=1&api_key=***&b=2#x and wss://h?access_token=*** or ?x=y',
  );
  assert.ok(!textOf(new Error('nats://a:hunter2@b')).includes('hunter2'));
});

test('values of keys that sound like secrets are hidden, long ones are shortened', () => {
  for (const key of ['password', 'API_KEY', 'clientSecret', 'authToken'])
    assert.equal(shown(key, 'hunter2'), 'the value (hidden)');
  assert.equal(shown('port', 'x'), '"x"');
  assert.equal(shown('port', 'x'.repeat(100)).length, 80);
});
