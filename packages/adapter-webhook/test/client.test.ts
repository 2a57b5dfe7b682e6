import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createTlsServer } from 'node:https';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { systemClock } from '@sputnikjs/core';
import { certificates } from '@sputnikjs/testkit/servers';
import { Client } from '../dist/send/client.js';
import { addressFilter } from '../dist/send/networks.js';
import { answering, rawServer, whenAnswerBegins } from './bytes.js';
import { fly, message } from './flights.js';
import { Receiver } from './receiver.js';

test('a receiver that is slow is given up after timeoutMs, whether it says nothing, or its answer does not end', async (t) => {
  for (const begin of ['', 'HTTP/1.1 500 X\r\nContent-Length: 9\r\n\r\nbegun']) {
    let come = (): void => {};
    const came = new Promise<void>((resolve) => (come = resolve));
    if (begin !== '') t.after(whenAnswerBegins(() => come()));
    const url = await rawServer(t, (socket) =>
      answering(socket, () => {
        socket.write(begin);
        if (begin === '') come();
      }),
    );
    const { flight, give, logged, metric } = await fly({ url }, { timeoutMs: 5_000 });
    const given = give(message('x'));
    await came;
    await flight.clock.advance(5_000);
    await logged('webhookFailed');
    const [line] = flight.recorder.logs.filter(({ event }) => event === 'webhookFailed');
    assert.match(line?.text ?? '', begin === '' ? /no answer within 5000 ms/ : /the answer was 500: begun/);
    assert.equal(metric('attempts_total', { status: begin === '' ? 'none' : '500' }), 1);
    await flight.land();
    assert.notEqual(await given, 'handled');
  }
});

test('that the body of an answer breaks off, or never ends, changes nothing: the status counts', async (t) => {
  for (const rest of ['cut', 'endless']) {
    const url = await rawServer(t, (socket) =>
      answering(socket, () => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\nbegun');
        if (rest === 'cut') return void socket.end();
        const more = (): void => void (socket.destroyed || (socket.write('x'.repeat(10_000)), setImmediate(more)));
        more();
      }),
    );
    const { give } = await fly({ url });
    assert.equal(await give(message('x')), 'handled', rest);
  }
});

