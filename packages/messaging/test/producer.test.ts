import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import {
  defineBlock,
  Sputnik,
  SputnikError,
  systemClock,
  type BlockCommunicator,
  type Clock,
  type Flight,
  type LandingReport,
  type SputnikEvent,
} from '@sputnikjs/core';
import {
  PRODUCER,
  producerBlock,
  type MessagingConnection,
  type ProduceMessage,
  type ProduceResult,
} from '@sputnikjs/messaging';
import { manualClock, turn } from '@sputnikjs/testkit';
import { InProcessServer } from './in-process-server.js';

interface Satellite {
  readonly server: InProcessServer;
  readonly producer: BlockCommunicator<ProduceMessage, ProduceResult | void>;
  readonly flight: Flight;
  /** Resolves with the report, also when a block failed. */
  readonly over: Promise<LandingReport>;
  readonly errors: SputnikEvent[];
  readonly event: (type: SputnikEvent['type']) => Promise<void>;
  /** Sends messages with these numbers, both included. */
  readonly send: (from: number, to: number) => void;
  /** Lands it; resolves with the report. */
  readonly land: () => Promise<LandingReport>;
}

async function launch(
  server: InProcessServer,
  config: object = {},
  landingMs = 5_000,
  clock: Clock = systemClock,
): Promise<Satellite> {
  let producer: BlockCommunicator<ProduceMessage, ProduceResult | void> | undefined;
  const errors: SputnikEvent[] = [];
  const watchers = new Set<(event: SputnikEvent) => void>();
  const sender = defineBlock({
    name: 'sender',
    needs: { producer: PRODUCER },
    make: (_config, to) => {
      producer = to.producer;
      return {};
    },
  });
  const flight = await new Sputnik<MessagingConnection>({
    config: () => config,
    appBlocks: [{ name: 'producer' }, { name: 'sender' }],
    blockFactories: { producer: producerBlock, sender },
    connector: server,
    timeouts: { landingMs },
    clock,
    onEvent: (event) => {
      if (event.type === 'failed') errors.push(event);
      for (const watcher of watchers) watcher(event);
    },
  }).prepare();
  after(() => flight.shootDown());
  const event = (type: SputnikEvent['type']): Promise<void> =>
    new Promise((resolve) => {
      watchers.add((event) => event.type === type && resolve());
    });
  const over = flight.launch().catch((error: unknown) => {
    if (error instanceof SputnikError && error.report !== undefined) return error.report as LandingReport;
    throw error;
  });
  const send = (from: number, to: number): void => {
    for (let n = from; n <= to; n++) producer?.send(message(`${n}`));
  };
  const land = async (): Promise<LandingReport> => {
    await flight.shootDown();
    return over;
  };
  assert.ok(producer !== undefined);
  return { server, producer, flight, over, errors, event, send, land };
}

/** A server that acknowledges nothing until it is told to. */
function holdingServer(): InProcessServer {
  return Object.assign(new InProcessServer(), { holding: true });
}

function message(payload: string, target = 't'): ProduceMessage {
  return { target, payload };
}

function numbers(from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, index) => `t:${from + index}`);
}

test('messages reach the server in the order in which they were sent, and asking resolves when the server has one', async () => {
  const { server, producer, send, land } = await launch(new InProcessServer());
  send(1, 255);
  await producer.ask(message('256'));
  assert.deepEqual(server.arrived, numbers(1, 256));
  assert.equal((await land()).clean, true);
});

test('messages that come before the server wait for it', async () => {
  const server = new InProcessServer();
  server.drop();
  const { producer, event, send, land } = await launch(server);
  await event('connectFailed');
  send(1, 3);
  server.restore();
  await producer.ask(message('4'));
  assert.deepEqual(server.arrived, numbers(1, 4));
  assert.equal((await land()).clean, true);
});

