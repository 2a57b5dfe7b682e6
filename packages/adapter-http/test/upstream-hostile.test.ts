import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createTlsServer } from 'node:https';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { certificates } from '@sputnikjs/testkit/servers';
import { byteServer, fly } from './upstreams.js';

const OK = 'HTTP/1.1 200 OK\r\n';

/** Resolves when the client has closed all these connections. */
async function closed(sockets: ReadonlySet<Socket>): Promise<void> {
  for (const socket of sockets)
    if (!socket.closed) await new Promise((resolve) => socket.resume().once('close', resolve));
}

test('an upstream that is slow is given up after timeoutMs, wherever it stops', async (t) => {
  const beginnings = [
    '',
    'HTTP/1.1 200',
    `${OK}Content-Le`,
    `${OK}Content-Length: 9\r\n\r\nbegun`,
    `${OK}Transfer-Encoding: chunked\r\n\r\n5\r\nbe`,
  ];
  for (const beginning of [
    ...beginnings,
    'HTTP/1.1 100 Continue\r\n\r\n'.repeat(3),
    'HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n',
  ]) {
    let come = (): void => {};
    const came = new Promise<void>((resolve) => (come = resolve));
    const { url, sockets } = await byteServer(t, (socket) => socket.write(beginning, come));
    const { flight, ask } = await fly(url, { timeoutMs: 5_000 });
    const asked = ask({ body: 'x' });
    await came;
    await flight.clock.advance(5_000);
    const { status, code, body } = await asked;
    assert.deepEqual([status, code], ['504', 'NO_ANSWER'], beginning);
    assert.match(body, /within 5000 ms/);
    await closed(sockets);
  }
});

test('an answer that is no whole answer of HTTP is never passed on', async (t) => {
  const answers = {
    nothing: '',
    garbage: 'garbage\r\n\r\n',
    'a switch of protocols': 'HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n',
    'a head too large': `${OK}A: ${'x'.repeat(100_000)}\r\n\r\n`,
    'a head cut off': `${OK}Content-Length: 3\r\n`,
    'a body cut off': `${OK}Content-Length: 1000\r\n\r\nbegun`,
    'chunks cut off': `${OK}Transfer-Encoding: chunked\r\n\r\n5\r\nbegun\r\n`,
    'chunks that are none': `${OK}Transfer-Encoding: chunked\r\n\r\nzz\r\nbegun\r\n0\r\n\r\n`,
    'two lengths': `${OK}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd`,
    'a length and chunks': `${OK}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`,
  };
  for (const [name, answer] of Object.entries(answers)) {
    const { url } = await byteServer(t, (socket) => socket.end(answer));
    const { ask } = await fly(url, { timeoutMs: 60_000 });
    const { status, code } = await ask({ body: 'x' });
    assert.deepEqual([status, code], ['502', 'ANSWER_BROKEN'], name);
  }
});

test('an answer that is reset in the midst is broken', async (t) => {
  const { url } = await byteServer(t, (socket) =>
    socket.write(`${OK}Content-Length: 1000\r\n\r\nbegun`, () => setImmediate(() => socket.resetAndDestroy())),
  );
  const { ask } = await fly(url);
  assert.equal((await ask({ body: 'x' })).code, 'ANSWER_BROKEN');
});

test('a body beyond the bound, told or not, is not passed on, and not read to its end', async (t) => {
  const endless = (socket: Socket, head: string): void => {
    socket.write(head);
    const more = (): void =>
      void (socket.destroyed || socket.write('1000\r\n'.concat('x'.repeat(4_096), '\r\n'), more));
    more();
  };
  for (const head of [
    `${OK}Transfer-Encoding: chunked\r\n\r\n`,
    `${OK}Content-Length: 1000000000000\r\n\r\n`,
    `${OK}\r\n`,
  ]) {
    const { url, sockets } = await byteServer(t, (socket) => endless(socket, head));
    const { ask } = await fly(url, { maxReplyBytes: 100_000 });
    const { status, code, body } = await ask({ body: 'x' });
    assert.deepEqual([status, code], ['502', 'ANSWER_TOO_LARGE']);
    assert.match(body, /more than 100000 bytes/);
    await closed(sockets);
  }
  const { url } = await byteServer(t, (socket) => socket.write(`${OK}Content-Length: 3\r\n\r\nabc`));
  assert.equal((await (await fly(url, { maxReplyBytes: 3 })).ask({ body: 'x' })).body, 'abc');
  assert.equal((await (await fly(url, { maxReplyBytes: 2 })).ask({ body: 'x' })).code, 'ANSWER_TOO_LARGE');
});

