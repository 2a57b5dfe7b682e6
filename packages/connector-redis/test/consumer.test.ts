import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectTo, createServer, type AddressInfo, type Socket } from 'node:net';
import { test } from 'node:test';
import { gate, MemoryLog, numbered, textOf } from '@sputnikjs/testkit';
import { connect, Inbox, open, pendingIn, started, until, withPlain } from './helpers.js';

test("other clients' entries are messages, too: payload and headers, or all fields as JSON", async (t) => {
  const { url, port } = await started(t);
  const ids: (string | null)[] = [];
  await withPlain(port, async (plain) => {
    const first = await plain.xadd(
      'a',
      '*',
      'payload',
      Buffer.from([0, 255]),
      'content-type',
      'x/y',
      'host',
      'b',
      'header:c',
      'd',
    );
    ids.push(first, await plain.xadd('a', '*', 'temperature', '21.5', '__proto__', 'ż'));
  });
  const { connection } = await open(t, { url });
  const inbox = new Inbox();
  await connection.consumer.consume('a', inbox.take);
  await inbox.reaches(2);
  assert.deepEqual(inbox.items, [
    {
      source: 'a',
      payload: Buffer.from([0, 255]),
      contentType: 'x/y',
      headers: { host: 'b', c: 'd' },
      redelivered: false,
      deliveries: 1,
      sequence: ids[0],
    },
    {
      source: 'a',
      payload: Buffer.from('{"temperature":"21.5","__proto__":"ż"}'),
      contentType: 'application/json',
      redelivered: false,
      deliveries: 1,
      sequence: ids[1],
    },
  ]);
});

test('what was handled is acknowledged, and no other is', async (t) => {
  const { url, port } = await started(t);
  const { connection } = await open(t, { url, consumerName: 'me' });
  const [inbox, release] = [new Inbox(), gate()];
  const subscription = await connection.consumer.consume('a', async (message) => {
    inbox.add(message);
    if (textOf(message) === 'slow') await release.passed;
  });
  for (const payload of ['1', 'slow', '2', '3']) await connection.producer.produce({ target: 'a', payload });
  await inbox.reaches(4);
  await until(async () => (await pendingIn(port, 'a'))['me'] === 1);
  release.open();
  await subscription.stop();
  assert.deepEqual(await pendingIn(port, 'a'), {});
});

test('a message whose handler rejects, or throws, comes again and again; others do not wait, nor does it take a place', async (t) => {
  const { url, port } = await started(t);
  const { connection } = await open(t, { url });
  const inbox = new Inbox();
  let fails = 0;
  const subscription = await connection.consumer.consume(
    'a',
    (message) => {
      inbox.add(message);
      if (textOf(message) === 'bad' && ++fails === 1) throw new Error('not now');
      return textOf(message) === 'bad' && fails === 2 ? Promise.reject(new Error('nor now')) : Promise.resolve();
    },
    { maxUnacknowledged: 1 },
  );
  for (const payload of ['bad', '1', '2']) await connection.producer.produce({ target: 'a', payload });
  await inbox.reaches(5);
  assert.deepEqual(inbox.texts, ['bad', '1', '2', 'bad', 'bad']);
  assert.deepEqual(
    inbox.items.map(({ redelivered }) => redelivered),
    [false, false, false, true, true],
  );
  await subscription.stop();
  assert.deepEqual(await pendingIn(port, 'a'), {});
});

test('what cannot be acknowledged is told of, and handled again', async (t) => {
  const { url, port } = await started(t, ['user me on >mine ~* +@all -xack']);
  const log = new MemoryLog();
  const { connection } = await open(t, { url, username: 'me', password: 'mine' }, log);
  const inbox = new Inbox();
  const subscription = await connection.consumer.consume('a', inbox.take);
  await connection.producer.produce({ target: 'a', payload: '1' });
  assert.match(await log.said('consumeFailed'), /^cannot consume from "a": NOPERM/);
  assert.equal(log.lines.find(({ fields }) => fields['event'] === 'consumeFailed')?.fields['code'], 'NOPERM');
  await withPlain(port, (plain) => plain.acl('SETUSER', 'me', '+xack'));
  await inbox.reaches(2);
  assert.deepEqual(inbox.items[1]?.redelivered, true);
  await subscription.stop();
  assert.deepEqual(await pendingIn(port, 'a'), {});
});

test('messages that were deleted before they were handled are counted and told of, and keep nobody', async (t) => {
  const { url, port } = await started(t);
  await withPlain(port, async (plain) => {
    await plain.xgroup('CREATE', 'a', 'sputnik', '0', 'MKSTREAM');
    for (const payload of numbered(6)) await plain.xadd('a', '*', 'payload', payload);
    for (const consumer of ['me', 'dead'])
      await plain.xreadgroup('GROUP', 'sputnik', consumer, 'COUNT', 3, 'STREAMS', 'a', '>');
    await plain.xtrim('a', 'MAXLEN', 0);
    await plain.xadd('a', '*', 'payload', 'new');
  });
  const log = new MemoryLog();
  const { connection } = await open(t, { url, consumerName: 'me', claimAfterMs: 1000 }, log);
  const inbox = new Inbox();
  await connection.consumer.consume('a', inbox.take);
  await inbox.reaches(1);
  await until(async () => connection.dropped === 6);
  assert.deepEqual(inbox.texts, ['new']);
  assert.equal(await log.said('dropping'), '3 messages of "a" were deleted on the server before they were handled');
  await until(async () => Object.keys(await pendingIn(port, 'a')).length === 0);
});