for (const tellsLoss of [true, false]) {
  const when = tellsLoss ? 'at once' : 'only after the next connect';
  test(`what the server has not acknowledged is produced again before what is newer, if its loss is told ${when}`, async () => {
    const server = new InProcessServer();
    Object.assign(server, { holding: true, tellsLoss });
    const { producer, event, send, land } = await launch(server);
    send(1, 5);
    await server.until(() => server.arrived.length === 5);
    const disconnected = event('disconnected');
    server.drop();
    send(6, 8);
    await disconnected;
    server.holding = false;
    server.restore();
    await server.until(() => server.arrived.length === 13);
    server.tellLoss();
    assert.deepEqual(server.arrived, [...numbers(1, 5), ...numbers(1, 8)]);
    await new Promise((resolve) => setImmediate(resolve));
    await producer.ask(message('9'));
    await server.until(() => server.acknowledged.length === 9);
    assert.equal((await land()).clean, true);
    assert.equal(server.arrived.length, 14, 'nothing a third time');
  });
}

test('outages in the midst of a stream lose nothing and keep the order of what arrives first', async () => {
  const { server, producer, event, land } = await launch(new InProcessServer(), {
    concurrency: 16,
    capacity: 64,
  });
  const total = 3_000;
  const sending = (async () => {
    for (let n = 1; n <= total; n++) await producer.post(message(`${n}`));
  })();
  for (const at of [500, 1_500, 2_500]) {
    await server.until(() => server.arrived.length >= at);
    const disconnected = event('disconnected');
    server.holding = true;
    const arrived = server.arrived.length;
    await server.until(() => server.arrived.length > arrived);
    server.drop();
    await disconnected;
    server.holding = false;
    server.restore();
  }
  await sending;
  assert.equal((await land()).clean, true);
  assert.deepEqual([...new Set(server.arrived)], numbers(1, total));
  assert.ok(server.arrived.length <= total + 3 * 16, 'only what was under way is produced again');
});

test('a message that the server refuses fails alone, and the asker learns why', async () => {
  const { server, producer, flight, errors, land } = await launch(new InProcessServer());
  producer.send(message('x', 'forbidden'));
  await assert.rejects(producer.ask(message('y', 'forbidden')), (error: Error) =>
    /not allowed/.test(String(error.cause)),
  );
  await producer.ask(message('1'));
  assert.deepEqual(server.arrived, ['t:1']);
  assert.ok(errors.length >= 1);
  const { failed, handled } = flight.status().blocks.find(({ name }) => name === 'producer') ?? {};
  assert.deepEqual([failed, handled], [2, 1]);
  const { cause, clean, failures } = await land();
  assert.deepEqual([cause.kind, clean], ['shootDown', false]);
  const lost = failures.map(({ block, callback, count }) => [block.name, callback, count]);
  assert.deepEqual(lost, [['producer', 'onMsgs', 1]], 'of the question nobody has to be told again');
});

test('a satellite whose server refused only questions lands clean: the askers know', async () => {
  const { producer, flight, over } = await launch(new InProcessServer());
  for (let n = 1; n <= 3; n++) await assert.rejects(producer.ask(message(`${n}`, 'forbidden')));
  await flight.shootDown();
  const { failed } = flight.status().blocks.find(({ name }) => name === 'producer') ?? {};
  assert.deepEqual([(await over).clean, failed], [true, 3]);
});

test('a message without a target or a payload is refused with a clear error', async () => {
  const { producer, land } = await launch(new InProcessServer());
  for (const [bad, pattern] of [
    [{}, /needs a target/],
    [{ target: '' }, /needs a target/],
    [{ target: 't', payload: { a: 1 } }, /message for "t" needs a payload/],
  ] as const) {
    await assert.rejects(producer.ask(bad as never), (error: Error) => {
      assert.ok(error.cause instanceof SputnikError && error.cause.code === 'UNKNOWN_MESSAGE');
      return pattern.test(error.cause.message);
    });
  }
  await producer.ask({ target: 't', payload: new Uint8Array([49]) });
  await land();
});

