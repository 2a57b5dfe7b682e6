import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REDIS_CONFIG } from '@sputnikjs/connector-redis';
import { REDIS_URLS } from '../dist/config.js';

function problems(raw: object): readonly string[] {
  const { error } = REDIS_CONFIG.safeParse(raw);
  return (error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`);
}

test('a url is all that is needed', () => {
  assert.deepEqual(REDIS_CONFIG.parse({ url: 'redis://127.0.0.1:6379' }), {
    url: 'redis://127.0.0.1:6379',
    database: 0,
    inFlight: 1024,
    maxAnswerBytes: 268_435_456,
    group: 'sputnik',
    createGroups: true,
    claimAfterMs: 30_000,
  });
  assert.match(problems({}).join(), /^url: /);
});

test('a misspelt key is an error', () => {
  assert.match(problems({ url: 'redis://a', usrname: 'me' }).join(), /usrname/);
});

test('keys that do not go together are errors, all of them reported at once', () => {
  const found = problems({ url: 'redis://a', username: 'me', certFile: 'cert.pem', servername: 'a' });
  assert.deepEqual(
    found.map((problem) => problem.split(':')[0]),
    ['username', 'keyFile', 'certFile', 'servername'],
  );
  assert.match(found.join(), /begin the url with rediss:\/\//);
  assert.deepEqual(problems({ url: 'rediss://a', password: 'x', certFile: 'c', keyFile: 'k', caFile: 'a' }), []);
});

test('numbers out of range are errors', () => {
  const raw = { url: 'redis://a', database: -1, inFlight: 0, maxLength: 0, claimAfterMs: 999 };
  assert.deepEqual(
    problems(raw).map((problem) => problem.split(':')[0]),
    ['database', 'inFlight', 'maxLength', 'claimAfterMs'],
  );
});

test('a url with another scheme, a user, a path, or nothing in it is an error', () => {
  for (const url of ['http://a', 'a:6379', 'redis://', 'redis:a', '', 'redis://a/1', 'redis://a?b', 'redis://a:0'])
    assert.match(problems({ url }).join(), /^url: (expected redis:|nothing may follow)/, url);
  const [problem = ''] = problems({ url: 'redis://me:secret@a' });
  assert.match(problem, /^url: leave user and password out of the url/);
  assert.doesNotMatch(problem, /secret/);
});

test('the url names host and port, and whether it is TLS', () => {
  assert.deepEqual(REDIS_URLS.addressOf('redis://localhost'), {
    url: 'redis://localhost',
    host: 'localhost',
    port: 6379,
    tls: false,
  });
  assert.deepEqual(REDIS_URLS.addressOf('rediss://redis.example'), {
    url: 'rediss://redis.example',
    host: 'redis.example',
    port: 6379,
    tls: true,
  });
  assert.deepEqual(REDIS_URLS.addressOf('redis://[::1]:6380/'), {
    url: 'redis://[::1]:6380/',
    host: '::1',
    port: 6380,
    tls: false,
  });
});
