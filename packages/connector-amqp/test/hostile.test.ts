import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectTo, createServer, type AddressInfo, type Socket } from 'node:net';
import { after, before, test, type TestContext } from 'node:test';
import type { Logger } from '@sputnikjs/core';
import { Collector, rejection, textOf, tricklingTrials } from '@sputnikjs/testkit';
import { rabbitmqServer } from '@sputnikjs/testkit/servers';
import { addQueue, connect, makeConnector, open } from './helpers.js';

const MEBI = 1024 * 1024;
const [METHOD, HEADER] = [1, 2];
const DELIVER = 0x00_3c_00_3c;
const server = await rabbitmqServer({ after });
before(() => server.start());

/** Has each frame that the server sends go through `change`, which returns what goes on in its place. */
async function between(t: TestContext, change: (frame: Buffer, client: Socket) => Buffer): Promise<string> {
  const proxy = createServer((client) => {
    const upstream = connectTo(server.port, '127.0.0.1');
    let rest = Buffer.alloc(0);
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const)
      one.on('error', () => {}).on('close', () => other.destroy());
    client.pipe(upstream);
    upstream.on('data', (bytes: Buffer) => {
      rest = Buffer.concat([rest, bytes]);
      for (
        let size = 0;
        rest.length >= 7 && rest.length >= (size = rest.readUInt32BE(3) + 8);
        rest = rest.subarray(size)
      )
        client.write(change(Buffer.from(rest.subarray(0, size)), client));
    });
  }).listen(0, '127.0.0.1');
  t.after(() => proxy.close());
  await once(proxy, 'listening');
  return `amqp://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
}

function isDelivery(frame: Buffer): boolean {
  return frame[0] === METHOD && frame.readUInt32BE(7) === DELIVER;
}

/** Sends as many megabytes as are taken, 2,000 at most. */
function flood(client: Socket): void {
  const chunk = Buffer.alloc(MEBI, 'a');
  let left = 2_000;
  const more = (): void => {
    while (left-- > 0 && !client.destroyed) if (!client.write(chunk)) return;
  };
  client.on('drain', more);
  more();
}

function logInto(warnings: Collector<string>): Logger {
  const nothing = (): void => undefined;
  return { debug: nothing, info: nothing, warn: (_, text = '') => warnings.add(text), error: nothing };
}

test('a body that is announced with more bytes than are taken takes no memory; the subscription comes back, and gets its message', async (t) => {
  for (const announced of [2_000_000_000n, 2n ** 38n, 2n ** 63n]) {
    const queue = `body-${announced}`;
    await addQueue(server.port, queue);
    let lies = 1;
    const url = await between(t, (frame, client) => {
      if (frame[0] !== HEADER || lies-- <= 0) return frame;
      frame.writeBigUInt64BE(announced, 11);
      setImmediate(flood, client);
      return frame;
    });
    const warnings = new Collector<string>();
    const connector = makeConnector(t, { url });
    await connector.start?.(logInto(warnings));
    const { connection } = await connect(connector);
    const got = new Collector<string>();
    await connection.consumer.consume(queue, async (message) => got.add(textOf(message)));
    const before = process.memoryUsage().rss;
    await connection.producer.produce({ target: queue, payload: 'whole' });
    await got.reaches(1);
    assert.deepEqual(got.items, ['whole']);
    assert.match(
      warnings.items[0] ?? '',
      /announces a message of \d+ bytes, more than the 134217728 of "maxMessageBytes"/,
    );
    const more = (process.memoryUsage().rss - before) / MEBI;
    assert.ok(more < 100, `it took ${more} MB`);
  }
});

test('a message that is larger than "maxMessageBytes" is not taken; one of that size is', async (t) => {
  await addQueue(server.port, 'exact');
  const { connection } = await open(t, { url: server.url, maxMessageBytes: 20_000 });
  const got = new Collector<number>();
  await connection.consumer.consume('exact', async ({ payload }) => got.add(payload.length));
  await connection.producer.produce({ target: 'exact', payload: Buffer.alloc(20_000) });
  await got.reaches(1);
  assert.deepEqual(got.items, [20_000]);
});

test('a frame that is larger than was agreed ends the connection', async (t) => {
  await addQueue(server.port, 'frame');
  const url = await between(t, (frame, client) => {
    if (!isDelivery(frame)) return frame;
    frame.writeUInt32BE(1_000_000, 3);
    setImmediate(flood, client);
    return frame;
  });
  const before = process.memoryUsage().rss;
  const { connection } = await open(t, { url });
  await connection.producer.produce({ target: 'frame', payload: 'x' });
  const warnings = new Collector<string>();
  const connector = makeConnector(t, { url });
  await connector.start?.(logInto(warnings));
  const { connection: consuming } = await connect(connector);
  await consuming.consumer.consume('frame', async () => {});
  await warnings.reaches(1);
  assert.match(warnings.items[0] ?? '', /it does not speak AMQP/);
  const more = (process.memoryUsage().rss - before) / MEBI;
  assert.ok(more < 100, `it took ${more} MB`);
});

test('a server that delivers far more than it was asked for is left', async (t) => {
  await addQueue(server.port, 'prefetch');
  let message = Buffer.alloc(0);
  const url = await between(t, (frame, client) => {
    if (isDelivery(frame)) message = Buffer.alloc(0);
    message = Buffer.concat([message, frame]);
    const isBody = frame[0] === 3;
    if (isBody) setImmediate(() => client.write(Buffer.concat(Array.from({ length: 1_000 }, () => message))));
    return frame;
  });
  const { connection, lost } = await open(t, { url });
  let most = 0;
  await connection.consumer.consume('prefetch', () => new Promise(() => most++), { maxUnacknowledged: 3 });
  // its acknowledgement may come after the end
  connection.producer.produce({ target: 'prefetch', payload: 'x' }).catch(() => {});
  assert.match(String(((await lost) as Error).cause), /delivers more messages than the connector asked for \(3\)/);
  assert.equal(most, 3);
});

test('a server that answers the login with gigabytes is left at the first frame', async (t) => {
  const url = await between(t, (frame, client) => {
    frame.writeUInt32BE(2_000_000_000, 3);
    setImmediate(flood, client);
    return frame;
  });
  const before = process.memoryUsage().rss;
  const error = await rejection(connect(makeConnector(t, { url })));
  assert.match(error.message, /does not speak AMQP/);
  const more = (process.memoryUsage().rss - before) / MEBI;
  assert.ok(more < 100, `it took ${more} MB`);
});

const trickling = tricklingTrials((scope, port) => makeConnector(scope, { url: `amqp://127.0.0.1:${port}` }));

