import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, test, type TestContext } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { SputnikError } from '@sputnikjs/core';
import { httpgateway } from '@sputnikjs/adapter-http';
import { PRODUCER, type MessagingConnection, type ReceivedReply, type RequestMessage } from '@sputnikjs/messaging';
import { echoBlock, testFlight } from '@sputnikjs/testkit';

interface Asked {
  readonly request: RequestMessage;
  readonly settle: (reply: Partial<ReceivedReply> | Error) => void;
}

/** A gateway that sends requests to `ask.…`, whose replies the test gives. */
async function serve(request: object = {}, more: object = {}) {
  const asked: Asked[] = [];
  const connection = (): MessagingConnection => ({
    producer: { produce: async () => {} },
    consumer: { consume: async () => ({ stop: async () => {} }) },
    requester: {
      request: (asking, signal) =>
        new Promise((resolve, reject) => {
          signal?.addEventListener('abort', () => reject(new SputnikError('ASK_ABORTED')));
          const settle: Asked['settle'] = (reply) =>
            reply instanceof Error ? reject(reply) : resolve({ payload: Buffer.from('re'), ...reply });
          asked.push({ request: asking, settle });
        }),
    },
  });
  const flight = await testFlight({
    blocks: { [PRODUCER]: echoBlock(async () => {}), httpgateway },
    config: { httpgateway: { port: 0, request: { targets: ['ask.*'], ...request }, ...more } },
    connection,
    timeouts: { landingMs: 60_000 },
  });
  const url = String(flight.recorder.logs.find(({ event }) => event === 'listening')?.['url']);
  const post = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(`${url}${path}`, { method: 'POST', ...init });
    const body = await response.text();
    const code = body.startsWith('{"type"') ? (JSON.parse(body) as { readonly code: string }).code : undefined;
    return { status: response.status, type: response.headers.get('content-type'), body, code };
  };
  const reaches = async (count: number): Promise<void> => {
    while (asked.length < count) await turn();
  };
  const waiting = (): unknown =>
    flight
      .metrics()
      .flatMap(({ metrics }) => metrics)
      .find(({ name }) => name === 'requests')?.value;
  return { flight, asked, url, post, reaches, waiting };
}

/** A client that sends a request and reads nothing. */
function sender(t: TestContext, url: string, body = 'x'): Socket {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  t.after(() => socket.destroy());
  socket.write(`POST /request/ask.me HTTP/1.1\r\nhost: a\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
  return socket;
}

describe('a request', () => {
  test('is not there unless it is configured', async () => {
    const flight = await testFlight({
      blocks: { [PRODUCER]: echoBlock(async () => {}), httpgateway },
      config: { httpgateway: { port: 0 } },
      connection: 'any',
    });
    const url = String(flight.recorder.logs.find(({ event }) => event === 'listening')?.['url']);
    assert.equal((await fetch(`${url}/request/ask.me`, { method: 'POST', body: 'x' })).status, 404);
  });

  test('goes on with its body, type and trace, and is answered with what the reply says', async () => {
    const { asked, post, reaches } = await serve({ timeoutMs: 77 });
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    const answer = post('/request/ask%2Eme', { body: 'x', headers: { 'content-type': 'text/plain', traceparent } });
    await reaches(1);
    const { payload, ...rest } = asked[0]?.request ?? assert.fail();
    assert.equal(String(payload), 'x');
    assert.deepEqual(rest, { target: 'ask.me', contentType: 'text/plain', headers: { traceparent }, timeoutMs: 77 });
    asked[0]?.settle({ payload: Buffer.from('tea'), contentType: 'text/plain', headers: { status: '203', x: 'y' } });
    assert.deepEqual(await answer, { status: 203, type: 'text/plain', body: 'tea', code: undefined });
  });

  test('is answered 200 when its reply says no status of HTTP, and as bytes when it says no type', async () => {
    const { asked, post, reaches } = await serve();
    for (const [index, said] of [
      {},
      { status: 'ok' },
      { status: '42' },
      { status: '99999' },
      { status: '199' },
    ].entries()) {
      const answer = post('/request/ask.me', { body: 'x' });
      await reaches(index + 1);
      asked[index]?.settle({ headers: said, contentType: index === 1 ? 'text/plain\r\nx: y' : undefined });
      const { status, type } = await answer;
      assert.deepEqual([status, type], [200, 'application/octet-stream'], JSON.stringify(said));
    }
  });

  test('to another target is refused, and so is one with a query or without a target', async () => {
    const { asked, post } = await serve();
    for (const [path, status] of [
      ['/request/other', 404],
      ['/request/', 400],
      ['/request/ask.me?x=1', 400],
      ['/request/ask.%0A', 400],
    ] as const)
      assert.equal((await post(path, { body: 'x' })).status, status, path);
    assert.deepEqual(asked, []);
  });

  test('beyond the limit is refused; a client whose connection breaks gives its place back', async (t) => {
    const { asked, url, post, reaches, waiting } = await serve({ maxRequests: 1 });
    const socket = sender(t, url);
    await reaches(1);
    assert.equal((await post('/request/ask.me', { body: 'x' })).code, 'FULL');
    socket.resetAndDestroy();
    while (waiting() !== 0) await turn();
    const answer = post('/request/ask.me', { body: 'x' });
    await reaches(2);
    asked[1]?.settle({});
    assert.equal((await answer).status, 200);
  });

  test('is refused while the server is away, and ends when that is lost', async () => {
    const { flight, asked, post, reaches } = await serve();
    const answer = post('/request/ask.me', { body: 'x' });
    await reaches(1);
    await flight.server.drop();
    asked[0]?.settle(new SputnikError('CONNECTION_LOST'));
    assert.equal((await answer).code, 'OUTCOME_UNKNOWN');
    assert.equal((await post('/request/ask.me', { body: 'x' })).code, 'SERVER_AWAY');
    assert.equal(asked.length, 1);
  });

  test('that is under way is answered by a landing', async (t) => {
    const { flight, asked, url, reaches } = await serve();
    const socket = sender(t, url);
    let said = '';
    socket.on('data', (bytes) => (said += String(bytes)));
    const closed = once(socket, 'close');
    await reaches(1);
    const landing = flight.land();
    await turn();
    asked[0]?.settle({ payload: Buffer.from('in time') });
    await closed;
    assert.match(said, /^HTTP\/1\.1 200 [^]*in time$/);
    assert.ok((await landing).clean);
  });
});

test('replies that clients do not take are held to a bound, whoever gives them; a client that goes makes room', async (t) => {
  const payload = Buffer.alloc(20_000_000);
  const { asked, url, post, reaches, flight } = await serve({}, { maxHeldBytes: 48_000_000 });
  const heldBytes = (): unknown =>
    flight
      .metrics()
      .flatMap(({ metrics }) => metrics)
      .find(({ name }) => name === 'held_bytes')?.value;
  // without a body, too
  const deaf = sender(t, url, '').pause();
  await reaches(1);
  asked[0]?.settle({ payload });
  while (heldBytes() !== payload.length) await turn();
  const second = post('/request/ask.me');
  await reaches(2);
  asked[1]?.settle({ payload });
  assert.deepEqual(await second.then(({ status, code }) => [status, code]), [503, 'OUTCOME_UNKNOWN']);
  deaf.destroy();
  while (heldBytes() !== 0) await turn();
  const third = post('/request/ask.me');
  await reaches(3);
  asked[2]?.settle({ payload });
  assert.equal((await third).body.length, payload.length);
  await flight.land();
});
