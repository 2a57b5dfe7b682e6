import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { HttpConnections } from '@sputnikjs/messaging/net';
import { manualClock, rejection } from '@sputnikjs/testkit';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';
const GET = { method: 'GET', headers: {} };
const MEBI = 1024 * 1024;
const never: AbortSignal = new AbortController().signal;

/** A server of bytes, and its connections: `serve` is called when the first bytes of a connection have come. */
async function byteServer(t: TestContext, serve: (socket: Socket, nth: number) => void): Promise<[URL, Socket[]]> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {}).once('data', () => serve(socket, sockets.length));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return [new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`), sockets];
}

/** One connection at a time. */
function open(t: TestContext): HttpConnections {
  const options = { connections: 1, idleMs: 600_000, tls: () => Promise.resolve({}), clock: manualClock() };
  const connections = new HttpConnections(options);
  t.after(() => connections.close());
  return connections;
}

/** Writes that again and again while the connection is there. */
function flood(socket: Socket, text: string): void {
  const more = (): void => void (socket.destroyed || socket.write(text, () => setImmediate(more)));
  more();
}

async function closed(socket: Socket | undefined): Promise<void> {
  if (socket !== undefined && !socket.closed) await new Promise((resolve) => socket.resume().once('close', resolve));
}

test('a server that floods a connection which is kept is cut; the next request has another one', async (t) => {
  const [url, sockets] = await byteServer(t, (socket) => socket.write(OK));
  const connections = open(t);
  const before = process.memoryUsage().rss;
  const first = await connections.send(url, GET, never);
  first.resume();
  await once(first, 'close');
  // the connection is put aside a moment later
  for (let turns = 0; turns < 10; turns++) await turn();
  const [kept] = sockets;
  assert.ok(kept);
  flood(kept, 'x'.repeat(10_000));
  await closed(kept);
  const response = await connections.send(url, GET, never);
  assert.deepEqual([response.statusCode, sockets.length], [200, 2]);
  const more = (process.memoryUsage().rss - before) / MEBI;
  assert.ok(more < 100, `it took ${more} MB`);
});

test('a server that says again and again that its answer is going to come is left; one that says it some times is not', async (t) => {
  const [url, sockets] = await byteServer(t, (socket, nth) => {
    if (nth === 1) flood(socket, 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(1_000));
    else socket.write(`${'HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n'.repeat(32)}${OK}`);
  });
  const connections = open(t);
  const { message } = await rejection(connections.send(url, GET, never));
  assert.match(message, /^the server has announced its answer 32 times \(1xx\)$/);
  await closed(sockets[0]);
  assert.equal((await connections.send(url, GET, never)).statusCode, 200);
});

test('a server that answers and does not read the request keeps no connection; who reads it does', async (t) => {
  const [url, sockets] = await byteServer(t, (socket, nth) => {
    if (nth < 3) socket.pause();
    socket.write(OK);
    if (nth === 3) socket.on('data', (bytes) => bytes.includes('GET') && socket.write(OK));
  });
  const connections = open(t);
  const post = { method: 'POST', headers: {}, body: Buffer.alloc(16 * MEBI) };
  for (let nth = 1; nth <= 2; nth++) {
    const response = await connections.send(url, post, never);
    response.resume();
    await once(response, 'close');
  }
  for (let nth = 1; nth <= 2; nth++) (await connections.send(url, GET, never)).resume();
  assert.equal(sockets.length, 3);
});
