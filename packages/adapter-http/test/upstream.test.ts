import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { HTTP_UPSTREAM_CONFIG, UPSTREAM_FAILURES } from '@sputnikjs/adapter-http';
import { systemClock, type Clock } from '@sputnikjs/core';
import { rejection } from '@sputnikjs/testkit';
import { freePort } from '@sputnikjs/testkit/servers';
import { Upstream } from '../dist/upstream/upstream.js';
import { byteServer, fly, httpServer, type Came } from './upstreams.js';

test('a request becomes a call: its body and type, the first method, the URL; the answer becomes the reply', async (t) => {
  let came: Came | undefined;
  const url = await httpServer(t, (one) => {
    came = one;
    one.response.writeHead(201, {
      'content-type': 'text/plain',
      'content-encoding': 'identity',
      location: '/x',
      'x-own': '1',
    });
    one.response.end('żółw');
  });
  const { ask } = await fly(`${url}/base/`);
  const said = await ask({ body: '{"a":1}', contentType: 'application/json', headers: { 'X-Own': '2' } });
  assert.deepEqual([came?.method, came?.url, came?.body], ['POST', '/base/', '{"a":1}']);
  assert.deepEqual(came?.headers, {
    'user-agent': 'sputnik-httpupstream',
    'accept-encoding': 'identity',
    'content-type': 'application/json',
    'content-length': '7',
    host: new URL(url).host,
    connection: 'keep-alive',
  });
  assert.deepEqual(said, {
    status: '201',
    body: Buffer.from('żółw').toString('latin1'),
    contentType: 'text/plain',
    headers: { location: '/x', 'content-encoding': 'identity' },
    code: undefined,
  });
});

test('methods, paths and headers are called as far as they are allowed, whatever their names look like', async (t) => {
  const calls: string[] = [];
  const url = await httpServer(t, ({ method, url: at, headers, response }) => {
    calls.push(`${method} ${at} ${String(headers['x-one'])}`);
    response.writeHead(200, { 'x-back': '1', 'x-secret': '2', connection: 'keep-alive, X-Hop', 'x-hop': '3' }).end();
  });
  const { ask } = await fly(`${url}/base`, {
    methods: ['GET', 'DELETE'],
    paths: ['/tea', '/cups/*'],
    requestHeaders: ['X-One'],
    replyHeaders: ['X-Back', 'x-hop'],
  });
  const headers = (await ask({ headers: { 'x-ONE': '1', 'X-One': '2', authorization: 'no' } })).headers;
  assert.deepEqual(headers, { 'x-back': '1' });
  await ask({ headers: { Path: '/tea?with=milk', METHOD: 'DELETE' } });
  await ask({ headers: { path: '/cups/a/b' } });
  assert.deepEqual(calls, ['GET /base 1, 2', 'DELETE /base/tea?with=milk undefined', 'GET /base/cups/a/b undefined']);
  const refused = async (asked: Parameters<typeof ask>[0]): Promise<string> => {
    const { status, code } = await ask(asked);
    return `${status} ${code}`;
  };
  assert.equal(await refused({ headers: { method: 'POST' } }), '405 METHOD_NOT_ALLOWED');
  assert.equal(await refused({ headers: { method: 'get' } }), '405 METHOD_NOT_ALLOWED');
  assert.equal(await refused({ headers: { path: '/coffee' } }), '403 FORBIDDEN');
  assert.equal(await refused({ headers: { path: '/%74ea' } }), '403 FORBIDDEN');
  assert.equal(await refused({ headers: { path: '/cups/../tea' } }), '400 BAD_REQUEST');
  assert.equal(await refused({ headers: { path: '//other.test/tea' } }), '400 BAD_REQUEST');
  assert.equal(await refused({ headers: { 'x-one': 'a\r\nb: c' } }), '400 BAD_REQUEST');
  assert.equal(await refused({ headers: { 'x-one': '日' } }), '400 BAD_REQUEST');
  assert.equal(await refused({ contentType: 'a\nb' }), '400 BAD_REQUEST');
  assert.equal(await refused({ body: 'x' }), '400 BAD_REQUEST');
  assert.equal(calls.length, 3);
});

