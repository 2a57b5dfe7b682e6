import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { rejection } from '@sputnikjs/testkit';
import { open, started } from './helpers.js';
import { BYTE, foundBy, heard, found, member, WRITES } from './peers-helpers.js';

const LEAST = ['$SRV.>', 'sputnik.demo.>', '_INBOX.>'];
const LOGIN = { username: 'me', password: 'x' };

const README = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
/** Those that the README says are enough. */
const [DOCUMENTED = 'none'] = /^ {4}permissions: \{[^]*?^ {4}\}/m.exec(README) ?? [];

/** A server with one user, who has these permissions only. */
function withUser(permissions: string): readonly string[] {
  return [`authorization { users: [{ user: "me", password: "x", ${permissions} }] }`];
}

function guarded(publish: object, subscribe: object): readonly string[] {
  return withUser(`permissions: ${JSON.stringify({ publish, subscribe })}`);
}

test('the permissions in the README are enough: processes join, find each other, and packets come', async (t) => {
  const { url } = await started(t, withUser(DOCUMENTED));
  const [a, b] = [await member(t, url, '', LOGIN), await member(t, url, 'syslog', LOGIN)];
  assert.deepEqual(await foundBy(a, ['syslog'], [b]), found(b));
  a.membership.send(b.membership.address, 's1', BYTE);
  await b.packets.reaches(1);
  b.membership.send(a.membership.address, 's1', BYTE);
  await a.packets.reaches(1);
  const { membership } = await member(t, url, '', LOGIN);
  await membership.leave();
  assert.equal(await a.connector.isConnected(), true);
});

for (const operation of ['publish', 'subscribe'] as const)
  for (const missing of LEAST)
    test(`without the permission to ${operation} to ${missing} a process cannot join; the error says so`, async (t) => {
      const rest = LEAST.filter((one) => one !== missing);
      const { url } = await started(t, operation === 'publish' ? guarded(rest, LEAST) : guarded(LEAST, rest));
      const { connection, connector } = await open(t, { url, jetstream: false, ...LOGIN });
      const self = { whole: 'demo', satellite: 'syslog', id: 'p', ...WRITES };
      const { message } = await rejection(connection.peers.join(self, heard().listener));
      assert.ok(message.startsWith('may not join other processes: '), message);
      assert.ok(message.endsWith(`; give the user the permissions to ${operation} to ${missing}`), message);
      assert.equal(await connector.isConnected(), true);
    });

test('all permissions that are missing are named at once', async (t) => {
  const { url } = await started(t, guarded(['a'], ['a']));
  const { connection } = await open(t, { url, jetstream: false, ...LOGIN });
  const { message } = await rejection(
    connection.peers.join({ whole: 'demo', satellite: '', id: 'p', ...WRITES }, heard().listener),
  );
  const named = LEAST.filter((one) => one !== '_INBOX.>').map((one) => `publish to ${one}`);
  const list = [...named, ...LEAST.map((one) => `subscribe to ${one}`)].toSorted().join(', ');
  assert.ok(message.endsWith(`the permissions to ${list}`), message);
});

test('a packet that the user may not send ends the connection, with the permission that is missing', async (t) => {
  const { url } = await started(t, guarded({ allow: LEAST, deny: ['sputnik.demo.secret.>'] }, LEAST));
  const { membership, lost } = await member(t, url, '', LOGIN);
  membership.send('sputnik.demo.secret.p1', 's1', BYTE);
  assert.match(
    String(await lost),
    /may not join other processes: .*; give the user the permissions to publish to sputnik\.demo\.>$/,
  );
});
