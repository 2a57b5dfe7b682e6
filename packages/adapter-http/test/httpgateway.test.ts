import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { globalFactories, SputnikError } from '@sputnikjs/core';
import { HTTP_GATEWAY_CONFIG, httpgateway } from '@sputnikjs/adapter-http';
import { temporaryFolder } from './certificates.js';
import { codeOf, curl, post, Wire, type Got } from './clients.js';
import { fly, prepare } from './satellite.js';

function assertRefused(got: Got, status: number, code: string, text: RegExp): void {
  assert.equal(got.status, status, got.body);
  assert.equal(codeOf(got), code);
  assert.match(got.body, text);
}

describe('a message that is posted', () => {
  test('is answered 202 when the server has taken it, and not before', async (t) => {
    const { url, next } = await fly(t);
    let answered = false;
    const answer = curl('-d', '{"a":1}', `${url}/produce/orders`).finally(() => (answered = true));
    const { message: taken, take } = await next();
    assert.deepEqual(taken, {
      target: 'orders',
      payload: Buffer.from('{"a":1}'),
      contentType: 'application/x-www-form-urlencoded',
      whenFull: 'reject',
      whenAway: 'reject',
    });
    const other = post(`${url}/produce/other`);
    (await next()).take();
    assert.equal((await other).status, 202);
    assert.equal(answered, false);
    take();
    const got = await answer;
    assert.equal(got.status, 202);
    assert.deepEqual(JSON.parse(got.body), { target: 'orders' });
  });

  test('is answered 502 when the server refused it, in its words', async (t) => {
    const { url, next, logged } = await fly(t);
    const answer = post(`${url}/produce/orders`);
    (await next()).refuse(new Error('not authorised'));
    assertRefused(await answer, 502, 'REFUSED', /not authorised/);
    assert.ok(logged.some(({ event }) => event === 'refused'));
  });

  test('is answered 503, outcome unknown, when the answer is late', async (t) => {
    const { url, next, logged } = await fly(t, { config: { timeoutMs: 50 } });
    assertRefused(
      await post(`${url}/produce/orders`),
      503,
      'OUTCOME_UNKNOWN',
      /within 50 ms; the message may have been taken/,
    );
    (await next()).take();
    assert.ok(logged.some(({ event }) => event === 'late'));
  });

  test('is answered 503 when the mailbox of the producer is full', async (t) => {
    const { url, next, takeAll } = await fly(t, { mailbox: { capacity: 1, concurrency: 1 } });
    const first = post(`${url}/produce/a`);
    const { take } = await next();
    const [second, third] = [post(`${url}/produce/b`), post(`${url}/produce/c`)];
    const full = await Promise.race([second, third]);
    assertRefused(full, 503, 'FULL', /nothing was taken, try again later/);
    assert.equal(full.headers['retry-after'], '1');
    takeAll();
    take();
    assert.equal((await first).status, 202);
    assert.equal((await second).status + (await third).status, 202 + 503);
  });

  test('is answered 503 when as many as may already wait', async (t) => {
    const { url, next } = await fly(t, { config: { maxPending: 1 } });
    const first = post(`${url}/produce/a`);
    const { take } = await next();
    assertRefused(await post(`${url}/produce/b`), 503, 'FULL', /nothing was taken/);
    take();
    assert.equal((await first).status, 202);
    const third = post(`${url}/produce/c`);
    (await next()).take();
    assert.equal((await third).status, 202);
  });

  test('is answered 429 when as many of its client as may already wait, while others have room', async (t) => {
    const folder = temporaryFolder(t);
    const tokens = ['a', 'b'].map((name) => {
      const file = join(folder, name);
      writeFileSync(file, `${name}-secret`);
      return { name, file, targets: ['*'] };
    });
    const { url, next } = await fly(t, { config: { tokens, maxPendingPerClient: 1 } });
    const send = (name: string) => post(`${url}/produce/x`, 'x', { authorization: `Bearer ${name}-secret` });
    const first = send('a');
    const { take } = await next();
    const refused = await send('a');
    assertRefused(refused, 429, 'TOO_MANY', /messages of this client wait .* not taken/);
    assert.equal(refused.headers['retry-after'], '1');
    const other = send('b');
    (await next()).take();
    assert.equal((await other).status, 202);
    take();
    assert.equal((await first).status, 202);
    const again = send('a');
    (await next()).take();
    assert.equal((await again).status, 202);
  });

  test('is answered 429 by address where there are no tokens', async (t) => {
    const { url, next } = await fly(t, { config: { maxPendingPerClient: 1 } });
    const first = post(`${url}/produce/a`);
    const { take } = await next();
    assertRefused(await post(`${url}/produce/b`), 429, 'TOO_MANY', /not taken/);
    take();
    assert.equal((await first).status, 202);
  });

  test('has 49 others beside it, and Node warns of nothing on stderr', async (t) => {
    const warnings: string[] = [];
    const warned = (warning: Error): void => void warnings.push(warning.message);
    process.on('warning', warned);
    t.after(() => process.off('warning', warned));
    const { url, next } = await fly(t);
    const answers = Array.from({ length: 50 }, () => post(`${url}/produce/a`));
    const held = [];
    while (held.length < 50) held.push(await next());
    for (const { take } of held) take();
    for (const { status } of await Promise.all(answers)) assert.equal(status, 202);
    assert.deepEqual(warnings, []);
  });

  test('goes on when its client goes away, and harms nobody', async (t) => {
    const { url, port, next, flight } = await fly(t);
    const wire = new Wire(port).send('POST /produce/a HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\n\r\nx');
    const { take } = await next();
    wire.socket.resetAndDestroy();
    await wire.received;
    const other = post(`${url}/produce/b`);
    const second = await next();
    take();
    second.take();
    assert.equal((await other).status, 202);
    assert.ok((await flight.shootDown()).clean);
  });
});

