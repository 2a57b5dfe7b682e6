import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConsumedMessage } from '@sputnikjs/messaging';
import { rejection, textOf } from '@sputnikjs/testkit';
import { open, started, until, withPlain } from './helpers.js';

const MEBI = 2 ** 20;

async function next(messages: AsyncIterator<ConsumedMessage>): Promise<ConsumedMessage> {
  const { value, done } = await messages.next();
  assert.ok(!done, 'the replay is over');
  return value;
}

const connections = (port: number): Promise<number> =>
  withPlain(
    port,
    async (plain) =>
      String(await plain.client('LIST'))
        .trim()
        .split('\n').length - 1,
  );

test('a replay holds few messages where they are large', async (t) => {
  const { url, port } = await started(t);
  const { connection } = await open(t, { url });
  const after = await withPlain(port, (plain) => plain.xadd('a', '*', 'payload', 'first'));
  const payload = Buffer.alloc(MEBI);
  for (let n = 0; n < 40; n++) await connection.producer.produce({ target: 'a', payload });
  const over = new AbortController();
  t.after(() => over.abort());
  const messages = (await connection.replayer.replay('a', String(after), over.signal))[Symbol.asyncIterator]();
  for (let n = 0; n < 16; n++) await next(messages);
  // what it is going to hand out next is there
  const read = await withPlain(
    port,
    async (plain) => /cmdstat_xrange:calls=(\d+)/.exec(await plain.info('commandstats'))?.[1],
  );
  assert.ok(Number(read) >= 16, `16 messages of 1 MiB by ${read} reads`);
});

test('a replay has a connection of its own, and leaves none, however it ends', async (t) => {
  const { url, port } = await started(t);
  const { connection } = await open(t, { url });
  const id = String(await withPlain(port, (plain) => plain.xadd('a', '*', 'payload', '1')));
  await withPlain(port, (plain) => plain.xadd('a', '*', 'payload', '2'));
  const before = await connections(port);
  const over = new AbortController();
  await connection.replayer.replay('a', id, over.signal);
  const waiting = (await connection.replayer.replay('a', id, over.signal))[Symbol.asyncIterator]();
  assert.equal(textOf(await next(waiting)), '2');
  const end = waiting.next();
  for await (const message of await connection.replayer.replay('a', id, over.signal)) {
    assert.equal(textOf(message), '2');
    assert.equal(await connections(port), before + 3);
    break;
  }
  over.abort();
  assert.equal((await end).done, true);
  await connection.replayer.replay('a', id, AbortSignal.abort());
  await until(async () => (await connections(port)) === before);
});

test('the permissions that the README names are enough to replay; without them the error says what is missing', async (t) => {
  const { url, port } = await started(t, [
    'user me on >mine ~* +ping +xadd +xrange +xread',
    'user other on >mine ~* +ping +xadd',
  ]);
  const id = String(await withPlain(port, (plain) => plain.xadd('a', '*', 'payload', '1')));
  const { connection } = await open(t, { url, username: 'me', password: 'mine' });
  const over = new AbortController();
  t.after(() => over.abort());
  const messages = (await connection.replayer.replay('a', id, over.signal))[Symbol.asyncIterator]();
  const coming = next(messages);
  await connection.producer.produce({ target: 'a', payload: '2' });
  assert.equal(textOf(await coming), '2');
  const other = await open(t, { url, username: 'other', password: 'mine' });
  const error = await rejection(other.connection.replayer.replay('a', id, over.signal));
  assert.match(String(error), /NOPERM .* give the user the permission/);
});
