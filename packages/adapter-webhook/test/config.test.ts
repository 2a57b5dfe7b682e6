import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WEBHOOK_CONFIG, webhook } from '@sputnikjs/adapter-webhook';
import { producerBlock } from '@sputnikjs/messaging';
import { check } from '@sputnikjs/sidecar';
import { SECRET } from './flights.js';

const problemsOf = (config: object): readonly string[] =>
  WEBHOOK_CONFIG.safeParse({ url: 'https://hook.example/', secret: SECRET, ...config }).error?.issues.map(
    ({ path, message }) => `${path.join('.')}: ${message}`,
  ) ?? [];

test('keys that are wrong, or do not go together, are told, with what to do', () => {
  assert.deepEqual(problemsOf({}), []);
  const cases: readonly (readonly [object, RegExp])[] = [
    [{ url: 'ftp://hook.example' }, /^url: must be http/],
    [{ url: 'https://me:secret@hook.example' }, /^url: must be http.*without a user/],
    [{ url: 'no url' }, /^url: must be http/],
    [{ secret: undefined }, /^secretFile: is missing/],
    [{ secretFile: 'x' }, /^secretFile: conflicts with secret/],
    [{ url: 'http://127.0.0.1/' }, /^allowedNetworks: 127\.0\.0\.1 of the url is not public/],
    [{ url: 'http://[::1]/' }, /^allowedNetworks: ::1 of the url is not public/],
    [{ url: 'http://0x7f.1/' }, /^allowedNetworks: 127\.0\.0\.1 of the url/],
    [{ allowedNetworks: ['10.0.0.0/8', 'local'] }, /^allowedNetworks\.1: is neither an address/],
    [{ url: 'http://hook.example', caFile: 'x' }, /^caFile: is for TLS/],
    [{ certFile: 'x' }, /^keyFile: certFile and keyFile go together/],
    [{ concurrency: 0 }, /^concurrency/],
    [{ unknown: 1 }, /unknown/],
  ];
  for (const [config, problem] of cases) assert.match(problemsOf(config).join('\n'), problem);
  assert.deepEqual(problemsOf({ url: 'http://127.0.0.1/', allowedNetworks: ['127.0.0.0/8'] }), []);
});

test('check finds secrets and files that are of no use before anything starts, and shows no secret', async () => {
  const { problems } = await check({
    blocks: [{ name: 'producer' }, { name: 'webhook' }],
    configs: { webhook: { url: 'https://hook.example/', secret: 'whsec_tooshort', caFile: '/nowhere/ca.pem' } },
    blockFactories: { producer: producerBlock, webhook } as never,
    connector: { connect: () => ({}), isConnected: () => true, disconnect: () => {} },
  });
  const text = problems.join('\n');
  assert.match(text, /secret: secret 1 of 1 is not "whsec_" and base64 of 24 to 64 bytes/);
  assert.match(text, /cannot read caFile/);
  assert.doesNotMatch(text, /tooshort/);
});