test('a server that trickles in the login is given up when the attempt is, and nothing stays open', (t) =>
  trickling.inLogin(t, [
    ['a long frame', ['', '\x01\0\0\0\0\x10\0'], '\0'],
    ['a header of a frame', ['', '\x01'], ['']],
  ]));

test('a server that trickles after the login answers no heartbeat; the next attempt, and a landing, do not wait for it', async (t) => {
  await addQueue(server.port, 'trickle');
  const heads = { 'a frame': Buffer.from([METHOD, 0, 0, 0, 0, 0x10, 0]), heartbeats: Buffer.alloc(0) };
  for (const [name, head] of Object.entries(heads)) {
    const bytes = name === 'a frame' ? Buffer.from([0]) : Buffer.from([8, 0, 0, 0, 0, 0, 0, 0xce]);
    let isTrickling = false;
    const [underWay, closed] = [new Collector<number>(), new Collector<string>()];
    const url = await between(t, (frame, client) => {
      if (!isTrickling) return frame;
      if (underWay.items.length > 0) return Buffer.alloc(0);
      underWay.add(0);
      const timer = setInterval(() => underWay.add(Number(client.write(bytes))), 2);
      client.once('close', () => {
        clearInterval(timer);
        closed.add(name);
      });
      return head;
    });
    const { connector, connection } = await connect(makeConnector(t, { url }));
    isTrickling = true;
    let isAnswered = false;
    const beat = Promise.resolve(connector.isConnected()).then((alive) => (isAnswered = alive));
    const sent = rejection(connection.producer.produce({ target: 'trickle', payload: 'x' }));
    await underWay.reaches(20);
    assert.equal(isAnswered, false, name);
    isTrickling = false;
    // after a heartbeat that is late there is another attempt
    const next = await connect(connector);
    assert.equal(await beat, false);
    assert.match((await sent).message, /lost/i);
    await closed.reaches(1);
    await next.connection.producer.produce({ target: 'trickle', payload: 'x' });
    await connector.disconnect();
  }
});
