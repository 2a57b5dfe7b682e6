import assert from 'node:assert/strict';
import type { LookupAddress } from 'node:dns';
import { test } from 'node:test';
import { addressFilter, networkProblem } from '../dist/send/networks.js';
import { checkedLookup } from '../dist/send/lookup.js';

const PUBLIC = [
  '1.1.1.1',
  '9.255.255.255',
  '11.0.0.0',
  '172.15.0.1',
  '172.32.0.1',
  '192.167.1.1',
  '223.255.255.255',
  '2606:4700::1111',
  '2a00:1450::1',
];
const PRIVATE = [
  '0.0.0.0',
  '10.0.0.1',
  '100.64.0.1',
  '127.0.0.1',
  '127.255.255.255',
  '169.254.169.254',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.0.1',
  '198.18.0.1',
  '224.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  'fe80::1',
  'fc00::1',
  'fd12:3456::1',
  'ff02::1',
  '::ffff:127.0.0.1',
  '::ffff:7f00:1',
  '::ffff:a00:1',
  '::7f00:1',
  '64:ff9b::7f00:1',
  '2002:7f00:1::',
  '2001::1',
  '2001:db8::1',
];

test('addresses of this machine, of a site or for special purposes are refused, in every notation; public ones are not', () => {
  const isAllowed = addressFilter([]);
  assert.deepEqual(
    PUBLIC.filter((address) => !isAllowed(address)),
    [],
  );
  assert.deepEqual(PRIVATE.filter(isAllowed), []);
  assert.equal(isAllowed('no address'), false);
});

test('what is allowed is allowed, and nothing else', () => {
  const isAllowed = addressFilter(['10.1.0.0/16', '127.0.0.1', 'fd00::/8', '::1']);
  for (const address of ['10.1.255.255', '127.0.0.1', 'fd12::1', '::1', '1.1.1.1'])
    assert.ok(isAllowed(address), address);
  for (const address of ['10.2.0.0', '127.0.0.2', 'fc00::1', '::2']) assert.ok(!isAllowed(address), address);
});

test('a network is an address, with a length or without', () => {
  for (const text of ['10.0.0.0/8', '10.1.2.3', '::1', 'fd00::/8', '0.0.0.0/0', '::/0'])
    assert.equal(networkProblem(text), undefined);
  for (const text of ['', '10.0.0.0/33', '::/129', '10.0.0', 'localhost', '10.0.0.0/8/8', '10.0.0.0/-1', '10.0.0.0/'])
    assert.match(networkProblem(text) ?? '', /neither an address nor a network/, text);
});

/** What a look-up calls back with. */
function found(answers: readonly string[], options: { all?: boolean } = {}): Promise<unknown> {
  const lookup = checkedLookup(addressFilter(['10.1.0.0/16']), (_host, _options, callback) =>
    callback(
      null,
      answers.map((address): LookupAddress => ({ address, family: address.includes(':') ? 6 : 4 })),
    ),
  );
  return new Promise((resolve) =>
    lookup('hook.example', options, (error, address) => resolve(error === null ? address : error.message)),
  );
}

test('of the addresses of a name, those that are allowed are connected to; if there is none, it is refused, and told which they are', async () => {
  const all = { all: true };
  assert.deepEqual(await found(['127.0.0.1', '1.1.1.1', '::1', '10.1.0.1'], all), [
    { address: '1.1.1.1', family: 4 },
    { address: '10.1.0.1', family: 4 },
  ]);
  assert.equal(await found(['127.0.0.1', '1.1.1.1']), '1.1.1.1');
  const refused = /^hook\.example is 127\.0\.0\.1, fe80::1, which is not public; list its network in "allowedNetworks"/;
  assert.match(String(await found(['127.0.0.1', 'fe80::1'], all)), refused);
});
