import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SputnikError } from '@sputnikjs/core';
import {
  ANSWERER,
  responderBlock,
  type ConsumedMessage,
  type MessageResponder,
  type MessagingConnection,
  type Reply,
  type RequestHandler,
} from '@sputnikjs/messaging';
import { echoBlock, gate, rejection, testFlight, turn } from '@sputnikjs/testkit';

/** Has requests for whoever answers them. */
class Server {
  readonly sources: string[] = [];
  readonly most: unknown[] = [];
  stops = 0;
  /** Refuses so many subscriptions for now. */
  refusals = 0;
  #handler: RequestHandler | undefined;

  readonly responder: MessageResponder = {
    respond: async (source, handler, { maxUnacknowledged } = {}) => {
      if (this.refusals-- > 0) throw new Error('there is no such queue');
      this.sources.push(source);
      this.most.push(maxUnacknowledged);
      this.#handler = handler;
      return { stop: async () => void this.stops++ };
    },
  };

  connection(): MessagingConnection {
    return { ...halves, responder: this.responder };
  }

  request(text: string): Promise<Reply> {
    const request = { source: 'time.now', payload: Buffer.from(text), redelivered: false };
    return this.#handler?.(request) ?? assert.fail('nobody answers');
  }
}

const halves = {
  producer: { produce: async () => {} },
  consumer: { consume: async () => ({ stop: async () => {} }) },
};

function launch(server: Server, answer: (request: ConsumedMessage) => Reply | Promise<Reply>, config: object = {}) {
  return testFlight<MessagingConnection>({
    blocks: { [ANSWERER]: echoBlock(answer), responder: responderBlock },
    config: { responder: { source: 'time.*', ...config } },
    connection: () => server.connection(),
  });
}

test('what the answerer answers is the reply, with all that it says', async () => {
  const server = new Server();
  const reply = { payload: 'noon', contentType: 'text/plain', headers: { status: '200' } };
  await launch(server, ({ source, payload }) => ({ ...reply, payload: `${source} ${String(payload)}` }), {
    maxUnacknowledged: 7,
  });
  assert.deepEqual(await server.request('x'), { ...reply, payload: 'time.now x' });
  assert.deepEqual([server.sources, server.most], [['time.*'], [7]]);
});

test('that the answerer failed is told to who asked, and the satellite goes on', async () => {
  const server = new Server();
  const flight = await testFlight<MessagingConnection>({
    blocks: {
      [ANSWERER]: () => ({
        init() {},
        run() {},
        finish() {},
        onMsg({ payload }: ConsumedMessage): Reply {
          if (String(payload) === 'bad') throw new Error('the clock has stopped');
          return { payload: 'noon' };
        },
        onError: () => 'continue',
      }),
      responder: responderBlock,
    },
    config: { responder: { source: 'time' } },
    connection: () => server.connection(),
  });
  assert.match((await rejection(server.request('bad'))).message, /the clock has stopped/);
  assert.equal((await server.request('good')).payload, 'noon');
  assert.equal((await flight.land()).failures.length, 0);
});

test('it subscribes with each connection, and tries again when that is refused for now', async () => {
  const server = new Server();
  server.refusals = 1;
  const flight = await launch(server, () => ({ payload: 'noon' }));
  await turn();
  assert.deepEqual(server.sources, []);
  await flight.clock.advance(1_000);
  assert.equal((await server.request('x')).payload, 'noon');
  await flight.server.drop();
  await flight.server.restore();
  await turn();
  assert.deepEqual(server.sources, ['time.*', 'time.*']);
});

test('a landing ends the subscription', async () => {
  const server = new Server();
  const flight = await launch(server, () => ({ payload: 'noon' }));
  await turn();
  assert.ok((await flight.land()).clean);
  assert.equal(server.stops, 1);
});

test('a connection without requests says so', async () => {
  const landed = gate<unknown>();
  const flight = await testFlight<MessagingConnection>({
    blocks: { [ANSWERER]: echoBlock(() => ({ payload: '' })), responder: responderBlock },
    config: { responder: { source: 'time' } },
    connection: halves,
  });
  void flight.landed.then(({ cause }) => landed.open(cause));
  const { reason } = (await landed.passed) as { readonly reason: SputnikError };
  assert.equal(reason.code, 'BAD_SETUP');
  assert.match(reason.message, /without a responder/);
});
