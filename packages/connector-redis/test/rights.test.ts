import assert from 'node:assert/strict';
import { test } from 'node:test';
import { textOf } from '@sputnikjs/testkit';
import { Inbox, open, pendingIn, started, withPlain } from './helpers.js';

// the rights that the README names
const PRODUCE = '+ping +xadd';
const CONSUME = '+xreadgroup +xack +xclaim +xautoclaim +xinfo|groups';
const CREATE = '+xgroup|create';
const TIDY = '+client|unblock +xpending +xgroup|delconsumer';

/** What the server has denied. */
function denied(port: number): Promise<readonly string[]> {
  return withPlain(port, async (plain) => ((await plain.acl('LOG')) as unknown[][]).map(String));
}

test('the rights that the README names are enough to produce, and to choose a database', async (t) => {
  const { url, port } = await started(t, [`user me on >mine ~a ${PRODUCE} +select`]);
  const { connection, connector } = await open(t, { url, username: 'me', password: 'mine', database: 1 });
  await connection.producer.produce({ target: 'a', payload: 'x' });
  assert.equal(await connector.isConnected(), true);
  assert.deepEqual(await denied(port), []);
});

test('the rights that the README names are enough to consume all there is, and to leave nothing behind', async (t) => {
  const { url, port } = await started(t, [
    `user me on >mine ~* ${PRODUCE} ${CONSUME} ${CREATE} ${TIDY}`,
    `user other on >mine ~* ${PRODUCE} ${CONSUME}`,
  ]);
  const login = { url, password: 'mine', claimAfterMs: 1000 };
  for (const username of ['me', 'other']) {
    const { connection } = await open(t, { ...login, username, createGroups: username === 'me' });
    const inbox = new Inbox();
    let fails = 0;
    const subscription = await connection.consumer.consume('a', async (message) => {
      inbox.add(message);
      if (textOf(message) === 'bad' && ++fails === 1) throw new Error('not now');
    });
    await connection.producer.produce({ target: 'a', payload: 'bad' });
    await inbox.reaches(1);
    await withPlain(port, async (plain) => {
      await plain.xadd('b', '*', 'payload', 'left');
      await plain.xgroup('CREATE', 'b', 'sputnik', '0').catch(() => {});
      await plain.xreadgroup('GROUP', 'sputnik', 'dead', 'STREAMS', 'b', '>');
    });
    const others = await connection.consumer.consume('b', inbox.take);
    await inbox.reaches(3);
    assert.deepEqual(inbox.texts.toSorted(), ['bad', 'bad', 'left']);
    await Promise.all([subscription.stop(), others.stop()]);
    assert.deepEqual([await pendingIn(port, 'a'), await pendingIn(port, 'b')], [{}, {}]);
    // without the rights to tidy up it could not, and did no harm
    const all = await denied(port);
    assert.equal(all.length === 0, username === 'me', all.join('\n'));
    for (const one of all) assert.match(one, /client\|unblock|xpending|xgroup\|delconsumer/);
  }
});
