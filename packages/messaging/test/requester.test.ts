import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SputnikError } from '@sputnikjs/core';
import {
  REQUESTER,
  requesterBlock,
  type MessageRequester,
  type MessagingConnection,
  type ReceivedReply,
  type RequestMessage,
} from '@sputnikjs/messaging';
import { gate, rejection, testFlight, turn, type TestFlight } from '@sputnikjs/testkit';

/** Holds all requests until the test settles them. */
class Server {
  readonly asked: RequestMessage[] = [];
  readonly signals: (AbortSignal | undefined)[] = [];
  readonly settles: ((reply: ReceivedReply | Error) => void)[] = [];

  readonly requester: MessageRequester = {
    request: (request, signal) =>
      new Promise((resolve, reject) => {
        this.asked.push(request);
        this.signals.push(signal);
        this.settles.push((reply) => (reply instanceof Error ? reject(reply) : resolve(reply)));
      }),
  };

  connection(): MessagingConnection {
    return {
      producer: { produce: async () => {} },
      consumer: { consume: async () => ({ stop: async () => {} }) },
      requester: this.requester,
    };
  }
}

const request = (text: string): RequestMessage => ({ target: 'time', payload: text });
const reply = (text: string): ReceivedReply => ({ payload: Buffer.from(text) });

function launch(server: Server, config: object = {}): Promise<TestFlight> {
  return testFlight<MessagingConnection>({
    blocks: { requester: requesterBlock },
    config: { requester: config },
    connection: () => server.connection(),
  });
}

/** The code of what the requester failed with. */
async function codeOf(asked: Promise<unknown>): Promise<unknown> {
  const error = await rejection(asked);
  return error.code === 'ASK_FAILED' ? (error.cause as SputnikError).code : error.code;
}

test('requests go out at once, with all that they say, and each gets its own reply', async () => {
  const server = new Server();
  const flight = await launch(server);
  const full = { ...request('1'), contentType: 'text/plain', headers: { a: 'b' }, timeoutMs: 7 };
  const asked = [full, request('2')].map((one) => flight.to(REQUESTER).ask(one));
  await turn();
  assert.deepEqual(server.asked, [full, request('2')]);
  server.settles[1]?.(reply('the second'));
  server.settles[0]?.(reply('the first'));
  assert.deepEqual(
    (await Promise.all(asked)).map(({ payload }) => String(payload)),
    ['the first', 'the second'],
  );
});

test('what a request ends with is the cause of its failure, and the satellite goes on', async () => {
  const server = new Server();
  const flight = await launch(server);
  for (const code of ['NOBODY_LISTENS', 'ASK_TIMEOUT', 'SERVER_FULL', 'CONNECTION_LOST'] as const) {
    const asked = codeOf(flight.to(REQUESTER).ask(request(code)));
    await turn();
    server.settles.at(-1)?.(new SputnikError(code));
    assert.equal(await asked, code);
  }
});

test('while the server is away requests fail at once, and none is sent when it is back', async () => {
  const server = new Server();
  const flight = await launch(server);
  await flight.server.drop();
  assert.equal(await codeOf(flight.to(REQUESTER).ask(request('1'))), 'SERVER_AWAY');
  await flight.server.restore();
  assert.deepEqual(server.asked, []);
  const asked = flight.to(REQUESTER).ask(request('2'));
  await turn();
  server.settles[0]?.(reply('back'));
  assert.equal(String((await asked).payload), 'back');
});

test('at most so many requests wait for replies; one whose asker has given up before its turn is not sent', async () => {
  const server = new Server();
  const flight = await launch(server, { concurrency: 1 });
  const first = flight.to(REQUESTER).ask(request('1'));
  const second = codeOf(flight.to(REQUESTER).ask(request('2'), { timeoutMs: 100 }));
  const third = flight.to(REQUESTER).ask(request('3'));
  await flight.clock.advance(100);
  assert.equal(await second, 'ASK_TIMEOUT');
  server.settles[0]?.(reply('one'));
  await first;
  await turn();
  assert.deepEqual(
    server.asked.map(({ payload }) => payload),
    ['1', '3'],
  );
  server.settles[1]?.(reply('three'));
  assert.equal(String((await third).payload), 'three');
});

test('requests that wait are bounded in bytes', async () => {
  const server = new Server();
  const flight = await launch(server, { concurrency: 1, maxHeldBytes: 5_000 });
  const big = { target: 'time', payload: 'x'.repeat(3_000) };
  const first = flight.to(REQUESTER).ask(big);
  await turn();
  const second = await codeOf(flight.to(REQUESTER).ask(big, { whenFull: 'reject' }));
  assert.equal(second, 'ASK_REFUSED');
  server.settles[0]?.(reply('one'));
  await first;
});

test('a landing waits for replies; at its deadline requests are given up', async () => {
  const server = new Server();
  const flight = await launch(server);
  const asked = flight.to(REQUESTER).ask(request('1'));
  await turn();
  const landing = flight.land();
  await turn();
  server.settles[0]?.(reply('in time'));
  assert.equal(String((await asked).payload), 'in time');
  assert.ok((await landing).clean);
  assert.equal(server.signals[0]?.aborted, true, 'the signal of a request does not end with the block');
});

test('what is no request is refused, and a connection without requests says so', async () => {
  const flight = await launch(new Server());
  for (const wrong of [{ target: '', payload: 'x' }, { target: 't' }, { ...request('x'), timeoutMs: 0 }])
    assert.equal(await codeOf(flight.to(REQUESTER).ask(wrong as never)), 'UNKNOWN_MESSAGE');

  const landed = gate<unknown>();
  const without = await testFlight<MessagingConnection>({
    blocks: { requester: requesterBlock },
    connection: {
      producer: { produce: async () => {} },
      consumer: { consume: async () => ({ stop: async () => {} }) },
    },
  });
  void without.landed.then(({ cause }) => landed.open(cause));
  const cause = (await landed.passed) as { readonly reason: SputnikError };
  assert.equal(cause.reason.code, 'BAD_SETUP');
  assert.match(cause.reason.message, /without a requester/);
});
