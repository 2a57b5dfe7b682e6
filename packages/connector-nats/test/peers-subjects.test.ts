import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { addressOf, serviceName, sessionSubject, tokenOf } from '../dist/peers/subjects.js';

const NAME = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom('.', '*', '>', ' ', '%', '~', 'a', '/', '\ud800') }),
);

test('any name is one token of a subject, and plain names are as they are', () => {
  assert.deepEqual(['demo', 'a/b', 'x-1_y', '', '~', 'a.b'].map(tokenOf), [
    'demo',
    'a/b',
    'x-1_y',
    '~',
    '%007e',
    'a%002eb',
  ]);
  fc.assert(fc.property(NAME, (name) => assert.match(tokenOf(name), /^[\w/%~-]+$/)));
});

test('two names never become the same token', () => {
  const seen = new Map<string, string>();
  fc.assert(
    fc.property(NAME, (name) => {
      const token = tokenOf(name);
      assert.equal(seen.get(token) ?? name, name);
      seen.set(token, name);
    }),
    { numRuns: 5_000 },
  );
});

test('a subject of a session is taken apart into the address and the session, whatever the names', () => {
  fc.assert(
    fc.property(NAME, NAME, NAME, (whole, satellite, id) => {
      const address = addressOf({ whole, satellite, id });
      assert.deepEqual(sessionSubject(whole).exec(`${address}.s1`)?.slice(1), [address, 's1']);
    }),
  );
  assert.equal(sessionSubject('demo').exec('sputnik.demo.a.b.c.s1'), null);
  assert.equal(sessionSubject('demo').exec('sputnik.other.a.b.s1'), null);
});

test('the name of a service has letters, digits, - and _ only', () => {
  fc.assert(
    fc.property(NAME, NAME, (whole, satellite) => assert.match(serviceName(whole, satellite), /^[A-Za-z0-9_-]+$/)),
  );
  assert.deepEqual(
    [serviceName('demo', ''), serviceName('demo', 'syslog'), serviceName('a b', 'c/d')],
    ['demo', 'demo-syslog', 'a_b-c-d'],
  );
});
