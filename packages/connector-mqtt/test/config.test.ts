import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MQTT_CONFIG } from '@sputnikjs/connector-mqtt';
import { MQTT_URLS } from '../dist/config.js';

function problems(raw: object): readonly string[] {
  const { error } = MQTT_CONFIG.safeParse(raw);
  return (error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`);
}

test('a url, or "embedded": true, is all that is needed', () => {
  assert.deepEqual(problems({ url: 'mqtt://127.0.0.1:1883' }), []);
  assert.deepEqual(problems({ embedded: true }), []);
  const { cleanSession, keepaliveSeconds, inFlight } = MQTT_CONFIG.parse({ embedded: true, port: 18_830 });
  assert.deepEqual(
    { cleanSession, keepaliveSeconds, inFlight },
    { cleanSession: true, keepaliveSeconds: 30, inFlight: 1024 },
  );
});

test('several urls are those of a cluster, each of them checked, with TLS all or none', () => {
  assert.deepEqual(problems({ url: ['mqtt://a', 'mqtt://b'] }), []);
  assert.match(problems({ url: [] }).join(), /^url: /);
  assert.match(problems({ url: ['mqtt://a', 'http://b'] }).join(), /^url\.1: expected mqtt:/);
  assert.match(problems({ url: ['mqtt://a', 'mqtts://b'] }).join(), /^url: some begin with mqtts:\/\/ and some do not/);
});

test('neither a server nor an embedded broker, or both, is an error', () => {
  assert.match(problems({}).join(), /^url: give the url of a server .* or "embedded": true/);
  assert.match(problems({ url: 'mqtt://a', embedded: true }).join(), /^url: conflicts with "embedded": true/);
});

test('a misspelt key is an error', () => {
  assert.match(problems({ embedded: true, prot: 1 }).join(), /prot/);
});

test('keys that do not go together are errors, all of them reported at once', () => {
  const found = problems({
    url: 'mqtt://localhost',
    port: 1883,
    password: 'secret',
    cleanSession: false,
    certFile: 'cert.pem',
  });
  assert.deepEqual(
    found.map((problem) => problem.split(':')[0]),
    ['port', 'password', 'clientId', 'keyFile', 'certFile'],
  );
  assert.ok(found.every((problem) => !problem.includes('secret')));
});

test('a url with another scheme, a user, a path, or nothing in it is an error', () => {
  for (const url of [
    'http://a',
    'a:1883',
    'mqtt://',
    'mqtt:a',
    '',
    'mqtt://a/b',
    'mqtt://a?b',
    'mqtt://a:0',
    'mqtt://a:99999',
  ])
    assert.match(problems({ url }).join(), /^url: (expected mqtt:|nothing may follow)/, url);
  const [problem = ''] = problems({ url: 'mqtt://me:secret@a' });
  assert.match(problem, /^url: leave user and password out of the url/);
  assert.doesNotMatch(problem, /secret/);
});

test('the url names host and port, and whether it is TLS', () => {
  assert.deepEqual(MQTT_URLS.addressOf('mqtt://localhost'), {
    url: 'mqtt://localhost',
    host: 'localhost',
    port: 1883,
    tls: false,
  });
  assert.deepEqual(MQTT_URLS.addressOf('mqtts://broker.example'), {
    url: 'mqtts://broker.example',
    host: 'broker.example',
    port: 8883,
    tls: true,
  });
  assert.deepEqual(MQTT_URLS.addressOf('mqtt://[::1]:18830/'), {
    url: 'mqtt://[::1]:18830/',
    host: '::1',
    port: 18_830,
    tls: false,
  });
});
