import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { HttpConnections, NoAnswer, type HttpConnectionsOptions } from '@sputnikjs/messaging/net';
import { manualClock, rejection } from '@sputnikjs/testkit';
import { freePort } from '@sputnikjs/testkit/servers';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';
const GET = { method: 'GET', headers: {} };

/** A server of bytes: `answer` is called for each request. */
async function serve(t: TestContext, answer: (socket: Socket, nth: number) => void): Promise<[URL, Server]> {
  let count = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', () => answer(socket, ++count));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return [new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`), server];
}

function open(t: TestContext, options: Partial<HttpConnectionsOptions> = {}): HttpConnections {
  const clock = manualClock();
  const connections = new HttpConnections({
    connections: 1,
    idleMs: 60_000,
    tls: () => Promise.resolve({}),
    clock,
    ...options,
  });
  t.after(() => connections.close());
  return connections;
}

/** How far a request came that has no answer, and over which connection. */
async function outcome(sending: Promise<unknown>): Promise<string> {
  const error: unknown = await rejection(sending);
  assert.ok(error instanceof NoAnswer);
  return `${error.stage}, ${error.connection}`;
}

test('a request that has no answer says how far it came', async (t) => {
  const never = new AbortController().signal;
  const nobody = new URL(`http://127.0.0.1:${await freePort()}/`);
  assert.equal(await outcome(open(t).send(nobody, GET, never)), 'connecting, new');
  const tls = (): Promise<never> => Promise.reject(new Error('cannot read caFile'));
  assert.equal(await outcome(open(t, { tls }).send(new URL('https://127.0.0.1:1/'), GET, never)), 'waiting, new');
  const [url] = await serve(t, (socket, nth) => (nth % 2 === 1 ? socket.write(OK) : socket.resetAndDestroy()));
  const connections = open(t);
  (await connections.send(url, GET, never)).resume();
  assert.equal(await outcome(connections.send(url, GET, never)), 'sent, stale');
  (await connections.send(url, GET, never)).resume();
  const [mute] = await serve(t, () => {});
  const abort = new AbortController();
  const sending = open(t).send(mute, GET, abort.signal);
  const given = rejection(sending);
  abort.abort(new Error('enough'));
  assert.equal((await given).message, 'enough');
});

test('a request that waits for a connection is given up at once, and not sent later', async (t) => {
  const held: Socket[] = [];
  let come = (): void => {};
  const came = new Promise<void>((resolve) => (come = resolve));
  const [url] = await serve(t, (socket) => {
    held.push(socket);
    come();
  });
  const connections = open(t);
  const abort = new AbortController();
  const first = connections.send(url, GET, new AbortController().signal);
  const second = outcome(connections.send(url, GET, abort.signal));
  await came;
  abort.abort(new Error('enough'));
  assert.equal(await second, 'waiting, new');
  held[0]?.write(OK);
  (await first).resume();
  const third = connections.send(url, GET, new AbortController().signal);
  while (held.length < 2) await new Promise<void>((resolve) => setImmediate(resolve));
  held[1]?.write(OK);
  assert.equal((await third).statusCode, 200);
  assert.equal(held.length, 2);
});

test('a connection that does not come to be is given up after connectMs', async (t) => {
  const [url, server] = await serve(t, () => {});
  const clock = manualClock();
  const connected = once(server, 'connection');
  // its server never shakes hands
  const secure = new URL(`https://${url.host}/`);
  const sending = open(t, { clock, connectMs: 1_000 }).send(secure, GET, new AbortController().signal);
  const failed = outcome(sending);
  await connected;
  await clock.advance(1_000);
  assert.equal(await failed, 'connecting, new');
});