test('without paths only the URL itself is called', async (t) => {
  const url = await httpServer(t, ({ response }) => response.end());
  const { ask } = await fly(url);
  assert.equal((await ask()).status, '200');
  assert.equal((await ask({ headers: { path: '/' } })).code, 'FORBIDDEN');
});

test('what the upstream refuses, and where it redirects to, is the reply', async (t) => {
  let calls = 0;
  const url = await httpServer(t, ({ body, response }) => {
    calls++;
    response.writeHead(Number(body), { location: `${url}/elsewhere` }).end(`said ${body}`);
  });
  const { flight, ask } = await fly(url);
  for (const status of ['301', '302', '307', '308', '400', '404', '429', '500', '502', '503', '599']) {
    const said = await ask({ body: status });
    assert.deepEqual([said.status, said.body, said.code], [status, `said ${status}`, undefined]);
    assert.equal(said.headers['location'], `${url}/elsewhere`);
  }
  assert.equal(calls, 11);
  const counted = flight.metrics().flatMap(({ metrics }) => metrics.filter(({ name }) => name === 'replies_total'));
  assert.deepEqual([counted.length, counted.every(({ value }) => value === 1)], [11, true]);
  assert.deepEqual(
    flight.recorder.logs.filter(({ event }) => event === 'upstreamFailed'),
    [],
  );
});

test('HEAD, 204 and 304 have no body, whatever their heads say', async (t) => {
  const url = await httpServer(t, ({ method, url: at, response }) =>
    response.writeHead(method === 'HEAD' ? 200 : Number(at.slice(1)), { 'content-length': '9000000' }).end(),
  );
  const { ask } = await fly(url, { methods: ['GET', 'HEAD'], paths: ['*'] });
  const said = async (headers: Record<string, string>) => {
    const { status, body } = await ask({ headers });
    return `${status} ${body.length}`;
  };
  assert.equal(await said({ method: 'HEAD' }), '200 0');
  assert.equal(await said({ path: '/304' }), '304 0');
});

test('a trace goes on, unless it is malformed', async (t) => {
  const seen: unknown[] = [];
  const url = await httpServer(t, ({ headers: { traceparent, tracestate }, response }) => {
    seen.push([traceparent, tracestate]);
    response.end();
  });
  const { ask } = await fly(url);
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  await ask({ headers: { Traceparent: traceparent, TraceState: 'a=1' } });
  await ask({ headers: { traceparent: 'x', tracestate: 'a=1' } });
  assert.deepEqual(seen, [
    [traceparent, 'a=1'],
    [undefined, undefined],
  ]);
});

test('where nobody listens, the reply says that nothing was sent', async () => {
  const { flight, ask } = await fly(`http://127.0.0.1:${await freePort()}/`);
  const { status, code, body } = await ask({ body: 'x' });
  assert.deepEqual([status, code], ['502', 'UNREACHABLE']);
  assert.match(body, /ECONNREFUSED.*nothing was sent/);
  const [line] = flight.recorder.logs.filter(({ event }) => event === 'upstreamFailed');
  assert.deepEqual([line?.['code'], line?.['source']], ['UNREACHABLE', 'prices']);
});

test('no more calls than concurrency are made at once, in order', async (t) => {
  const open: Came[] = [];
  let arrived = (): void => {};
  const url = await httpServer(t, (came) => {
    open.push(came);
    arrived();
  });
  const { ask } = await fly(url, { concurrency: 2 });
  const asked = ['a', 'b', 'c', 'd'].map((body) => ask({ body }));
  for (let answered = 0; answered < 4; answered++) {
    while (open.length < Math.min(4, answered + 2)) await new Promise<void>((resolve) => (arrived = resolve));
    assert.equal(open.length, Math.min(4, answered + 2));
    open[answered]?.response.end(open[answered]?.body);
    await asked[answered];
  }
  const bodies = (await Promise.all(asked)).map(({ body }) => body);
  assert.deepEqual(
    [bodies, open.map(({ body }) => body)],
    [
      ['a', 'b', 'c', 'd'],
      ['a', 'b', 'c', 'd'],
    ],
  );
});