test('a landing while the server is away ends at once, and counts what was not delivered (hazard 35)', async () => {
  const server = new InProcessServer();
  server.drop();
  const { producer, flight, event, errors, land } = await launch(server, { concurrency: 2 }, 600_000);
  await event('connectFailed');
  for (let n = 1; n <= 5; n++) assert.ok(producer.send(message(`${n}`)));
  const waiting = (): number | undefined => flight.status().blocks.find(({ name }) => name === 'producer')?.depth;
  while (waiting() !== 3) await new Promise((resolve) => setImmediate(resolve));
  const { clean, unfinished, failures } = await land();
  assert.deepEqual([clean, unfinished], [false, []]);
  assert.deepEqual(
    failures.map(({ block, callback, count }) => [block.name, callback, count]),
    [['producer', 'onMsgs', 5]],
  );
  assert.match(String(errors[0]?.type === 'failed' && errors[0].error), /message for "t" was not delivered/);
  assert.deepEqual(server.arrived, []);
});

test('a connection that is lost during the landing fails what is under way, whatever the connector calls it', async () => {
  for (const error of [new SputnikError('CONNECTION_LOST'), new DOMException('gone', 'AbortError')]) {
    const server = holdingServer();
    const { flight, over, event, send } = await launch(server, { concurrency: 2 });
    send(1, 5);
    await server.until(() => server.arrived.length === 2);
    const landing = event('landing');
    void flight.shootDown();
    await landing;
    server.acknowledge(error);
    const { clean, failures, unfinished } = await over;
    assert.deepEqual([clean, unfinished, failures[0]?.count], [false, [], 5]);
  }
});

test('messages under way when the landing begins are delivered', async () => {
  const server = holdingServer();
  const { flight, over, event, send } = await launch(server, { concurrency: 2 });
  send(1, 5);
  await server.until(() => server.arrived.length === 2);
  const landing = event('landing');
  void flight.shootDown();
  await landing;
  server.holding = false;
  server.acknowledge();
  assert.equal((await over).clean, true);
  assert.deepEqual(server.arrived, numbers(1, 5));
});

test('a server that never answers does not hold the landing up beyond its deadline', async () => {
  const server = holdingServer();
  const { producer, land } = await launch(server, {}, 300);
  producer.send(message('1'));
  await server.until(() => server.arrived.length === 1);
  const { clean, failures, unfinished } = await land();
  assert.deepEqual([clean, unfinished, failures.map(({ count }) => count)], [false, [], [1]]);
});

test('a full mailbox refuses what is sent, and holds back what is posted', async () => {
  const server = holdingServer();
  const { producer, land } = await launch(server, { concurrency: 1, capacity: 2 });
  const accepted = Array.from({ length: 5 }, (_, n) => producer.send(message(`${n + 1}`))).filter(Boolean).length;
  assert.ok(accepted === 2 || accepted === 3, String(accepted));
  const posted = producer.post(message('6'));
  server.holding = false;
  server.acknowledge();
  assert.equal(await posted, true);
  await land();
  assert.equal(server.arrived.at(-1), 't:6');
});

test('a connection of another kind lands the satellite and says so', async () => {
  const flight = await new Sputnik({
    appBlocks: [{ name: 'producer' }],
    blockFactories: { producer: producerBlock as never },
    connector: { connect: () => ({}), isConnected: () => true, disconnect: () => {} },
  }).prepare();
  await assert.rejects(flight.launch(), /connections without a producer/);
});

test('a message at which the server cuts every connection is given up as refused, and those behind it arrive', async () => {
  const { server, producer, errors, send, land } = await launch(new InProcessServer());
  const cut = producer.ask(message('poison', 'fatal'));
  send(1, 3);
  await assert.rejects(cut, (error: SputnikError) => {
    assert.equal((error.cause as SputnikError).code, 'SERVER_REFUSED');
    assert.match(
      String(error.cause),
      /gave up on the message for "fatal" \(6 bytes\): 3 connections ended after nothing but this message/,
    );
    return true;
  });
  await server.until(() => server.acknowledged.length === 3);
  assert.deepEqual(new Set(server.arrived), new Set(numbers(1, 3)));
  assert.deepEqual(errors, []);
  assert.equal((await land()).clean, true);
});

