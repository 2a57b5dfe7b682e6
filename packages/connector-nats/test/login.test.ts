import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { createAccount, createOperator, createUser, type KeyPair } from '@nats-io/nkeys';
import { rejection } from '@sputnikjs/testkit';
import { connect, makeConnector, open, started, temporaryFolder } from './helpers.js';

const UNLIMITED = { subs: -1, data: -1, payload: -1 };
const ACCOUNT_LIMITS = { ...UNLIMITED, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 };

/** A JWT as NATS has them: `by` vouches for `subject`. */
function jwt(type: string, subject: KeyPair, by: KeyPair, claims: object = {}): string {
  const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const payload = {
    jti: 'any',
    iat: Math.floor(Date.now() / 1000),
    iss: by.getPublicKey(),
    name: type,
    sub: subject.getPublicKey(),
    nats: { ...claims, type, version: 2 },
  };
  const text = `${encoded({ typ: 'JWT', alg: 'ed25519-nkey' })}.${encoded(payload)}`;
  return `${text}.${Buffer.from(by.sign(Buffer.from(text))).toString('base64url')}`;
}

/** A file as `nsc` makes it. */
function creds(token: string, user: KeyPair): string {
  const seed = Buffer.from(user.getSeed()).toString();
  return `-----BEGIN NATS USER JWT-----
${token}
------END NATS USER JWT------

-----BEGIN USER NKEY SEED-----
${seed}
------END USER NKEY SEED------
`;
}

test('an nkey lets us in; another does not, and its seed is told to nobody', async (t) => {
  const [user, other] = [createUser(), createUser()];
  const { url } = await started(t, [`authorization { users: [{ nkey: "${user.getPublicKey()}" }] }`]);
  const seedOf = (pair: KeyPair): string => Buffer.from(pair.getSeed()).toString();
  await open(t, { url, nkeySeed: seedOf(user) });
  const error = await rejection(connect(makeConnector(t, { url, nkeySeed: seedOf(other) })));
  assert.match(error.message, /cannot connect to .*; check nkeySeed$/);
  assert.ok(!error.message.includes(seedOf(other)));
  const noSeed = await rejection(connect(makeConnector(t, { url, nkeySeed: 'SUNOSEED' })));
  assert.match(noSeed.message, /; check nkeySeed$/);
  assert.ok(!noSeed.message.includes('SUNOSEED'));
});

test('a creds file lets us in, and a renewed one is read at the next connect', async (t) => {
  const [operator, account, user, stranger] = [createOperator(), createAccount(), createUser(), createAccount()];
  const accountJwt = jwt('account', account, operator, { limits: ACCOUNT_LIMITS });
  const { url } = await started(t, [
    'jetstream: false',
    `operator: ${jwt('operator', operator, operator)}`,
    'resolver: MEMORY',
    `resolver_preload: { ${account.getPublicKey()}: ${accountJwt} }`,
  ]);
  const credsFile = join(await temporaryFolder(t), 'satellite.creds');
  const write = (by: KeyPair): Promise<void> => writeFile(credsFile, creds(jwt('user', user, by, UNLIMITED), user));
  const connector = makeConnector(t, { url, credsFile, jetstream: false });
  await write(stranger);
  assert.match((await rejection(connect(connector))).message, /cannot connect to .*; check credsFile$/);
  await write(account);
  assert.ok((await connect(connector)).connection);
});
