import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectTo, createServer, type AddressInfo, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { Collector, rejection, tricklingTrials } from '@sputnikjs/testkit';
import { publishPacket } from '../dist/packets.js';
import { connect, makeConnector, open } from './helpers.js';

const MEBI = 1024 * 1024;
const embedded = { embedded: true, port: 0 };

function portOf({ url }: { readonly url: string }): number {
  return Number(new URL(url).port);
}

/** A packet of that kind (MQTT 3.1.1, section 2.2). */
function packet(kind: number, body: Buffer): Buffer {
  const length: number[] = [];
  for (let rest = body.length; ; rest >>>= 7) {
    length.push(rest > 127 ? (rest & 127) | 128 : rest);
    if (rest <= 127) return Buffer.concat([Buffer.from([kind, ...length]), body]);
  }
}

function text(value: string): Buffer {
  return Buffer.concat([Buffer.from([0, value.length]), Buffer.from(value)]);
}

/** A client of its own making that the broker has let in. */
async function client(t: TestContext, port: number, id: string, isClean = true): Promise<Socket> {
  const socket = connectTo({ port, host: '127.0.0.1' }).on('error', () => {});
  t.after(() => socket.destroy());
  socket.write(packet(0x10, Buffer.concat([text('MQTT'), Buffer.from([4, isClean ? 2 : 0, 0, 0]), text(id)])));
  await new Promise((resolve) => socket.once('data', resolve).once('close', resolve));
  return socket;
}

/** Resolves when the connection is closed, however that comes about. */
async function closed(socket: Socket): Promise<void> {
  if (!socket.closed) await new Promise<void>((resolve) => socket.once('close', () => resolve()));
}

/** The memory that an attack has taken, in MB. */
async function cost(attack: () => Promise<void>): Promise<number> {
  const before = process.memoryUsage().rss;
  await attack();
  return (process.memoryUsage().rss - before) / MEBI;
}

/** The connector still gets its messages through. */
async function assertServed(connection: Awaited<ReturnType<typeof open>>['connection']): Promise<void> {
  const got = new Collector<string>();
  const subscription = await connection.consumer.consume('good', async ({ payload }) => got.add(String(payload)));
  await connection.producer.produce({ target: 'good', payload: 'x' });
  await got.reaches(1);
  await subscription.stop();
}

test('a client in the midst of a packet that is too large is disconnected before it takes memory', async (t) => {
  const { connection } = await open(t, embedded);
  const more = await cost(async () => {
    for (let count = 0; count < 8; count++) {
      const socket = await client(t, portOf(connection), `mid-${count}`);
      const packet = publishPacket(1, 'a', Buffer.alloc(100 * MEBI));
      socket.write(packet);
      await closed(socket);
    }
  });
  // The attacker's own packet is in this process as well.
  assert.ok(more < 350, `it took ${more} MB`);
  await assertServed(connection);
});

test('packets that never end are bounded together: whoever has sent most goes', async (t) => {
  const { connection } = await open(t, embedded);
  const part = publishPacket(1, 'a', Buffer.alloc(4 * MEBI - 100)).subarray(0, 4 * MEBI - 200);
  const gone = { count: 0 };
  const more = await cost(async () => {
    for (let count = 0; count < 40; count++) {
      const socket = await client(t, portOf(connection), `part-${count}`);
      socket.once('close', () => gone.count++);
      await new Promise<void>((resolve) => socket.write(part, () => resolve()));
    }
    while (gone.count < 40 - 9) await new Promise((resolve) => setTimeout(resolve, 10));
  });
  assert.ok(more < 150, `it took ${more} MB`);
  await assertServed(connection);
});

test('what is retained is bounded: more is delivered, and not retained', async (t) => {
  const { connection } = await open(t, embedded);
  const socket = await client(t, portOf(connection), 'retainer');
  const body = Buffer.alloc(10_000);
  const retained = (topic: string): Buffer => {
    const bytes = publishPacket(1, topic, body);
    bytes[0] = 0x31 + 2;
    return bytes;
  };
  const more = await cost(async () => {
    for (let count = 0; count < 10_000; count++) if (!socket.write(retained(`r/${count}`))) await once(socket, 'drain');
    await assertServed(connection);
  });
  assert.ok(more < 150, `it took ${more} MB`);
  const got = new Collector<string>();
  await connection.consumer.consume('r/+', async ({ source }) => got.add(source));
  await assertServed(connection);
  assert.ok(got.items.length <= (16 * MEBI) / 10_000, `${got.items.length} are retained`);
});