test('a handler of a lost connection ends in peace, and the next connection delivers its message again', async (t) => {
  const server = await started(t);
  const { connection, connector, lost } = await open(t, { url: server.url });
  const [inbox, release] = [new Inbox(), gate()];
  const subscription = await connection.consumer.consume('a', async (message) => {
    inbox.add(message);
    await release.passed;
  });
  await connection.producer.produce({ target: 'a', payload: '1' });
  await inbox.reaches(1);
  await server.stop();
  await lost;
  const stopping = subscription.stop();
  release.open();
  await stopping;
  await server.start();
  const next = (await connect(connector)).connection;
  const again = new Inbox();
  await next.consumer.consume('a', again.take);
  await again.reaches(1);
  assert.deepEqual(
    again.items.map((message) => [textOf(message), message.redelivered]),
    [['1', true]],
  );
});

test('one that is deleted between two tries is counted, too', async (t) => {
  const { url, port } = await started(t);
  const { connection } = await open(t, { url });
  const inbox = new Inbox();
  await connection.consumer.consume('a', async (message) => {
    inbox.add(message);
    throw new Error('never');
  });
  await connection.producer.produce({ target: 'a', payload: 'x' });
  await inbox.reaches(1);
  await withPlain(port, (plain) => plain.xtrim('a', 'MAXLEN', 0));
  await until(async () => connection.dropped === 1);
  assert.equal(inbox.items.length, 1);
});

test('while 1,000 messages wait for another try no other is begun, be they new, our own of before, or those of others', async (t) => {
  const { url, port } = await started(t, ['appendfsync no']);
  const [places, count] = [256, 2000];
  await withPlain(port, async (plain) => {
    for (const source of ['new', 'own', 'others']) {
      const batch = plain.pipeline().xgroup('CREATE', source, 'sputnik', '0', 'MKSTREAM');
      for (const payload of numbered(count)) batch.xadd(source, '*', 'payload', payload);
      await batch.exec();
    }
    await plain.xreadgroup('GROUP', 'sputnik', 'me', 'COUNT', count, 'STREAMS', 'own', '>');
    await plain.xreadgroup('GROUP', 'sputnik', 'dead', 'COUNT', count, 'STREAMS', 'others', '>');
    // as if they had lain there for long
    const idle = ['0', ...(await plain.xrange('others', '-', '+')).map(([id]) => id), 'IDLE', '9999999', 'JUSTID'];
    await plain.call('XCLAIM', 'others', 'sputnik', 'dead', ...idle);
  });
  const { connection } = await open(t, { url, consumerName: 'me' });
  await Promise.all(
    ['new', 'own', 'others'].map(async (source) => {
      const [seen, again] = [new Set<string>(), gate()];
      await connection.consumer.consume(source, async (message) => {
        const text = textOf(message);
        if (seen.has(text)) again.open();
        seen.add(text);
        throw new Error('never');
      });
      await again.passed;
      assert.ok(seen.size < 1000 + places, `${seen.size} messages of "${source}" were begun`);
    }),
  );
});

test('a message goes from one connector to another with its headers and its id', async (t) => {
  const { url } = await started(t);
  const { connection } = await open(t, { url });
  const inbox = new Inbox();
  await connection.consumer.consume('a', inbox.take);
  const message = { target: 'a', payload: 'żółw', contentType: 'text/plain', headers: { host: 'b', payload: 'c' } };
  await connection.producer.produce({ ...message, id: '4711' });
  await inbox.reaches(1);
  const { payload, sequence, ...rest } = inbox.items[0] ?? {};
  assert.equal(String(payload), 'żółw');
  assert.match(String(sequence), /^\d+-0$/);
  assert.deepEqual(rest, {
    source: 'a',
    contentType: 'text/plain',
    headers: { host: 'b', payload: 'c' },
    id: '4711',
    redelivered: false,
    deliveries: 1,
  });
});

test('a read that got lost ends the connection, when the server answers otherwise', async (t) => {
  const server = await started(t);
  const [asked, sockets] = [gate(), new Set<Socket>()];
  const proxy = createServer((client) => {
    const upstream = connectTo(server.port, '127.0.0.1');
    for (const socket of [client, upstream]) sockets.add(socket.on('error', () => {}));
    upstream.pipe(client);
    client.on('data', (chunk) => (/xreadgroup/i.test(String(chunk)) ? asked.open() : upstream.write(chunk)));
    client.on('close', () => upstream.destroy());
  }).listen(0, '127.0.0.1');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    proxy.close();
  });
  await once(proxy, 'listening');
  const url = `redis://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const { connection, connector, lost } = await open(t, { url, claimAfterMs: 1000 });
  await connection.consumer.consume('a', async () => {});
  await asked.passed;
  assert.equal(await connector.isConnected(), true);
  const real = performance.now.bind(performance);
  t.mock.method(performance, 'now', () => real() + 10_000);
  assert.match(String(await lost), /the connection that waits for messages is dead/);
});
