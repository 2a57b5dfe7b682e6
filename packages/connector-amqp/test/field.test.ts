// Faults that were met in the field, each with where it was reported.
import assert from 'node:assert/strict';
import { setTimeout as realTime } from 'node:timers/promises';
import { after, before, test } from 'node:test';
import type { SputnikError } from '@sputnikjs/core';
import type { ConsumedMessage } from '@sputnikjs/messaging';
import { Collector, MemoryLog, numbered, rejection, textOf } from '@sputnikjs/testkit';
import { rabbitmqServer } from '@sputnikjs/testkit/servers';
import {
  addQueue,
  addUser,
  assertKept,
  connect,
  makeConnector,
  open,
  permit,
  removeQueue,
  storedIn,
  withPlain,
} from './helpers.js';
import { lookOften } from './trial.js';

const server = await rabbitmqServer({ after }, ['consumer_timeout = 1000', 'heartbeat = 1']);
const { url, port } = server;
before(async () => {
  await server.start();
  await lookOften(server);
});

test('a queue that is deleted under its consumer costs a warning, and its messages come when it is there again', async (t) => {
  // spring-attic/reactor-rabbitmq#149
  await addQueue(port, 'gone');
  const log = new MemoryLog();
  const { connection, lost } = await open(t, { url }, log);
  const seen = new Collector<string>();
  await connection.consumer.consume('gone', async (message) => seen.add(textOf(message)));
  await removeQueue(port, 'gone');
  const text = await log.said('consumeFailed');
  assert.match(
    text,
    /^cannot consume from the queue "gone" for now: the server has stopped its deliveries; was it deleted\?; trying again in 0\.1 s$/,
  );
  await addQueue(port, 'gone');
  assert.equal(await log.said('consumingAgain'), 'the queue "gone" delivers messages again');
  await connection.producer.produce({ target: 'gone', payload: 'x' });
  await seen.reaches(1);
  await assertKept(lost);
});

const LOGS = {
  exchange: 'logs',
  exchanges: [{ name: 'logs', type: 'topic' }],
  queues: [{ name: 'errors', type: 'classic', bindings: [{ exchange: 'logs', key: '*.err' }] }],
};

test('an exchange, a queue, and both, that the configuration has and somebody deletes, are made again; no message is refused or overtaken', async (t) => {
  // ruby-amqp/bunny#248
  const { connection, lost } = await open(t, { url, ...LOGS, inFlight: 10 });
  const seen = new Collector<string>();
  await connection.consumer.consume('errors', async (message) => seen.add(textOf(message)));
  const payloads = numbered(400);
  const produce = (payload: string): Promise<unknown> => connection.producer.produce({ target: 'kern.err', payload });
  for (const [time, what] of ['exchange', 'queue', 'both', 'binding'].entries()) {
    const some = payloads.slice(time * 100, time * 100 + 100);
    await withPlain(port, async (plain) => {
      if (what === 'exchange' || what === 'both') await plain.exchangeDelete({ exchange: 'logs' });
      if (what === 'queue' || what === 'both') await plain.queueDelete({ queue: 'errors' });
      if (what === 'binding')
        await plain.queueUnbind({ queue: 'errors', exchange: 'logs', routingKey: '*.err', arguments: {} });
    });
    await Promise.all(some.map(produce));
    await seen.reaches(time * 100 + 100);
  }
  assert.deepEqual(seen.items, payloads);
  await assertKept(lost);
});

test('a message that no binding of the configuration takes is refused, though others wait for what is made again', async (t) => {
  const { connection, lost } = await open(t, { url, ...LOGS });
  await withPlain(port, (plain) => plain.queueDelete({ queue: 'errors' }));
  const produce = (target: string): Promise<unknown> => connection.producer.produce({ target, payload: 'x' });
  const [, error] = await Promise.all([produce('kern.err'), rejection(produce('kern.info')), produce('user.err')]);
  assert.match(error.message, /^no queue takes messages for "kern\.info" \(NO_ROUTE\); bind a queue/);
  assert.equal((await storedIn(port, 'errors')).length, 2);
  await assertKept(lost);
});