describe('while the server is away, a message', () => {
  const away = /no connection to the server; nothing was taken/;

  test('is answered 503 at once: before launch, before the first connect, and after a loss', async (t) => {
    const { url, flight, server, seen, takeAll } = await prepare(t, { isServerUp: false });
    takeAll();
    const early = post(`${url}/produce/a`);
    void flight.launch();
    assertRefused(await early, 503, 'SERVER_AWAY', away);
    const got = await post(`${url}/produce/a`);
    assertRefused(got, 503, 'SERVER_AWAY', away);
    assert.equal(got.headers['retry-after'], '5');

    const connected = seen('onServerConnect');
    server.restore();
    await connected;
    assert.equal((await post(`${url}/produce/a`)).status, 202);

    const disconnected = seen('onServerDisconnect');
    server.drop();
    await disconnected;
    assertRefused(await post(`${url}/produce/a`), 503, 'SERVER_AWAY', away);

    const again = seen('onServerConnect');
    server.restore();
    await again;
    assert.equal((await post(`${url}/produce/a`)).status, 202);
  });

  test('that already waits is answered 503 at the loss, outcome unknown', async (t) => {
    const { url, server, next } = await fly(t);
    const answer = post(`${url}/produce/a`);
    const { refuse } = await next();
    server.drop();
    assertRefused(
      await answer,
      503,
      'OUTCOME_UNKNOWN',
      /connection to the server is lost; the message may have been taken/,
    );
    refuse(new Error('too late to matter'));
  });

  test('that the producer gives up is answered 503, outcome unknown', async (t) => {
    const { url, next } = await fly(t);
    const answer = post(`${url}/produce/a`);
    (await next()).refuse(new SputnikError('CONNECTION_LOST'));
    assertRefused(await answer, 503, 'OUTCOME_UNKNOWN', /connection to the server is lost/);
  });
});

