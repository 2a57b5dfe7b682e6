import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { setTimeout as realTime } from 'node:timers/promises';
import { sql, writing, type Writing } from './postgres-writer.js';

const LOOK_MS = 50;
/** How many messages there are, and how many under way. */
const [MESSAGES, AT_ONCE] = [4_000, 250];

/** Publishes messages by their ids, `AT_ONCE` at a time. */
async function publish({ stream }: Writing, ids: readonly string[]): Promise<void> {
  for (let from = 0; from < ids.length; from += AT_ONCE) {
    const some = ids.slice(from, from + AT_ONCE);
    await Promise.all(some.map((id) => stream.publish('http.test', JSON.stringify({ id }), { msgID: id })));
  }
}

const numbers = (count: number): string[] => Array.from({ length: count }, (_, n) => `${n}`);

async function untilHandled({ unacknowledged }: Writing): Promise<void> {
  while ((await unacknowledged()) > 0) await realTime(LOOK_MS);
}

async function stored({ postgres }: Writing): Promise<readonly string[]> {
  const rows = await sql<{ id: string; body: { id: string } }>(postgres, 'select id, body from messages');
  for (const { id, body } of rows) assert.equal(body.id, id);
  return rows.map(({ id }) => id).toSorted((a, b) => Number(a) - Number(b));
}

test(
  'what is in the stream is stored, once, though PostgreSQL is killed, frozen and started again, and the satellite is killed',
  { timeout: 120_000 },
  async (t) => {
    const all = await writing(t);
    const { postgres } = all;
    let satellite = all.fly();
    const publishing = publish(all, numbers(MESSAGES));
    const until = async (count: number): Promise<void> => {
      for (;;) {
        const [row] = await sql<{ count: string }>(postgres, 'select count(*) from messages');
        if (Number(row?.count) >= count) return;
        await realTime(LOOK_MS);
      }
    };
    for (const count of [100, MESSAGES / 4]) {
      await until(count);
      await postgres.stop();
      await satellite.event('storeFailed');
      await postgres.start();
    }
    await until(MESSAGES / 3);
    satellite.signal('SIGKILL');
    await satellite.ended;
    satellite = all.fly();
    await until(MESSAGES / 2);
    postgres.freeze();
    await satellite.event('storeFailed');
    postgres.thaw();
    await publishing;
    await untilHandled(all);
    assert.deepEqual(await stored(all), numbers(MESSAGES));
    satellite.signal('SIGTERM');
    assert.deepEqual(await satellite.ended, { code: 0, signal: null }, satellite.stdout.slice(-5).join('\n'));
  },
);

test('what the table refuses becomes a dead letter, and holds up no other', { timeout: 120_000 }, async (t) => {
  const all = await writing(t);
  const { postgres, stream } = all;
  await sql(
    postgres,
    `alter table messages add check (length(body->>'id') < 5);
     alter table messages add number int generated always as ((body->>'number')::int) stored;
     alter table messages add constraint distinct_numbers unique (number) deferrable initially deferred`,
  );
  const bad = {
    'no JSON': '{',
    'no text': Uint8Array.of(0xff),
    'breaks the constraint': '{"id":"too long"}',
    'a number that another has': '{"id":"1","number":1}',
    // no index takes it
    [randomBytes(3_000).toString('hex')]: '{"id":"2"}',
  };
  await stream.publish('http.test', '{"id":"0","number":1}', { msgID: '0' });
  await publish(all, numbers(100).slice(1, 50));
  for (const [id, payload] of Object.entries(bad)) await stream.publish('http.bad', payload, { msgID: id });
  await publish(all, numbers(100).slice(50));
  const satellite = all.fly();
  await satellite.event('connected');
  await untilHandled(all);
  assert.deepEqual(await stored(all), numbers(100));
  const letters = await sql<{ id: string; source: string; payload: Buffer; reason: string }>(
    postgres,
    'select * from dead_letters',
  );
  const payloads = letters.map(({ id, payload }) => [id, payload.toString('hex')]);
  assert.deepEqual(
    payloads,
    Object.entries(bad).map(([id, payload]) => [id, Buffer.from(payload).toString('hex')]),
  );
  assert.deepEqual(new Set(letters.map(({ source }) => source)), new Set(['http.bad']));
  assert.match(letters[0]?.reason ?? '', /invalid input syntax for type json/);
  assert.match(letters[2]?.reason ?? '', /violates check constraint/);
  satellite.signal('SIGTERM');
  assert.equal((await satellite.ended).code, 0);
});

test(
  'a message that comes again is stored once; one without an id, each time that it is published',
  { timeout: 120_000 },
  async (t) => {
    const all = await writing(t);
    const { postgres, stream } = all;
    await sql(postgres, `insert into messages values ('1', 'http.test', '{"id":"1"}')`);
    await publish(all, numbers(3));
    for (let times = 1; times <= 2; times++) await stream.publish('http.test', '{"id":null}');
    all.fly();
    await untilHandled(all);
    assert.deepEqual(await sql(postgres, 'select id, reason from dead_letters'), []);
    const rows = await sql<{ id: string | null }>(postgres, 'select id from messages order by id');
    assert.deepEqual(
      rows.map(({ id }) => id),
      ['0', '1', '2', null, null],
    );
  },
);

test(
  'without PostgreSQL the satellite starts and lands, and acknowledges nothing; the next one stores it',
  { timeout: 120_000 },
  async (t) => {
    const all = await writing(t);
    await all.postgres.stop();
    await publish(all, numbers(300));
    const first = all.fly();
    await first.event('storeFailed');
    first.signal('SIGTERM');
    assert.equal((await first.ended).signal, null);
    assert.equal(await all.unacknowledged(), 300);
    await all.postgres.start();
    all.fly();
    await untilHandled(all);
    assert.deepEqual(await stored(all), numbers(300));
  },
);