test('a connection that breaks, garbage, a switch of protocols and a head without end are tried again', async (t) => {
  const answers = [
    '',
    'garbage\r\n\r\n',
    'HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n',
    `HTTP/1.1 200 OK\r\nA: ${'x'.repeat(100_000)}`,
  ];
  const url = await rawServer(t, (socket, nth) =>
    answering(socket, () => socket.end(answers[nth - 1] ?? 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')),
  );
  const { flight, give, logged, metric } = await fly({ url });
  const given = give(message('x'));
  for (let nth = 1; nth <= answers.length; nth++) {
    await logged('webhookFailed', nth);
    await flight.clock.advance(300_000);
  }
  assert.equal(await given, 'handled');
  assert.equal(metric('attempts_total', { status: 'none' }), answers.length);
});

test('connections are kept; that a receiver closes one under a request costs no attempt', async (t) => {
  let connections = 0;
  const url = await rawServer(t, (socket) => {
    connections++;
    answering(socket, (nth) => {
      if (connections === 1 && nth === 3) socket.resetAndDestroy();
      else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    });
  });
  const { flight, give } = await fly({ url }, { concurrency: 1 });
  for (let nth = 1; nth <= 4; nth++) assert.equal(await give(message('x')), 'handled');
  assert.equal(connections, 2);
  assert.deepEqual(
    flight.recorder.logs.filter(({ event }) => event === 'webhookFailed'),
    [],
  );
});

test('a redirect that stays on the host and keeps the method is followed, three times; any other is not', async (t) => {
  const [receiver, other] = [await Receiver.open(t), await Receiver.open(t)];
  const { flight, give, logged } = await fly(receiver);
  receiver.always(({ url, answer }) => (url === '/hook' ? answer(307, { location: '/moved' }) : answer(200)));
  assert.equal(await give(message('x')), 'handled');
  receiver.always(({ url, answer }) =>
    url === '/twice' ? answer(200) : answer(308, { location: `${receiver.url}/../twice` }),
  );
  assert.equal(await give(message('x')), 'handled');
  const locations = [
    [307, other.url],
    [308, `https://127.0.0.1:${receiver.port}/hook`],
    [307, `http://localhost:${receiver.port}/hook`],
    [301, '/moved'],
    [302, '/moved'],
    [303, '/moved'],
    [307, 'http://['],
    [307, '/hook'],
  ] as const;
  for (const [index, [status, location]] of locations.entries()) {
    const { count } = receiver;
    receiver.always(({ answer }) => answer(status, { location }));
    const given = give(message('x'));
    await logged('webhookFailed', index + 1);
    assert.equal(receiver.count - count, location === '/hook' ? 4 : 1, location);
    receiver.always(({ answer }) => answer(200));
    await flight.clock.advance(1_000);
    assert.equal(await given, 'handled');
  }
  assert.equal(other.count, 0);
});

test('a name that stands for a private address is not connected to', async (t) => {
  const receiver = await Receiver.open(t);
  const url = `http://localhost:${receiver.port}/hook`;
  const { flight, give, logged } = await fly({ url }, { allowedNetworks: [] });
  const given = give(message('x'));
  await logged('webhookFailed');
  const [line] = flight.recorder.logs.filter(({ event }) => event === 'webhookFailed');
  assert.match(
    line?.text ?? '',
    /localhost is .*127\.0\.0\.1.*, which is not public; list its network in "allowedNetworks"/,
  );
  await flight.land();
  await given;
  assert.equal(receiver.count, 0);
});

test('an address that is not allowed is not connected to where the URL itself has it', async (t) => {
  const receiver = await Receiver.open(t);
  const { signal } = new AbortController();
  const client = new Client({
    isAllowed: addressFilter([]),
    timeoutMs: 1_000,
    connections: 1,
    tls: () => Promise.resolve({}),
    clock: systemClock,
    signal,
  });
  t.after(() => client.close());
  for (const host of ['127.0.0.1', '[::ffff:127.0.0.1]'])
    await assert.rejects(
      client.post(new URL(`http://${host}:${receiver.port}/`), { headers: {}, body: Buffer.from('x') }),
      {
        code: 'ADDRESS_REFUSED',
      },
    );
  assert.equal(receiver.count, 0);
});

test('over TLS a receiver needs a certificate that the authorities have signed, for its name', async (t) => {
  const path = await certificates(t, 'localhost');
  const [cert, key] = [readFileSync(path('server.pem')), readFileSync(path('server.key'))];
  const server = createTlsServer({ cert, key }, (_request, response) => void response.end()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `https://localhost:${(server.address() as AddressInfo).port}/hook`;
  const trusting = await fly({ url }, { caFile: path('ca.pem') });
  assert.equal(await trusting.give(message('x')), 'handled');
  for (const config of [{}, { caFile: path('stranger.pem') }, { caFile: path('ca.pem'), servername: 'other.test' }]) {
    const { flight, give, logged } = await fly({ url }, config);
    const given = give(message('x'));
    await logged('webhookFailed');
    const [line] = flight.recorder.logs.filter(({ event }) => event === 'webhookFailed');
    assert.match(line?.text ?? '', /certificate|altnames/i);
    await flight.land();
    await given;
  }
});

test('a URL without TLS to another machine is warned of', async () => {
  const lines = async (url: string): Promise<unknown[]> => {
    const { flight } = await fly({ url });
    return flight.recorder.logs.filter(({ event }) => event === 'webhookInClear').map(({ host }) => host);
  };
  assert.deepEqual(await lines('http://hook.example:8000/x'), ['hook.example:8000']);
  assert.deepEqual(
    [await lines('https://hook.example/'), await lines('http://127.0.0.1/'), await lines('http://localhost/')],
    [[], [], []],
  );
});

test('two hundred messages of a megabyte each take no more connections than concurrency', async (t) => {
  const receiver = await Receiver.open(t);
  receiver.always(({ body, answer }) => answer(body.length === 1_000_000 ? 200 : 400));
  const { give } = await fly(receiver, { order: 'none', concurrency: 4 });
  const body = Buffer.alloc(1_000_000, 'x');
  const outcomes = await Promise.all(Array.from({ length: 200 }, () => give(message(body))));
  assert.deepEqual(new Set(outcomes), new Set(['handled']));
  assert.ok(receiver.most <= 4);
  assert.ok((await receiver.connections()) <= 4);
});