describe('a landing', () => {
  test('answers the messages under way, refuses those behind them, and then listens no more', async (t) => {
    const { url, port, flight, next } = await fly(t);
    const head = 'POST /produce/a HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\n';
    const wire = new Wire(port).send(`${head}\r\nx`);
    const { take } = await next();
    const halfBody = new Wire(port).send(`${head}expect: 100-continue\r\n\r\n`);
    await once(halfBody.socket, 'data');
    const landed = flight.shootDown();
    assert.match(await halfBody.received, /HTTP\/1.1 503[^]*connection: close[^]*"LANDING"/);
    take();
    const got = await wire.answer();
    assert.equal(got.status, 202);
    assert.equal(got.headers['connection'], 'close');
    assert.ok((await landed).clean);
    await assert.rejects(curl('-d', 'x', `${url}/produce/a`), /curl: .*onnect/);
  });

  test('answers a batch under way: what the server was given waits for it, the rest is refused', async (t) => {
    const { url, flight, next } = await fly(t, { config: { maxPending: 2 } });
    const sent = post(`${url}/produce/a/batch`, '[1,2,3,4]', { 'content-type': 'application/json' });
    const [first, second] = [await next(), await next()];
    const landed = flight.shootDown();
    first.take();
    second.take();
    const got = await sent;
    assert.equal(got.status, 207);
    const { items } = JSON.parse(got.body) as { items: { status: number; code?: string }[] };
    assert.deepEqual(
      items.map(({ status, code }) => [status, code]),
      [
        [202, undefined],
        [202, undefined],
        [503, 'LANDING'],
        [503, 'LANDING'],
      ],
    );
    assert.ok((await landed).clean);
  });

  test('before launch closes the port', async (t) => {
    const { url, flight } = await prepare(t);
    const report = await flight.shootDown();
    assert.ok(report.clean);
    await assert.rejects(curl('-d', 'x', `${url}/produce/a`), /curl: .*onnect/);
  });
});

describe('a port in use', () => {
  test('fails the preparation, named, with the way out and the cause', async (t) => {
    const { port } = await prepare(t);
    await assert.rejects(prepare(t, { config: { port } }), (error: SputnikError) => {
      assert.equal(error.code, 'INIT_FAILED');
      assert.equal(error.block?.responsibility, 'httpgateway');
      const cause = error.cause as Error;
      assert.match(cause.message, new RegExp(`127.0.0.1:${port}: the port is in use; stop what listens there`));
      assert.equal((cause.cause as NodeJS.ErrnoException).code, 'EADDRINUSE');
      return true;
    });
  });
});

describe('the configuration', () => {
  test('may be empty', () => {
    assert.deepEqual(HTTP_GATEWAY_CONFIG['~standard'].validate({}), {
      value: {
        host: '127.0.0.1',
        port: 8080,
        tokens: [],
        maxBodyBytes: 1_048_576,
        maxHeldBytes: 67_108_864,
        minBodyBytesPerSecond: 240,
        maxHeaderBytes: 16_384,
        maxBatchItems: 10_000,
        headersTimeoutMs: 10_000,
        requestTimeoutMs: 30_000,
        timeoutMs: 10_000,
        maxConnections: 1024,
        maxPending: 1024,
      },
    });
  });

  test('takes no key that it does not know and no value out of range', async (t) => {
    for (const config of [
      { prot: 1 },
      { port: -1 },
      { port: '80' },
      { maxBodyBytes: 0 },
      { timeoutMs: 0.5 },
      { host: '' },
      { maxPending: 0 },
      { maxPendingPerClient: 0 },
      { requestTimeoutMs: 3e9 },
      { headersTimeoutMs: 30_001 },
      { maxHeldBytes: 1_048_575 },
      { certFile: 'cert.pem' },
      { keyFile: 'key.pem' },
      { caFile: 'ca.pem' },
      { tokens: [{ name: 'a', file: 'a.token', targets: [] }] },
      { tokens: [{ name: 'a', token: 'secret', targets: ['*'] }] },
    ]) {
      const [key = ''] = Object.keys(config);
      await assert.rejects(prepare(t, { config }), (error: SputnikError) => {
        assert.match(error.message, new RegExp(key));
        return true;
      });
    }
  });
});

describe('the import of its register module', () => {
  test('makes the gateway known by its name', async () => {
    await import('@sputnikjs/adapter-http/register');
    assert.equal(globalFactories()['httpgateway'], httpgateway);
  });
});