test('what was under way when the connection ended goes one by one at first, then ever faster, and what is newer behind it', async () => {
  const server = holdingServer();
  const { producer, event, send, land } = await launch(server);
  send(1, 7);
  await server.until(() => server.arrived.length === 7);
  const disconnected = event('disconnected');
  server.drop();
  await disconnected;
  producer.send(message('8'));
  server.arrived.length = 0;
  server.restore();
  for (const arrived of [1, 3, 7, 8]) {
    await server.until(() => server.arrived.length === arrived);
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(server.arrived, numbers(1, arrived));
    server.acknowledge();
  }
  assert.equal((await land()).clean, true);
});

test('what may not wait for the server is refused while it is away, and ends when it is lost; the rest waits', async () => {
  const server = holdingServer();
  const { producer, event, land } = await launch(server);
  const hasty = { whenAway: 'reject' } as const;
  const [lost, kept] = [producer.ask({ ...message('1'), ...hasty }), producer.ask(message('2'))];
  await server.until(() => server.arrived.length === 2);
  server.drop();
  const codeOf = (error: SputnikError): unknown => (error.cause as SputnikError).code;
  await assert.rejects(lost, (error: SputnikError) => codeOf(error) === 'CONNECTION_LOST');
  const refused = producer.ask({ ...message('3'), ...hasty });
  await assert.rejects(refused, (error: SputnikError) => codeOf(error) === 'SERVER_AWAY');
  server.holding = false;
  const connected = event('connected');
  server.restore();
  await connected;
  await kept;
  await producer.ask({ ...message('4'), ...hasty });
  assert.deepEqual(server.arrived, [...numbers(1, 2), ...numbers(2, 2), ...numbers(4, 4)]);
  assert.equal((await land()).clean, true);
});

test('what a full server refuses waits and is tried again; what may not wait is refused at once; the order stays', async () => {
  const server = new InProcessServer();
  const clock = manualClock();
  const { producer, send, land } = await launch(server, {}, 5_000, clock);
  server.full.add('t');
  send(1, 3);
  await turn();
  await assert.rejects(
    producer.ask({ ...message('now'), whenFull: 'reject' }),
    ({ cause }: Error) => cause instanceof SputnikError && cause.code === 'SERVER_FULL',
  );
  send(4, 6);
  const other = producer.ask(message('1', 'other'));
  await turn();
  await other;
  await clock.advance(100 + 200 + 399);
  assert.deepEqual(server.refused, ['t:1', 't:2', 't:3', 't:now', 't:1', 't:1'], 'one message tries, ever later');
  server.full.delete('t');
  await clock.advance(1);
  assert.deepEqual(server.arrived, ['other:1', ...numbers(1, 6)]);
  const landed = land();
  await clock.advance(1);
  assert.equal((await landed).clean, true);
});

/** Settles each message before `submit` returns, with what `answer` gives; `tried` has their payloads. */
function prompt(answer: (payload: string) => Error | undefined): { server: InProcessServer; tried: string[] } {
  const tried: string[] = [];
  const connection: MessagingConnection = {
    producer: {
      produce: async () => assert.fail('it can submit'),
      submit(production) {
        const payload = String(production.message.payload);
        tried.push(payload);
        production.settle(answer(payload));
      },
    },
    consumer: { consume: async () => assert.fail('nobody consumes') },
  };
  return { server: Object.assign(new InProcessServer(), { connect: () => connection }), tried };
}