test('who finds no place within timeoutMs was not called, and is told so', async (t) => {
  const bodies: string[] = [];
  let arrived = (): void => {};
  const came = new Promise<void>((resolve) => (arrived = resolve));
  const url = await httpServer(t, ({ body, response }) => {
    bodies.push(body);
    if (body === 'last') response.end();
    arrived();
  });
  const alarms: (() => void)[] = [];
  const clock: Clock = { ...systemClock, after: (_ms, ring) => (alarms.push(ring), () => {}) };
  const config = HTTP_UPSTREAM_CONFIG.parse({ url, concurrency: 1 });
  const upstream = new Upstream(config, { clock, signal: new AbortController().signal }, undefined);
  t.after(() => upstream.close());
  const ask = (body: string) => upstream.answer({ source: '', payload: Buffer.from(body), redelivered: false });
  const failed = ['sent', 'waits'].map((body) => rejection(ask(body)));
  await came;
  // all at one instant, as after a burst: no place is free before
  for (const ring of alarms) ring();
  const codes = (await Promise.all(failed)).map(({ code }) => code);
  assert.deepEqual(codes, ['NO_ANSWER', 'FULL']);
  await ask('last');
  assert.deepEqual(bodies, ['sent', 'last']);
});

test('what means the same called twice is called again, three times at most; nothing else is', async (t) => {
  const { url, sockets } = await byteServer(t, (socket, nth) => {
    if (nth % 3 === 0) socket.end('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok');
    else socket.resetAndDestroy();
  });
  const { flight, ask } = await fly(url, { methods: ['POST', 'GET', 'PUT', 'PATCH'], timeoutMs: 60_000 });
  const advance = setInterval(() => void flight.clock.advance(100), 5);
  t.after(() => clearInterval(advance));
  assert.equal((await ask({ headers: { method: 'GET' } })).body, 'ok');
  assert.equal(sockets.size, 3);
  assert.equal((await ask({ headers: { method: 'PUT' }, body: 'x' })).body, 'ok');
  assert.equal(sockets.size, 6);
  assert.equal((await ask({ body: 'x' })).code, 'ANSWER_BROKEN');
  assert.equal((await ask({ headers: { method: 'PATCH' }, body: 'x' })).code, 'ANSWER_BROKEN');
  assert.equal(sockets.size, 8);
});

test('a call that was sent, and could not be sent again, is not said to be unsent', async (t) => {
  // it ends with the first call
  const upstream = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => {
      upstream.close();
      socket.resetAndDestroy();
    });
  }).listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  const url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
  const { flight, ask } = await fly(url, { methods: ['GET'], timeoutMs: 60_000 });
  const advance = setInterval(() => void flight.clock.advance(100), 5);
  t.after(() => clearInterval(advance));
  const { code, body } = await ask();
  assert.equal(code, 'ANSWER_BROKEN');
  assert.match(body, /may have handled the request or not/);
});

test('configuration is checked: what cannot be called or passed on is named', () => {
  const wrong = [
    { url: 'ftp://a' },
    { url: 'http://me:secret@a/' },
    { url: 'http://a/?b' },
    { url: 'http://a/#b' },
    { methods: [] },
    { methods: ['CONNECT'] },
    { paths: ['tea'] },
    { paths: ['/../*'] },
    { paths: ['/a?b'] },
    { requestHeaders: ['Host'] },
    { requestHeaders: ['Transfer-Encoding'] },
    { requestHeaders: ['a b'] },
    { replyHeaders: ['Set-Cookie'] },
    { replyHeaders: ['Status'] },
    { caFile: 'ca.pem' },
    { retries: 1 },
  ];
  for (const config of wrong)
    assert.equal(
      HTTP_UPSTREAM_CONFIG.safeParse({ url: 'http://a/', ...config }).success,
      false,
      JSON.stringify(config),
    );
  const right = { url: 'http://[::1]:80/base', paths: ['*', '/*', '/a/*/b'], requestHeaders: ['X-A'] };
  assert.equal(HTTP_UPSTREAM_CONFIG.safeParse(right).success, true);
});

test('failures have the status of their class, and say what to do', () => {
  for (const [code, { status, title, text }] of Object.entries(UPSTREAM_FAILURES)) {
    assert.ok([400, 403, 405, 502, 503, 504].includes(status), code);
    assert.match(`${title}. ${text}.`, /; .*\./, code);
  }
});
