import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import {
  defineBlock,
  Sputnik,
  SputnikError,
  systemClock,
  type Clock,
  type Flight,
  type LandingReport,
  type MailboxOptions,
} from '@sputnikjs/core';
import { consumerBlock, type ConsumedMessage, type MessagingConnection } from '@sputnikjs/messaging';
import { manualClock } from '@sputnikjs/testkit';
import { InProcessServer } from './in-process-server.js';

interface Satellite {
  readonly flight: Flight;
  readonly over: Promise<LandingReport>;
}

type Handle = (text: string, message: ConsumedMessage) => void | Promise<void>;

async function launch(
  server: InProcessServer,
  handle: Handle,
  config: object = {},
  mailbox: MailboxOptions = {},
  clock: Clock = systemClock,
): Promise<Satellite> {
  const receiver = defineBlock({
    name: 'sink',
    make: () => ({
      mailbox,
      onMsg: (message: ConsumedMessage) => handle(Buffer.from(message.payload).toString(), message),
      onError: () => 'continue' as const,
    }),
  });
  const flight = await new Sputnik<MessagingConnection>({
    config: (name) => (name === 'consumer' ? { source: 'queue', ...config } : undefined),
    appBlocks: [{ name: 'sink' }, { name: 'consumer', needs: { receiver: 'sink' } }],
    blockFactories: { sink: receiver, consumer: consumerBlock },
    connector: server,
    timeouts: { landingMs: 5_000 },
    clock,
  }).prepare();
  after(() => flight.shootDown());
  const over = flight.launch();
  over.catch(() => {});
  return { flight, over };
}

test('the receiver is asked to handle each message, and what it handled is acknowledged', async () => {
  const server = new InProcessServer();
  const handled: string[] = [];
  server.deliver('1', '2', '3');
  const { flight, over } = await launch(server, (text) => void handled.push(text));
  await server.until(() => server.acknowledged.length === 3);
  assert.deepEqual(
    [handled, server.acknowledged],
    [
      ['1', '2', '3'],
      ['1', '2', '3'],
    ],
  );
  await flight.shootDown();
  assert.equal((await over).clean, true);
  assert.equal(server.stops, 1);
});

test('what the receiver fails at is delivered again', async () => {
  const server = new InProcessServer();
  const seen: [string, boolean][] = [];
  server.deliver('1', 'poison', '3');
  const { flight, over } = await launch(server, (text, { redelivered }) => {
    seen.push([text, redelivered]);
    if (text === 'poison' && !redelivered) throw new Error('cannot');
  });
  await server.until(() => server.acknowledged.length === 3);
  assert.deepEqual(seen, [
    ['1', false],
    ['poison', false],
    ['3', false],
    ['poison', true],
  ]);
  await flight.shootDown();
  await over;
});

test('no more than maxUnacknowledged are under way', async () => {
  const server = new InProcessServer();
  let [underWay, most] = [0, 0];
  server.deliver(...Array.from({ length: 50 }, (_, n) => `${n}`));
  const handle = async (): Promise<void> => {
    most = Math.max(most, ++underWay);
    await new Promise((resolve) => setImmediate(resolve));
    underWay--;
  };
  const { flight, over } = await launch(server, handle, { maxUnacknowledged: 3 }, { concurrency: 100 });
  await server.until(() => server.acknowledged.length === 50);
  assert.equal(most, 3);
  await flight.shootDown();
  await over;
});

test('messages wait for a receiver that is full, in their order, and each is handled once', async () => {
  const server = new InProcessServer();
  const sent = Array.from({ length: 20 }, (_, n) => `${n}`);
  server.deliver(...sent);
  const seen: string[] = [];
  const handle = async (text: string): Promise<void> => {
    seen.push(text);
    await new Promise((resolve) => setImmediate(resolve));
  };
  const { flight, over } = await launch(server, handle, {}, { capacity: 1 });
  await server.until(() => server.acknowledged.length === 20);
  assert.deepEqual(seen, sent);
  await flight.shootDown();
  assert.equal((await over).clean, true);
});

test('it subscribes again at every connect', async () => {
  const server = new InProcessServer();
  const { flight, over } = await launch(server, () => {});
  for (const text of ['1', '2', '3']) {
    await server.until(() => server.subscribed);
    server.deliver(text);
    await server.until(() => server.acknowledged.includes(text));
    server.drop();
    assert.equal(server.subscribed, false);
    server.restore();
  }
  await server.until(() => server.subscribed);
  await flight.shootDown();
  assert.equal((await over).clean, true);
});

