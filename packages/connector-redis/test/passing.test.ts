// States in which a server refuses what it is asked, and takes it later.
import assert from 'node:assert/strict';
import { mkdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as realTime } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { SputnikError } from '@sputnikjs/core';
import { gate, MemoryLog, rejection } from '@sputnikjs/testkit';
import type { RealServer } from '@sputnikjs/testkit/servers';
import { countsIn, Inbox, open, started, until, withPlain } from './helpers.js';

interface State {
  readonly name: string;
  readonly lines?: readonly string[];
  readonly begin: (plain: Redis, server: RealServer) => Promise<unknown>;
  readonly end: (plain: Redis, server: RealServer) => Promise<unknown>;
}

/** A script that ends when somebody kills it. */
const BUSY = 'while true do end';

const states: readonly State[] = [
  // sidekiq/sidekiq#5558
  {
    name: 'OOM',
    lines: ['maxmemory-policy noeviction'],
    begin: (plain) => plain.config('SET', 'maxmemory', '1'),
    end: (plain) => plain.config('SET', 'maxmemory', '0'),
  },
  {
    name: 'NOREPLICAS',
    begin: (plain) => plain.config('SET', 'min-replicas-to-write', '1'),
    end: (plain) => plain.config('SET', 'min-replicas-to-write', '0'),
  },
  // redis/redis#2146
  {
    name: 'MISCONF',
    lines: ['appendonly no', 'save 3600 1', 'enable-protected-configs yes'],
    async begin(plain, { folder }) {
      const gone = join(folder, 'gone');
      await mkdir(gone);
      await plain.config('SET', 'dir', gone);
      await rmdir(gone);
      await plain.bgsave();
      await until(async () => /rdb_last_bgsave_status:err/.test(await plain.info('persistence')));
    },
    async end(plain, { folder }) {
      await plain.config('SET', 'dir', folder);
      await plain.bgsave();
      await until(async () => /rdb_last_bgsave_status:ok/.test(await plain.info('persistence')));
    },
  },
  {
    name: 'BUSY',
    lines: ['busy-reply-threshold 50'],
    async begin(plain) {
      plain.eval(BUSY, 0).catch(() => {});
      await realTime(200);
    },
    async end(plain) {
      await plain.script('KILL');
      // it ends in its time
      const answers = (): Promise<boolean> =>
        plain.ping().then(
          () => true,
          () => false,
        );
      await until(answers);
    },
  },
];

for (const state of states) {
  test(`${state.name}: a message is refused as SERVER_FULL, on a connection that stays, or is new, and taken afterwards`, async (t) => {
    const server = await started(t, state.lines);
    const { connection, connector, lost } = await open(t, { url: server.url });
    let loss: unknown;
    void lost.then((why) => (loss = why));
    const produce = (at = connection): Promise<unknown> => at.producer.produce({ target: 'a', payload: 'x' });
    await produce();
    const plain = async (work: State['begin']): Promise<void> =>
      withPlain(server.port, async (client) => void (await work(client, server)), { enableReadyCheck: false });
    await plain(state.begin);
    const refusal = await rejection(produce());
    assert.ok(refusal instanceof SputnikError && refusal.code === 'SERVER_FULL', String(refusal));
    assert.match(refusal.message, new RegExp(`^the server refuses the message for "a": ${state.name} .*; .+`));
    assert.equal(await connector.isConnected(), true);
    const other = await open(t, { url: server.url });
    await assert.rejects(produce(other.connection), { code: 'SERVER_FULL' });
    await plain(state.end);
    await Promise.all([produce(), produce(other.connection)]);
    assert.equal(loss, undefined);
  });
}

test('what was handled while the server writes nothing is acknowledged when it does, and not handled once more', async (t) => {
  const { url, port } = await started(t);
  const log = new MemoryLog();
  const { connection } = await open(t, { url }, log);
  const [inbox, release] = [new Inbox(), gate()];
  await connection.consumer.consume('a', async (message) => {
    inbox.add(message);
    await release.passed;
  });
  await connection.producer.produce({ target: 'a', payload: '1' });
  await inbox.reaches(1);
  await withPlain(port, (plain) => plain.config('SET', 'min-replicas-to-write', '1'));
  release.open();
  await log.said('consumeFailed');
  await realTime(1_500);
  await withPlain(port, (plain) => plain.config('SET', 'min-replicas-to-write', '0'));
  await until(async () => (await countsIn(port, 'a')).length === 0);
  await connection.producer.produce({ target: 'a', payload: '2' });
  await inbox.reaches(2);
  assert.deepEqual(inbox.texts, ['1', '2']);
});

test('a consumer stops though the server writes nothing; what it handled comes again, as it must', async (t) => {
  const { url, port } = await started(t);
  const { connection } = await open(t, { url, consumerName: 'me' });
  const [inbox, release] = [new Inbox(), gate()];
  const subscription = await connection.consumer.consume('a', async (message) => {
    inbox.add(message);
    await release.passed;
  });
  await connection.producer.produce({ target: 'a', payload: '1' });
  await inbox.reaches(1);
  await withPlain(port, (plain) => plain.config('SET', 'min-replicas-to-write', '1'));
  release.open();
  await subscription.stop();
  assert.deepEqual(await countsIn(port, 'a'), [1]);
});