test('what cannot be made again refuses the message with the reason, and nobody else', async (t) => {
  await addUser(server, ['careless', 'x'], ['.*', '.*', '.*']);
  await addQueue(port, 'theirs');
  const queues = [{ name: 'ours', type: 'classic' }];
  const { connection, lost } = await open(t, { url, username: 'careless', password: 'x', queues });
  await permit(server, 'careless', ['^$', '.*', '.*']);
  await removeQueue(port, 'ours');
  const produce = (target: string): Promise<unknown> => connection.producer.produce({ target, payload: 'x' });
  const [error] = await Promise.all([rejection(produce('ours')), produce('theirs')]);
  assert.match(
    error.message,
    /^no queue takes messages for "ours", and creating one failed: the queue "ours": .*ACCESS_REFUSED.*; give the user the permission/,
  );
  await assertKept(lost);
});

test('a target that the user may not publish to is refused, and harms neither other messages nor consumers', async (t) => {
  await removeQueue(port, 'errors');
  await addUser(server, ['bound', 'x'], ['.*', '.*', '.*']);
  await server.evaluate(
    'rabbit_auth_backend_internal:set_topic_permissions(<<"bound">>, <<"/">>, <<"logs">>, <<"^kern">>, <<".*">>, <<"test">>)',
  );
  const { connection, lost } = await open(t, { url, username: 'bound', password: 'x', ...LOGS });
  const seen = new Collector<string>();
  await connection.consumer.consume('errors', async (message) => seen.add(textOf(message)));
  const targets = numbered(300).map((n) => (Number(n) % 30 === 7 ? 'user.err' : 'kern.err'));
  const outcomes = await Promise.allSettled(
    targets.map((target, n) => connection.producer.produce({ target, payload: `${n}` })),
  );
  for (const [n, outcome] of outcomes.entries())
    if (targets[n] === 'kern.err') assert.equal(outcome.status, 'fulfilled');
    else
      assert.match(
        String((outcome as PromiseRejectedResult).reason),
        /may not publish to "user\.err": .*ACCESS_REFUSED/,
      );
  while (!seen.items.includes('299')) await seen.reaches(seen.items.length + 1);
  // what was not confirmed when the server closed the channel is sent again
  const payloads = numbered(300).filter((_, n) => targets[n] === 'kern.err');
  assert.deepEqual([...new Set(seen.items)], payloads);
  await assertKept(lost);
});

test('a handler that takes longer than consumer_timeout is called once for each message, and they are acknowledged', async (t) => {
  // cody-greene/node-rabbitmq-client#33
  await addQueue(port, 'slow');
  const log = new MemoryLog();
  const { connection, lost } = await open(t, { url }, log);
  const begun = new Collector<string>();
  const done = new Collector<string>();
  const handler = async (message: ConsumedMessage): Promise<void> => {
    begun.add(textOf(message));
    if (textOf(message) !== 'later') {
      await log.said('consumingAgain');
      // What the server delivers again comes at once, and it waits for longer than that until it closes the next channel.
      await realTime(500);
    }
    done.add(textOf(message));
  };
  const subscription = await connection.consumer.consume('slow', handler, { maxUnacknowledged: 3 });
  // two of them nobody can tell from each other
  for (const payload of ['a', 'b', 'a', 'later']) await connection.producer.produce({ target: 'slow', payload });
  const text = await log.said('consumeFailed');
  // cody-greene/node-rabbitmq-client#73
  assert.match(text, /^cannot consume from the queue "slow" for now: PRECONDITION_FAILED - delivery ack/);
  await done.reaches(4);
  assert.deepEqual(begun.items.toSorted(), ['a', 'a', 'b', 'later']);
  await subscription.stop();
  assert.deepEqual(await storedIn(port, 'slow'), []);
  await assertKept(lost);
});

test('a slow handler that fails in the end gets its message again, and no more are under way than may be', async (t) => {
  await addQueue(port, 'failing');
  const { connection } = await open(t, { url });
  const seen = new Collector<string>();
  let [underWay, most] = [0, 0];
  const handler = async (message: ConsumedMessage): Promise<void> => {
    most = Math.max(most, ++underWay);
    seen.add(`${textOf(message)} ${message.redelivered}`);
    if (!message.redelivered) await realTime(2500);
    underWay--;
    if (!message.redelivered) throw new Error('not now');
  };
  await connection.consumer.consume('failing', handler, { maxUnacknowledged: 1 });
  await connection.producer.produce({ target: 'failing', payload: '1' });
  await seen.reaches(2);
  assert.deepEqual(seen.items, ['1 false', '1 true']);
  assert.equal(most, 1);
});

