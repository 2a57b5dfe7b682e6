import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rejection, textOf } from '@sputnikjs/testkit';
import { open, started, withPlain } from './helpers.js';

const STREAMS = { streams: [{ name: 'KEPT', subjects: ['kept.>'], storage: 'memory' }] };

for (const jetstream of [true, false])
  test(`requests work ${jetstream ? 'beside JetStream' : 'with core NATS'}; that nobody listens is told at once`, async (t) => {
    const server = await started(t);
    const { connection } = await open(t, { url: server.url, jetstream });
    const { requester, responder } = connection;
    assert.equal((await rejection(requester.request({ target: 'time', payload: '' }))).code, 'NOBODY_LISTENS');
    await responder.respond('time', async () => ({ payload: 'noon' }));
    assert.equal(textOf(await requester.request({ target: 'time', payload: '' })), 'noon');
  });

test('a request for what a stream takes is refused: its acknowledgement would come as the reply', async (t) => {
  const server = await started(t);
  const { connection } = await open(t, { url: server.url, ...STREAMS });
  const { message } = await rejection(connection.requester.request({ target: 'kept.x', payload: '' }));
  assert.match(message, /a stream of the connector stores what goes there/);
});

test('a service that says it failed is told apart from a reply, and ours says so in the same way', async (t) => {
  const server = await started(t);
  const { connection } = await open(t, { url: server.url });
  await connection.responder.respond('ours', async () => {
    throw new Error('out of\nmemory');
  });
  await withPlain(server.url, async (plain) => {
    const { headers, data } = await plain.request('ours');
    assert.deepEqual(
      [headers?.get('Nats-Service-Error-Code'), headers?.get('Nats-Service-Error')],
      ['500', 'out of memory'],
    );
    assert.equal(data.length, 0);
  });
});

test('a reply that cannot be sent ends its request with the reason', async (t) => {
  const server = await started(t);
  const { connection } = await open(t, { url: server.url });
  const large = Buffer.alloc(2 * 1024 * 1024);
  await connection.responder.respond('large', async () => ({ payload: large }));
  const error = await rejection(connection.requester.request({ target: 'large', payload: '' }));
  assert.equal(error.code, 'ASK_FAILED', String(error));
  assert.match(error.message, /the server takes 1048576 \(max_payload\)/);
});

test('nothing is sent to subjects of the server that somebody names as the place for a reply', async (t) => {
  const server = await started(t);
  const { connection } = await open(t, { url: server.url, ...STREAMS });
  await connection.responder.respond('trap', async () => ({ payload: '{}' }));
  await withPlain(server.url, async (plain, manager) => {
    plain.publish('trap', '', { reply: '$JS.API.STREAM.DELETE.KEPT' });
    // answered after it
    await plain.request('trap');
    assert.equal((await manager.streams.info('KEPT')).config.name, 'KEPT');
  });
  assert.equal(connection.dropped, 1);
});

test('a user without the right to inboxes, or to a target, hears of it at once, and goes on', async (t) => {
  const permissions = 'publish: { deny: "forbidden" }, subscribe: { deny: "_INBOX.>" }';
  const inbox = await started(t, [
    `authorization { users: [{ user: "a", password: "b", permissions: { ${permissions} } }] }`,
  ]);
  const deaf = await open(t, { url: inbox.url, jetstream: false, username: 'a', password: 'b' });
  const { message } = await rejection(deaf.connection.requester.request({ target: 'time', payload: '' }));
  assert.match(message, /give the user the permission to subscribe to _INBOX/);
  await deaf.connection.producer.produce({ target: 'time', payload: '' });

  const target = await started(t, [
    'authorization { users: [{ user: "a", password: "b", permissions: { publish: { deny: "forbidden" } } }] }',
  ]);
  const { connection } = await open(t, { url: target.url, username: 'a', password: 'b' });
  const refused = await rejection(connection.requester.request({ target: 'forbidden', payload: '' }));
  assert.match(refused.message, /may not publish to "forbidden"/);
});