test('a landing takes no further messages and waits for those under way', async () => {
  const server = new InProcessServer();
  const gate = new AbortController();
  const released = new Promise((resolve) => gate.signal.addEventListener('abort', resolve));
  const { flight, over } = await new Promise<Satellite>((resolve) => {
    const launching = launch(
      server,
      async () => {
        resolve(await launching);
        await released;
      },
      { maxUnacknowledged: 1 },
    );
    server.deliver('1', '2');
  });
  const landed = flight.shootDown();
  await server.until(() => server.stops === 1);
  assert.deepEqual(server.acknowledged, []);
  gate.abort();
  await landed;
  assert.equal((await over).clean, true);
  assert.deepEqual(server.acknowledged, ['1'], 'the second one stays on the server');
});

test('a landing while the server is away has nothing to stop', async () => {
  const server = new InProcessServer();
  const { flight, over } = await launch(server, () => {});
  await server.until(() => server.subscribed);
  server.drop();
  await new Promise((resolve) => setImmediate(resolve));
  await flight.shootDown();
  assert.equal((await over).clean, true);
  assert.equal(server.stops, 0);
});

test('messages that wait for room when a landing begins are handled or stay on the server', async () => {
  for (const hangs of [false, true]) {
    const server = new InProcessServer();
    const clock = manualClock();
    const seen: string[] = [];
    const handle = async (text: string): Promise<void> => {
      seen.push(text);
      await clock.sleep(hangs ? 3_600_000 : 10);
    };
    server.deliver(...Array.from({ length: 20 }, (_, n) => `${n}`));
    const { flight, over } = await launch(server, handle, {}, { capacity: 1 }, clock);
    while (seen.length === 0) await clock.advance(1);
    const landed = flight.shootDown();
    await clock.advance(5_000);
    await landed;
    assert.equal((await over).clean, !hangs);
    assert.equal(server.acknowledged.length, hangs ? 0 : 20);
  }
});

test('a subscription that the server refuses for now is tried again, ever later, and harms nobody else (centrifugal/centrifugo#1166)', async () => {
  const server = new InProcessServer();
  server.missing = 3;
  const clock = manualClock();
  const { flight, over } = await launch(server, () => {}, {}, {}, clock);
  await clock.advance(1_000 + 2_000 + 3_999);
  assert.equal(server.subscribed, false);
  await clock.advance(1);
  assert.equal(server.subscribed, true);
  server.deliver('1');
  await server.until(() => server.acknowledged.length === 1);
  const landed = flight.shootDown();
  await clock.advance(1);
  await landed;
  assert.equal((await over).clean, true);
});

test('a landing, or the loss of the connection, ends the tries', async () => {
  const server = new InProcessServer();
  server.missing = 1_000;
  const clock = manualClock();
  const { flight, over } = await launch(server, () => {}, {}, {}, clock);
  await clock.advance(10_000);
  server.drop();
  await clock.advance(0);
  const tries = server.missing;
  await clock.advance(60_000);
  assert.equal(server.missing, tries, 'it tries without a connection');
  server.restore();
  await clock.advance(20_000);
  assert.ok(server.missing < tries);
  const landed = flight.shootDown();
  await clock.advance(1);
  await landed;
  assert.equal((await over).clean, true);
});

test('a handler may take as long as it wants: it is asked once, and then acknowledged', async () => {
  const server = new InProcessServer();
  const clock = manualClock();
  let calls = 0;
  server.deliver('slow');
  const { flight, over } = await launch(server, () => (calls++, clock.sleep(3_600_000)), {}, {}, clock);
  await clock.advance(3_599_999);
  assert.deepEqual([calls, server.acknowledged], [1, []]);
  await clock.advance(1);
  assert.deepEqual([calls, server.acknowledged], [1, ['slow']]);
  const landed = flight.shootDown();
  await clock.advance(1);
  await landed;
  assert.equal((await over).clean, true);
});

test('a subscription that can never be lands the satellite and says why', async () => {
  const { over } = await launch(new InProcessServer(), () => {}, { source: 'forbidden' });
  await assert.rejects(
    over,
    (error: unknown) =>
      error instanceof SputnikError && error.code === 'BLOCK_FAILED' && /not allowed to subscribe/.test(error.message),
  );
});

test('a connection of another kind lands the satellite and says so', async () => {
  const server = { connect: () => ({ producer: {} }), isConnected: () => true, disconnect: () => {} };
  const { over } = await launch(server as unknown as InProcessServer, () => {});
  await assert.rejects(over, /connections without a consumer/);
});
