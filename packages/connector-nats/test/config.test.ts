import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NATS_CONFIG } from '@sputnikjs/connector-nats';
import { NATS_URLS } from '../dist/config.js';

function problems(raw: object): readonly string[] {
  const { error } = NATS_CONFIG.safeParse(raw);
  return (error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`);
}

test('a url is all that is needed', () => {
  assert.deepEqual(NATS_CONFIG.parse({ url: 'nats://a' }), {
    url: 'nats://a',
    jetstream: true,
    inFlight: 4096,
    streams: [],
    durable: 'sputnik',
  });
  assert.match(problems({}).join(), /^url: /);
});

test('a misspelt key is an error', () => {
  assert.match(problems({ url: 'nats://a', usrname: 'me' }).join(), /usrname/);
});

test('keys that do not go together are errors, all of them reported at once', () => {
  const found = problems({
    url: 'nats://a',
    username: 'me',
    token: 'x',
    jetstream: false,
    servername: 'a',
    streams: [{ name: 's', subjects: ['a'], storage: 'file' }],
  });
  assert.deepEqual(
    found.map((problem) => problem.split(':')[0]),
    ['username', 'token', 'streams', 'servername'],
  );
  assert.deepEqual(problems({ url: 'tls://a', token: 'x', certFile: 'c', keyFile: 'k', caFile: 'a' }), []);
});

test('a stream with a name, subjects or times that no server takes is an error', () => {
  const stream = { name: 'a', subjects: ['a'], storage: 'file' };
  const problem = (change: object): string => problems({ url: 'nats://a', streams: [{ ...stream, ...change }] }).join();
  assert.equal(problem({}), '');
  assert.match(problem({ name: 'a.b' }), /^streams\.0\.name: /);
  assert.match(problem({ subjects: [] }), /^streams\.0\.subjects: /);
  assert.match(problem({ subjects: ['a', 'a..b'] }), /^streams\.0\.subjects\.1: /);
  assert.match(problem({ maxAgeSeconds: 10, duplicateWindowSeconds: 11 }), /duplicateWindowSeconds: may not exceed/);
});

test('a url with another scheme, a user, a path, or nothing in it is an error', () => {
  for (const url of ['http://a', 'a:4222', 'nats://', '', 'nats://a/1', 'nats://a?b', 'nats://a:0'])
    assert.match(problems({ url }).join(), /^url: (expected nats:|nothing may follow)/, url);
  const [problem = ''] = problems({ url: 'nats://me:secret@a' });
  assert.match(problem, /^url: leave user and password out of the url/);
  assert.doesNotMatch(problem, /secret/);
});

test('the url names host and port, and whether it is TLS', () => {
  assert.deepEqual(NATS_URLS.addressOf('nats://localhost'), {
    url: 'nats://localhost',
    host: 'localhost',
    port: 4222,
    tls: false,
  });
  assert.deepEqual(NATS_URLS.addressOf('tls://[::1]:4223/'), {
    url: 'tls://[::1]:4223/',
    host: '::1',
    port: 4223,
    tls: true,
  });
});