test('what an upstream says behind its answer is the answer to nobody', async (t) => {
  const { url } = await byteServer(t, (socket, nth) =>
    socket.write(`${OK}Content-Length: 1\r\n\r\n${nth}${nth === 1 ? `${OK}Content-Length: 4\r\n\r\nevil` : ''}`),
  );
  const { ask } = await fly(url, { concurrency: 1 });
  const bodies: string[] = [];
  for (let nth = 1; nth <= 3; nth++) {
    const { body, code = '' } = await ask({ body: 'x' });
    bodies.push(code === '' ? body : code);
  }
  assert.ok(!bodies.includes('evil'), bodies.join());
  assert.equal(bodies[0], '1');
});

test('connections are kept; of one that is closed under a request, nobody knows whether it was handled', async (t) => {
  const { url, sockets } = await byteServer(t, (socket, nth) => {
    if (nth === 3 || nth === 5) socket.resetAndDestroy();
    else socket.write(`${OK}Content-Length: 1\r\n\r\n${nth}`);
  });
  const { flight, ask } = await fly(url, { methods: ['POST', 'GET'], concurrency: 1, timeoutMs: 60_000 });
  const advance = setInterval(() => void flight.clock.advance(100), 5);
  t.after(() => clearInterval(advance));
  assert.deepEqual([(await ask({ body: 'x' })).body, (await ask({ body: 'x' })).body, sockets.size], ['1', '2', 1]);
  assert.equal((await ask({ body: 'x' })).code, 'ANSWER_BROKEN');
  assert.equal((await ask({ body: 'x' })).body, '4');
  assert.equal((await ask({ headers: { method: 'GET' } })).body, '6');
});

test('a connection that does not come to be is given up after connectTimeoutMs', async (t) => {
  // accepts connections, and never shakes hands
  const server = createServer((socket) => void socket.on('error', () => {})).listen(0, '127.0.0.1');
  const connected = once(server, 'connection');
  await once(server, 'listening');
  t.after(() => server.close());
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const { flight, ask } = await fly(url, { connectTimeoutMs: 1_000, timeoutMs: 60_000 });
  const asked = ask({ body: 'x' });
  const [socket] = (await connected) as [Socket];
  await flight.clock.advance(1_000);
  const { status, code, body } = await asked;
  assert.deepEqual([status, code], ['502', 'UNREACHABLE']);
  assert.match(body, /no connection within 1000 ms; nothing was sent/);
  await closed(new Set([socket]));
});

test('over TLS an upstream needs a certificate that the authorities have signed, for its name', async (t) => {
  const path = await certificates(t, 'localhost');
  const [cert, key] = [readFileSync(path('server.pem')), readFileSync(path('server.key'))];
  const server = createTlsServer({ cert, key }, (_request, response) => void response.end('ok')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `https://localhost:${(server.address() as AddressInfo).port}/`;
  assert.equal((await (await fly(url, { caFile: path('ca.pem') })).ask()).body, 'ok');
  for (const config of [{}, { caFile: path('stranger.pem') }, { caFile: path('ca.pem'), servername: 'other.test' }])
    assert.equal((await (await fly(url, config)).ask()).code, 'UNREACHABLE');
});

test('a landing lets calls come to their end, then gives them up, and each is answered', async (t) => {
  const open: Socket[] = [];
  const { url } = await byteServer(t, (socket) => void open.push(socket));
  const { flight, ask } = await fly(url, { timeoutMs: 1_000_000 });
  const asked = [ask({ body: 'a' }), ask({ body: 'b' })];
  while (open.length < 2) await turn();
  const landing = flight.land();
  open[0]?.end(`${OK}Content-Length: 2\r\n\r\nok`);
  assert.equal((await asked[0])?.body, 'ok');
  await flight.clock.advance(60_000);
  const { status, code } = (await asked[1]) ?? {};
  assert.deepEqual([status, code], ['503', 'LANDING']);
  assert.equal((await landing).clean, true);
});

test('a URL without TLS to another machine is warned of', async () => {
  const warned = async (url: string): Promise<unknown[]> => {
    const { flight } = await fly(url);
    return flight.recorder.logs.filter(({ event }) => event === 'upstreamInClear').map(({ host }) => host);
  };
  assert.deepEqual(await warned('http://shop.example:8000/x'), ['shop.example:8000']);
  assert.deepEqual([await warned('https://shop.example/'), await warned('http://127.0.0.1/')], [[], []]);
});