test('clients, persistent sessions and subscriptions are bounded', async (t) => {
  const connector = makeConnector(t, embedded);
  await connector.start?.();
  const { connection } = await connect(connector);
  const port = portOf(connection);
  for (let count = 0; count < 1_000; count++) (await client(t, port, `s${count}`, false)).destroy();
  const late = await client(t, port, 'late', false);
  await closed(late);
  const again = await client(t, port, 's7', false);
  assert.equal(again.destroyed, false);
  const all = await Promise.all(Array.from({ length: 300 }, (_, index) => client(t, port, `c${index}`)));
  assert.ok(all.filter(({ destroyed }) => !destroyed).length < 256);
  await assertServed(connection);
});

test('a message that is larger than the server takes is refused before it is sent', async (t) => {
  const { connection, lost } = await open(t, { ...embedded, maxPacketBytes: 1_000 });
  const error = await rejection(connection.producer.produce({ target: 'a', payload: Buffer.alloc(1_000) }));
  assert.match(error.message, /its packet has 1005 bytes, more than the 1000 of "maxPacketBytes"/);
  await connection.producer.produce({ target: 'a', payload: Buffer.alloc(995) });
  assert.equal(await Promise.race([lost, Promise.resolve('there')]), 'there');
});

test('a server that sends what is not for a client of QoS 1 ends the connection, and not the process', async (t) => {
  for (const [name, bytes] of [
    ['pubrel', [0x62, 0]],
    ['pubrec', [0x50, 0]],
    ['pubcomp', [0x70, 0]],
    ['subscribe', [0x82, 0]],
    ['disconnect', [0xe0, 0]],
    ['publish', [0x34, 5, 0, 1, 97, 0, 7]],
  ] as const) {
    const server = createServer((socket) => {
      const answers = [Buffer.from([0x20, 2, 0, 0])];
      socket.on('error', () => {}).on('data', () => socket.write(answers.shift() ?? Buffer.from(bytes)));
    }).listen(0, '127.0.0.1');
    t.after(() => server.close());
    await once(server, 'listening');
    const url = `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { connector, lost } = await connect(makeConnector(t, { url }));
    void connector.isConnected();
    // what the library throws by itself fails the test
    assert.match(String(await lost), /is lost/, name);
  }
});

test('a server that announces a packet of 256 MiB, before the login or after it, is left at once', async (t) => {
  const chunk = Buffer.alloc(MEBI, 'a');
  const most = [0xff, 0xff, 0xff, 0x7f];
  for (const [name, ...answers] of [
    ['connack', [0x20, ...most]],
    ['publish', [0x20, 2, 0, 0], [0x32, ...most, 0, 1, 97]],
    ['suback', [0x20, 2, 0, 0], [0x90, ...most]],
  ] as const) {
    const server = createServer((socket) => {
      const left = answers.map((bytes) => Buffer.from(bytes));
      let megabytes = 2_000;
      const flood = (): void => {
        while (megabytes-- > 0 && !socket.destroyed) if (!socket.write(chunk)) return;
      };
      socket
        .on('error', () => {})
        .on('data', () => {
          socket.write(left.shift() ?? '');
          if (left.length > 0) return;
          socket.on('drain', flood);
          flood();
        });
    }).listen(0, '127.0.0.1');
    t.after(() => server.close());
    await once(server, 'listening');
    const url = `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const connector = makeConnector(t, { url });
    const before = process.memoryUsage().rss;
    const failure = connect(connector).then(async ({ lost }) => {
      void connector.isConnected();
      return ((await lost) as Error).cause;
    });
    const error = await failure.catch((cause: unknown) => cause);
    assert.match(String(error), /announces a packet of 268435455 bytes; the connector takes at most 67108864/, name);
    const more = (process.memoryUsage().rss - before) / MEBI;
    assert.ok(more < 100, `${name}: it took ${more} MB`);
  }
});

const trickling = tricklingTrials((scope, port) => makeConnector(scope, { url: `mqtt://127.0.0.1:${port}` }));

test('a server that trickles in the login is given up when the attempt is, and nothing stays open', (t) =>
  trickling.inLogin(t, [
    ['a long CONNACK', ['', '\x20\xff\xff\x03'], '\0'],
    ['half of a CONNACK', ['', '\x20\x02\0'], ['']],
  ]));

test('a server that trickles after the login answers no heartbeat; the next attempt, and a landing, do not wait for it', (t) =>
  trickling.afterLogin(t, [
    ['a message', ['', '\x20\x02\0\0', '\x30\xff\xff\xff\x0f'], '\0'],
    ['half of a PUBACK', ['', '\x20\x02\0\0', '\x40\x02'], ['']],
  ]));

test('a landing says goodbye to a server that trickles, and does not wait for its answer', (t) =>
  trickling.atGoodbye(t, ['a long message', ['', '\x20\x02\0\0', '\x30\xff\xff\xff\x0f'], '\0']));
