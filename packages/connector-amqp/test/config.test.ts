import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AMQP_CONFIG } from '@sputnikjs/connector-amqp';
import { AMQP_URLS } from '../dist/config.js';

function problems(raw: object): readonly string[] {
  const { error } = AMQP_CONFIG.safeParse(raw);
  return (error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`);
}

test('a url is all that is needed', () => {
  assert.deepEqual(AMQP_CONFIG.parse({ url: 'amqp://a' }), {
    url: 'amqp://a',
    vhost: '/',
    inFlight: 1024,
    maxMessageBytes: 134_217_728,
    exchange: '',
    exchanges: [],
    queues: [],
  });
  assert.match(problems({}).join(), /^url: /);
  assert.match(problems({ url: 'amqp://a', usrname: 'me' }).join(), /usrname/);
});

test('keys that do not go together are errors, all of them reported at once', () => {
  const found = problems({ url: 'amqp://a', username: 'me', servername: 'a' });
  assert.deepEqual(
    found.map((problem) => problem.split(':')[0]),
    ['username', 'servername'],
  );
});

test('a queue that no server takes is an error', () => {
  const problem = (queue: object): string =>
    problems({ url: 'amqp://a', queues: [{ name: 'q', type: 'classic', ...queue }] }).join();
  assert.equal(problem({}), '');
  assert.match(problem({ name: '' }), /^queues\.0\.name: /);
  assert.match(problem({ name: 'ż'.repeat(128) }), /^queues\.0\.name: /);
  assert.match(problem({ type: 'quorum', durable: false }), /^queues\.0\.durable: quorum queues are durable/);
  assert.match(problem({ overflow: 'drop-head' }), /^queues\.0\.overflow: needs maxLength/);
});

test('a url with another scheme, a user, a virtual host, or nothing in it is an error', () => {
  for (const url of ['http://a', 'a:5672', 'amqp://', '', 'amqp://a/vhost', 'amqp://a?b', 'amqp://a:0'])
    assert.match(problems({ url }).join(), /^url: (expected amqp:|nothing may follow|keep the virtual host out)/, url);
  const [problem = ''] = problems({ url: 'amqp://me:secret@a' });
  assert.match(problem, /^url: leave user and password out of the url/);
  assert.doesNotMatch(problem, /secret/);
});

test('several urls are those of a cluster, each of them checked, with TLS all or none', () => {
  assert.deepEqual(problems({ url: ['amqp://a', 'amqp://b:5673'] }), []);
  assert.match(problems({ url: [] }).join(), /^url: /);
  assert.match(problems({ url: ['amqp://a', 'http://b'] }).join(), /^url\.1: expected amqp:/);
  assert.match(problems({ url: ['amqp://a', 'amqps://b'] }).join(), /^url: some begin with amqps:\/\/ and some do not/);
  assert.deepEqual(problems({ url: ['amqps://a', 'amqps://b'], servername: 'c' }), []);
});

test('arguments of a queue that have a key of their own, and keys of the other type of queue, are errors', () => {
  const problem = (queue: object): string =>
    problems({ url: 'amqp://a', queues: [{ name: 'q', type: 'classic', ...queue }] }).join();
  assert.equal(
    problem({ arguments: { 'x-max-priority': 5, 'x-queue-mode': 'lazy', 'x-single-active-consumer': true } }),
    '',
  );
  assert.match(
    problem({ arguments: { 'x-max-length': 5 } }),
    /^queues\.0\.arguments\.x-max-length: .*"maxLength"; use that$/,
  );
  assert.match(problem({ arguments: { a: ['list'] } }), /^queues\.0\.arguments\.a: /);
  assert.match(problem({ deliveryLimit: 3 }), /^queues\.0\.deliveryLimit: only quorum queues count/);
  assert.equal(problem({ type: 'quorum', deliveryLimit: 0 }), '');
  assert.match(problem({ deadLetterRoutingKey: 'a' }), /^queues\.0\.deadLetterRoutingKey: needs deadLetterExchange/);
  assert.equal(problem({ deadLetterExchange: '', deadLetterRoutingKey: 'a' }), '');
  assert.equal(problem({ maxLengthBytes: 5, overflow: 'drop-head' }), '');
  assert.match(problem({ expiresSeconds: 0 }), /^queues\.0\.expiresSeconds: /);
});

test('the url names host and port, and whether it is TLS', () => {
  assert.deepEqual(AMQP_URLS.addressOf('amqp://localhost'), {
    url: 'amqp://localhost',
    host: 'localhost',
    port: 5672,
    tls: false,
  });
  assert.deepEqual(AMQP_URLS.addressOf('amqps://[::1]'), { url: 'amqps://[::1]', host: '::1', port: 5671, tls: true });
});