test('an answer to an address that the server never gave is refused, and ends no connection', async (t) => {
  // rabbitmq/rabbitmq-server#3751
  const { connection, lost, connector } = await open(t, { url });
  for (const target of ['', '.a', '.a.b', '.g2dkAA.b', '.g1h3DnJhYmJpdEBsb2NhbGhvc3Q=.key']) {
    const error = await rejection(
      connection.producer.produce({ target: `amq.rabbitmq.reply-to${target}`, payload: 'x' }),
    );
    assert.match(error.message, /^the target "amq\.rabbitmq\.reply-to.*" cannot be sent: the server stores no message/);
  }
  assert.equal(await connector.isConnected(), true);
  await assertKept(lost);
  const routed = await open(t, { url, ...LOGS });
  const error = await rejection(
    routed.connection.producer.produce({ target: 'amq.rabbitmq.reply-to.a.b', payload: 'x' }),
  );
  assert.match(
    error.message,
    /^no queue takes messages/,
    'with an exchange of its own it is a routing key as any other',
  );
});

test('a server without memory, or disk, takes no more: messages are refused at once as SERVER_FULL, all else goes on', async (t) => {
  // eandersson/amqpstorm#118
  await addQueue(port, 'alarm');
  await addQueue(port, 'stock');
  for (const [setting, alarming, normal] of [
    ['vm_memory_monitor:set_vm_memory_high_watermark', '0.00001', '0.4'],
    ['rabbit_disk_monitor:set_disk_free_limit', '"1000000GB"', '"1MB"'],
  ] as const) {
    const log = new MemoryLog();
    const { connector, connection, lost } = await open(t, { url, inFlight: 2 }, log);
    const produce = (payload: string): Promise<unknown> => connection.producer.produce({ target: 'alarm', payload });
    for (const payload of numbered(3)) await connection.producer.produce({ target: 'stock', payload });
    await server.evaluate(`${setting}(${alarming})`);
    const settled: string[] = [];
    const before = ['1', '2'].map((payload) => produce(payload).then(() => settled.push(payload)));
    const waiting = ['3', '4'].map((payload) => rejection(produce(payload)));
    assert.match(
      await log.said('serverBlocked'),
      /^the server takes no messages for now: .*give it more memory or disk/,
    );
    for (const error of [...(await Promise.all(waiting)), await rejection(produce('5'))]) {
      assert.equal((error as SputnikError).code, 'SERVER_FULL');
      assert.match(
        error.message,
        /^the server takes no messages for now \(low on (memory|disk)\), and none for "alarm"/,
      );
    }
    assert.deepEqual(settled, [], 'they are on their way');
    const stock = new Collector<string>();
    const subscription = await connection.consumer.consume('stock', async (message) => stock.add(textOf(message)));
    await stock.reaches(3);
    await subscription.stop();
    // longer than the server waits for a heartbeat
    await realTime(3000);
    assert.equal(await connector.isConnected(), true);
    await server.evaluate(`${setting}(${normal})`);
    await Promise.all(before);
    assert.ok(await log.said('serverUnblocked'));
    await produce('6');
    await assertKept(lost);
    assert.ok((await connect(makeConnector(t, { url }))).connection);
  }
  assert.deepEqual(
    (await storedIn(port, 'alarm')).map(({ payload }) => payload),
    ['1', '2', '6', '1', '2', '6'],
  );
});

test('a server that wants a sign of life each second gets it, though nothing is produced or consumed', async (t) => {
  const { connector, lost } = await open(t, { url });
  await realTime(5000);
  await assertKept(lost);
  assert.equal(await connector.isConnected(), true);
});

test('a server that was emptied has the queues of the configuration at the next connect, and others when somebody makes them', async (t) => {
  const queues = [{ name: 'kept', type: 'classic' }];
  const { connector, connection, lost } = await open(t, { url, queues });
  const seen = new Collector<string>();
  const take = async (message: ConsumedMessage): Promise<void> => seen.add(textOf(message));
  await connection.consumer.consume('kept', take);
  await server.evaluate('rabbit:stop(), rabbit_mnesia:reset(), rabbit:start()');
  assert.equal(((await lost) as SputnikError).code, 'CONNECTION_LOST');
  const again = (await connect(connector)).connection;
  await again.consumer.consume('kept', take);
  await again.producer.produce({ target: 'kept', payload: 'x' });
  await seen.reaches(1);
  assert.match((await rejection(again.consumer.consume('gone', take))).message, /NOT_FOUND.*; create it/);
});