test('a full server that refuses at once is tried as seldom as one that takes its time', async () => {
  const { server, tried } = prompt(() => new SputnikError('SERVER_FULL'));
  const clock = manualClock();
  const { send, land } = await launch(server, {}, 5_000, clock);
  send(1, 1);
  await turn();
  await clock.advance(10_000);
  const landed = land();
  await clock.advance(5_000);
  assert.equal((await landed).clean, false);
  // at 0, 100, 300, 700, 1,500, 3,100, and every 2 s then, for 15 s
  assert.equal(tried.length, 11);
});

test('if the message that tries whether there is room is refused for good, the next one tries; the pauses begin anew when there is room', async () => {
  let isFull = true;
  const { server, tried } = prompt((payload) => {
    if (isFull) return new SputnikError('SERVER_FULL');
    return payload === '1' ? new Error('too large') : undefined;
  });
  const clock = manualClock();
  const { send, land } = await launch(server, {}, 5_000, clock);
  send(1, 3);
  await turn();
  isFull = false;
  await clock.advance(100);
  assert.deepEqual(tried.splice(0), ['1', '1', '2', '3']);
  isFull = true;
  send(4, 4);
  await turn();
  await clock.advance(100);
  assert.deepEqual(tried.splice(0), ['4', '4']);
  isFull = false;
  await clock.advance(200);
  const landed = land();
  await clock.advance(1);
  assert.equal((await landed).failures.length, 1);
});

test('a full server pushes back whoever posts', async () => {
  const server = new InProcessServer();
  const clock = manualClock();
  const { producer, land } = await launch(server, { concurrency: 2, capacity: 3 }, 5_000, clock);
  server.full.add('t');
  let posted = 0;
  const all = Array.from({ length: 10 }, async (_, n) => {
    await producer.post(message(`${n + 1}`));
    posted++;
  });
  await clock.advance(10_000);
  assert.equal(posted, 5);
  server.full.delete('t');
  await clock.advance(2_000);
  await Promise.all(all);
  await turn();
  assert.deepEqual(server.arrived, numbers(1, 10));
  const landed = land();
  await clock.advance(1);
  assert.equal((await landed).clean, true);
});

test('messages that wait for room are sent over the next connection', async () => {
  const server = new InProcessServer();
  const clock = manualClock();
  const { producer, land } = await launch(server, {}, 5_000, clock);
  server.full.add('t');
  producer.send(message('1'));
  await turn();
  server.drop();
  await clock.advance(50);
  producer.send(message('2'));
  server.full.clear();
  server.restore();
  await clock.advance(20_000);
  assert.deepEqual(server.arrived, numbers(1, 2));
  const landed = land();
  await clock.advance(1);
  await landed;
});

test('a landing gives a full server its time; then what waits fails, is counted and says that there is no room (fluent/fluentd#2845)', async () => {
  const server = new InProcessServer();
  const clock = manualClock();
  const { send, land } = await launch(server, {}, 5_000, clock);
  server.full.add('t');
  send(1, 3);
  await turn();
  const landed = land();
  await clock.advance(5_000);
  const { clean, failures } = await landed;
  assert.deepEqual([clean, failures.map(({ count }) => count)], [false, [3]]);
  assert.match(String(failures[0]?.error), /the server has no room: the message for "t" was not delivered/);
});

test('a landing ends at once for what waits for room when the server goes away', async () => {
  const server = new InProcessServer();
  const clock = manualClock();
  const { send, land } = await launch(server, {}, 5_000, clock);
  server.full.add('t');
  send(1, 3);
  await turn();
  const landed = land();
  await turn();
  server.drop();
  await clock.advance(200);
  const { failures } = await landed;
  assert.deepEqual(
    failures.map(({ count }) => count),
    [3],
  );
});

test('what a server says of a message beyond having taken it is the answer', async () => {
  const server = new InProcessServer();
  const { producer, flight } = await launch(server);
  server.holding = true;
  const answer = producer.ask(message('1'));
  await server.until(() => server.arrived.length === 1);
  server.acknowledge(undefined, { duplicate: true });
  assert.deepEqual(await answer, { duplicate: true });
  await flight.shootDown();
});
