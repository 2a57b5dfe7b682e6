import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { describe, test, type TestContext } from 'node:test';
import { SputnikError } from '@sputnikjs/core';
import type { ProduceMessage } from '@sputnikjs/messaging';
import { Certificate } from '../dist/receive/certificate.js';
import { accepted, type Answer } from '../dist/answer/answers.js';
import { idOf } from '../dist/read/identity.js';
import { certificate, contents, temporaryFolder } from './certificates.js';
import { codeOf, curl, post, statusesIn, Wire } from './clients.js';
import { gate, listen, reading, silent } from './listen.js';
import { fly } from './satellite.js';

/** A request with a body of one character. */
const one = (target: string, ...headers: string[]): string =>
  [`POST /produce/${target} HTTP/1.1`, 'host: a', 'content-length: 1', ...headers, '', 'x'].join('\r\n');

/** A listener whose producer decides when the test says so, and takes every message then. */
async function held(t: TestContext, changes: Parameters<typeof listen>[1] = {}) {
  const waiting: { readonly message: ProduceMessage; readonly take: () => void }[] = [];
  const news = { told: gate<void>() };
  const produce = (message: ProduceMessage, _: string, onSettled: () => void): Promise<Answer> =>
    new Promise((resolve) => {
      const take = (): void => {
        onSettled();
        resolve(accepted(message.target));
      };
      waiting.push({ message, take });
      news.told.open();
      news.told = gate();
    });
  const listening = await listen(t, { produce, ...changes });
  const until = async (count: number): Promise<void> => {
    while (waiting.length < count) await news.told.opened;
  };
  return { ...listening, waiting, until };
}

describe('the id of a message', () => {
  // ietf-wg-httpapi/idempotency#22, mohamedboukari/bunmail#188: whether a key is one for all resources and clients
  test('is another for another target, token, kind of key or place in a batch, and the same for the same', async (t) => {
    const folder = temporaryFolder(t);
    const tokens = ['a', 'b', 'a:b', 'key'].map((name, index) => {
      const file = join(folder, `${index}`);
      writeFileSync(file, `secret-${index}`);
      return { name, file, targets: ['*'] };
    });
    const { url, next } = await fly(t, { config: { tokens } });
    const seen = new Map<string, string>();
    const send = async (token: number, path: string, headers: Record<string, string>, body = '[1,2]') => {
      const key = { authorization: `Bearer secret-${token}`, 'content-type': 'application/json', ...headers };
      const answer = post(`${url}/produce/${path}`, body, key);
      const ids: string[] = [];
      for (let count = path.endsWith('/batch') ? 2 : 1; count > 0; count--) {
        const { message, take } = await Promise.race([next(), answer.then(({ body }) => assert.fail(body))]);
        ids.push(message.id ?? assert.fail('it has no id'));
        take();
      }
      assert.equal((await answer).status, 202);
      for (const id of ids) {
        const what = JSON.stringify([token, path, headers, ids.indexOf(id)]);
        assert.equal(seen.get(id) ?? what, what, `one id for two messages: ${id}`);
        assert.ok(id.length <= 255);
        seen.set(id, what);
      }
    };
    const key = (text: string) => ({ 'idempotency-key': text });
    const event = (source: string, id: string) => ({
      'ce-specversion': '1.0',
      'ce-type': 't',
      'ce-source': source,
      'ce-id': id,
    });
    const long = 'x'.repeat(230);
    for (let again = 0; again < 2; again++) {
      for (const token of [0, 1, 2, 3]) {
        for (const target of ['x', 'y', 'x%3Ax', 'k2', 'x%2F1', long, `${long}y`]) {
          for (const text of ['k2', 'k2/1', 'k2:1', 'x:k2', '/s 1', '/s', `${long}1`, `${long}2`])
            await send(token, target, key(text));
        }
        for (const target of ['x', 'y']) {
          await send(token, `${target}/batch`, key('k2'));
          await send(token, `${target}/batch`, key('k2/1'));
          await send(token, target, event('/s', '1'));
          await send(token, target, event('/s', '1:1'));
          await send(token, target, event('/s:1', '1'));
        }
      }
    }
    assert.ok([...seen.keys()].some((id) => id.startsWith('sha256:')));
  });

  test('is that of the event, be it sent alone or in a batch', async (t) => {
    const { url, messages } = await listen(t);
    const event = { specversion: '1.0', id: '1', source: '/s', type: 't' };
    await post(`${url}/produce/a`, JSON.stringify(event), { 'content-type': 'application/cloudevents+json' });
    await post(`${url}/produce/a/batch`, JSON.stringify([event]), {
      'content-type': 'application/cloudevents-batch+json',
    });
    assert.deepEqual(
      messages.map(({ id }) => id),
      ['event::a:%2Fs:1', 'event::a:%2Fs:1'],
    );
  });

  test('keeps its parts apart, wherever their separators are', () => {
    const scope = { token: 'a', target: 'b' };
    assert.notEqual(idOf('key', scope, 'c'), idOf('key', { token: 'a', target: 'b:c' }));
    assert.notEqual(idOf('key', scope, 'c:d'), idOf('key', scope, 'c', 'd'));
    assert.notEqual(idOf('key', { token: '', target: 'a:b' }), idOf('key', { token: 'a', target: 'b' }));
  });
});

describe('a key that is used again', () => {
  test('has the answer say so when the server has the message already, in a batch for each item', async (t) => {
    const { url } = await listen(t, {
      produce: async ({ target, id }) => accepted(target, id?.includes('again') ? { duplicate: true } : {}),
    });
    const again = await post(`${url}/produce/orders`, 'x', { 'idempotency-key': 'again' });
    assert.deepEqual([again.status, JSON.parse(again.body)], [202, { target: 'orders', duplicate: true }]);
    const first = await post(`${url}/produce/orders`, 'x', { 'idempotency-key': 'first' });
    assert.deepEqual(JSON.parse(first.body), { target: 'orders' });
    const events = [1, 'again'].map((id) => ({ specversion: '1.0', id: `${id}`, source: '/s', type: 't' }));
    const batch = await post(`${url}/produce/orders/batch`, JSON.stringify(events), {
      'content-type': 'application/cloudevents-batch+json',
    });
    assert.deepEqual(JSON.parse(batch.body), {
      target: 'orders',
      items: [
        { index: 0, status: 202 },
        { index: 1, status: 202, duplicate: true },
      ],
    });
  });

  // jcagarcia/grape-idempotency#13, idempot-dev/idempot-js#191
  test('for another body is refused with 422 while the first is under way, for the same one it is not', async (t) => {
    const { url, next } = await fly(t);
    const send = (body: string, target = 'orders') =>
      post(`${url}/produce/${target}`, body, { 'idempotency-key': 'k' });
    const first = send('one');
    const { take } = await next();
    const other = await send('two');
    assert.deepEqual([other.status, codeOf(other)], [422, 'KEY_REUSED']);
    const [same, elsewhere] = [send('one'), send('two', 'invoices')];
    const [second, third] = [await next(), await next()];
    take();
    assert.equal((await first).status, 202);
    assert.equal((await send('three')).status, 422, 'one of that key is under way still');
    second.take();
    third.take();
    assert.deepEqual([(await same).status, (await elsewhere).status], [202, 202]);
    const later = send('two');
    (await next()).take();
    assert.equal((await later).status, 202);
  });

  test('in a batch is refused item by item', async (t) => {
    const { url, next, takeAll } = await fly(t);
    const headers = { 'idempotency-key': 'k', 'content-type': 'application/json' };
    const first = post(`${url}/produce/a/batch`, '[1]', headers);
    const { take } = await next();
    takeAll();
    const second = await post(`${url}/produce/a/batch`, '[2,3]', headers);
    assert.equal(second.status, 207);
    const { items } = JSON.parse(second.body) as { items: { status: number; code?: string }[] };
    assert.deepEqual(
      items.map(({ status, code }) => [status, code]),
      [
        [422, 'KEY_REUSED'],
        [202, undefined],
      ],
    );
    take();
    assert.equal((await first).status, 202);
  });
});

describe('what is wrong on a connection', () => {
  // cesanta/mongoose#2592: a request that is no good ended the connection under the answer to the one before it
  test('is answered behind the messages before it, whatever it is, and then the connection ends', async (t) => {
    const { port, waiting, until } = await held(t, {
      limits: { headersMs: 150, requestMs: 150, checkMs: 20, maxHeaderBytes: 2000 },
    });
    const post = 'POST /produce/c HTTP/1.1\r\nhost: a\r\n';
    const wrongs: [string, number, string][] = [
      ['ße', 400, 'a Content-Length that is shorter than the body'],
      ['\0\0\0\0', 400, 'garbage'],
      ['oops\r\n\r\n', 400, 'no request line'],
      ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400, 'the preface of HTTP/2'],
      ['CONNECT a:1 HTTP/1.1\r\nhost: a\r\n\r\n', 400, 'a tunnel'],
      ['POST /produce/c HTTP/9.9\r\nhost: a\r\n\r\n', 400, 'another version'],
      [`${post}x: ${'y'.repeat(3000)}\r\n\r\n`, 431, 'headers that are too large'],
      [`${post}content-length: x\r\n\r\n`, 400, 'a length that is none'],
      [`${post}content-length: 9\r\n\r\nabc`, 408, 'a body that does not come in time'],
      [post, 408, 'headers that do not come in time'],
      [`${post}transfer-encoding: chunked\r\n\r\nzz\r\n`, 400, 'a chunk that is none'],
      [`${post}transfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\nzz\r\n\r\n`, 400, 'garbage behind the last chunk'],
      [`${post}transfer-encoding: gzip\r\n\r\nabc`, 501, 'a transfer coding without an end'],
      [`${post}expect: 100-continue\r\ncontent-length: 9\r\n\r\n`, 408, 'a body that was asked for'],
    ];
    for (const [wrong, status, what] of wrongs) {
      const wire = new Wire(port).send(one('a') + one('b') + wrong);
      const produced = what.startsWith('garbage behind') ? 3 : 2;
      await until(produced);
      // out of order, and after the error
      await new Promise((resolve) => setTimeout(resolve, status === 408 ? 250 : 20));
      const targets = waiting.map(({ message }) => message.target);
      for (const { take } of waiting.splice(0).toReversed()) take();
      const received = (await wire.received).replaceAll(/HTTP\/1.1 100 Continue\r\n\r\n/g, '');
      assert.deepEqual(statusesIn(received), [...Array.from(targets, () => 202), status], what);
      assert.match(received, /"target":"a"[^]*"target":"b"/);
      assert.match(received, /connection: close[^]*problem\+json|problem\+json[^]*connection: close/i, what);
    }
  });

  test('is answered alone where nothing is under way, and its sender sees that though it goes on sending', async (t) => {
    const { port } = await listen(t, { limits: { lingerMs: 500 } });
    const wire = new Wire(port).send('oops\r\n\r\n');
    const flood = (): unknown =>
      wire.socket.writable && wire.socket.write(Buffer.alloc(65_536), () => setImmediate(flood));
    flood();
    assert.equal((await wire.answer()).status, 400);
  });

  test('leaves what an answer says about the message true: 202 for what is stored, and nothing else', async (t) => {
    const { port, messages } = await listen(t);
    const body = Buffer.from('grüße');
    const head = 'POST /produce/a HTTP/1.1\r\nhost: a\r\ncontent-type: text/plain\r\ncontent-length: 5\r\n\r\n';
    const received = await new Wire(port).send(head, body).received;
    assert.deepEqual(statusesIn(received), [202, 400]);
    assert.deepEqual(
      messages.map(({ payload }) => Buffer.from(payload)),
      [body.subarray(0, 5)],
    );
  });

  test('is not produced when the rest of it comes after its answer', async (t) => {
    const { port, messages } = await listen(t, {
      limits: { headersMs: 100, requestMs: 100, checkMs: 20, lingerMs: 1000 },
    });
    const wire = new Wire(port, true).send('POST /produce/a HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\nab');
    await once(wire.socket, 'data');
    wire.send('cd', one('b'));
    wire.socket.end();
    assert.deepEqual(statusesIn(await wire.received), [408]);
    assert.deepEqual(messages, []);
  });

  test('over TLS is answered behind the message before it, too', async (t) => {
    const pair = certificate(temporaryFolder(t), 'gateway');
    const { port, waiting, until } = await held(t, { certificate: await Certificate.read(pair, reading(silent)) });
    const socket = connectTls({ port, host: '127.0.0.1', ca: contents(pair).cert });
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += String(chunk)));
    socket.write(`${one('a')}oops\r\n\r\n`);
    await until(1);
    waiting[0]?.take();
    await new Promise((resolve) => socket.once('close', resolve));
    assert.deepEqual(statusesIn(text), [202, 400]);
  });

  // nodejs/node#62534: requests that wait behind another one were forgotten when the connection ended
  test('gives the room back that bodies take, also of those that wait behind another one', async (t) => {
    const { port, url, waiting, until } = await held(t, { limits: { maxBodyBytes: 60_000, maxHeldBytes: 100_000 } });
    const big = (size: number): Buffer =>
      Buffer.concat([
        Buffer.from(`POST /produce/a HTTP/1.1\r\nhost: a\r\ncontent-length: ${size}\r\n\r\n`),
        Buffer.alloc(size),
      ]);
    for (let round = 0; round < 4; round++) {
      const wire = new Wire(port).send(big(40_000), big(40_000));
      await until(2);
      wire.socket.resetAndDestroy();
      await wire.received;
      for (const { take } of waiting.splice(0)) take();
      let answer = post(`${url}/produce/b`, Buffer.alloc(60_000));
      await until(1);
      waiting.shift()?.take();
      assert.equal((await answer).status, 202);
    }
  });
});

describe('a body that goes on after its request was refused', () => {
  test('is not held', async (t) => {
    const { port, url } = await listen(t, {
      limits: {
        headersMs: 50,
        requestMs: 50,
        checkMs: 10,
        lingerMs: 5000,
        maxBodyBytes: 60_000,
        maxHeldBytes: 100_000,
      },
    });
    for (let round = 0; round < 4; round++) {
      const wire = new Wire(port, true).send('POST /produce/a HTTP/1.1\r\nhost: a\r\ncontent-length: 60000\r\n\r\n');
      await once(wire.socket, 'data');
      wire.send(Buffer.alloc(50_000));
      wire.socket.end();
      await wire.received;
    }
    assert.equal((await post(`${url}/produce/b`, Buffer.alloc(60_000))).status, 202);
  });
});

describe('a transfer coding', () => {
  // golang/go#30710, synopse/mORMot#335
  test('other than chunked is answered 501, and nothing is produced', async (t) => {
    const { port, messages } = await listen(t);
    const chunks = '3\r\nabc\r\n0\r\n\r\n';
    for (const version of ['1.0', '1.1']) {
      for (const coding of ['gzip, chunked', 'gzip', 'identity', 'deflate,chunked', 'GZIP , Chunked']) {
        const head = `POST /produce/a HTTP/${version}\r\nhost: a\r\nconnection: close\r\ntransfer-encoding: ${coding}\r\n\r\n`;
        const got = await new Wire(port).send(head + chunks).answer();
        assert.deepEqual([got.status, codeOf(got)], [501, 'UNSUPPORTED_CODING'], `${version} ${coding}`);
      }
    }
    const twice = 'transfer-encoding: gzip\r\ntransfer-encoding: chunked\r\n';
    const head = `POST /produce/a HTTP/1.1\r\nhost: a\r\nconnection: close\r\n${twice}\r\n`;
    assert.equal((await new Wire(port).send(head + chunks).answer()).status, 501);
    assert.deepEqual(messages, []);
  });

  test('in HTTP/1.0 makes the request the last one of its connection', async (t) => {
    const { port, messages } = await listen(t);
    const head = 'POST /produce/a HTTP/1.0\r\nconnection: keep-alive\r\ntransfer-encoding: chunked\r\n\r\n';
    const received = await new Wire(port).send(`${head}3\r\nabc\r\n0\r\n\r\n${one('b')}`).received;
    assert.deepEqual(statusesIn(received), [202]);
    assert.match(received, /connection: close/i);
    assert.deepEqual(
      messages.map(({ target }) => target),
      ['a'],
    );
  });
});

describe('a head that is not as it has to be', () => {
  test('is refused with problem details, and does not end the connection under the request behind it', async (t) => {
    const { port, messages } = await listen(t);
    const wrong = [
      'POST /produce/a HTTP/1.1\r\ncontent-length: 0\r\n\r\n',
      'POST /produce/a HTTP/1.1\r\nhost: a\r\nhost: b\r\ncontent-length: 0\r\n\r\n',
      'POST /produce/a HTTP/1.1\r\nhost: a\r\nexpect: more\r\ncontent-length: 0\r\n\r\n',
    ];
    const received = await new Wire(port).send(...wrong, one('b', 'connection: close')).received;
    assert.deepEqual(statusesIn(received), [400, 400, 417, 202]);
    assert.match(received, /"BAD_REQUEST"[^]*"BAD_REQUEST"[^]*"EXPECTATION_FAILED"/);
    assert.equal(messages.length, 1);
  });
});

describe('a client that ends its half of the connection after its request', () => {
  // httpwg/http-core#22, avwo/whistle#1303: `nc -N`
  test('gets its answers, and then the connection ends', async (t) => {
    const { port, waiting, until } = await held(t);
    for (const requests of [1, 3]) {
      const wire = new Wire(port, true).send(one('a').repeat(requests));
      wire.socket.end();
      await until(requests);
      await new Promise((resolve) => setTimeout(resolve, 20));
      for (const { take } of waiting.splice(0)) take();
      assert.deepEqual(
        statusesIn(await wire.received),
        Array.from({ length: requests }, () => 202),
      );
    }
  });

  test('in the midst of a request is told so', async (t) => {
    const { port } = await listen(t);
    const wire = new Wire(port, true).send(one('a').slice(0, -1));
    wire.socket.end();
    assert.equal((await wire.answer()).status, 400);
  });

  test('gets its answer over TLS, too', async (t) => {
    const pair = certificate(temporaryFolder(t), 'gateway');
    const { port, waiting, until } = await held(t, { certificate: await Certificate.read(pair, reading(silent)) });
    const options = { port, host: '127.0.0.1', ca: contents(pair).cert, allowHalfOpen: true };
    const socket = connectTls(options);
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += String(chunk)));
    socket.end(one('a'));
    await until(1);
    await new Promise((resolve) => setTimeout(resolve, 20));
    waiting[0]?.take();
    await new Promise((resolve) => socket.once('close', resolve));
    assert.deepEqual(statusesIn(text), [202]);
  });
});

describe('a path or a query that may be a slip', () => {
  test('is refused, and the answer says what to write instead', async (t) => {
    const { url, port, messages } = await listen(t);
    const slips: [string, RegExp][] = [
      ['/produce/x/batch/', /write \/produce\/<target>\/batch for a batch/],
      ['/produce/x/batch//', /%2F/],
      ['/produce/x//batch', /%2F/],
      ['/produce//batch', /%2F/],
      ['/produce/x/Batch', /write \/produce\/<target>\/batch for a batch, or .*%2FBatch/],
      ['/produce/x/batch;v=1', /write \/produce\/<target>\/batch for a batch/],
      ['/produce//x', /%2F/],
      ['/produce/x/', /%2F/],
      ['/produce/x//y', /%2F/],
      ['/produce/x?key=1', /no query parameter .*key.*%3F/],
      ['/produce/x/batch?dry-run', /no query parameter .*dry-run/],
      ['/produce/x?=1', /no query parameter/],
      ['/produce/?x', /no query parameter/],
    ];
    for (const [path, text] of slips) {
      const got = await curl('--path-as-is', '-d', '[1]', `${url}${path}`);
      assert.deepEqual([got.status, codeOf(got)], [400, 'BAD_REQUEST'], path);
      assert.match(got.body, text, path);
    }
    const described = await curl(`${url}/openapi.json?pretty=1`);
    assert.deepEqual([described.status, codeOf(described)], [400, 'BAD_REQUEST']);
    assert.match(described.body, /pretty/);
    const fragment = await new Wire(port)
      .send('POST /produce/a#b HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 0\r\n\r\n')
      .answer();
    assert.match(fragment.body, /write it as %23/);
    assert.equal((await curl(`${url}/openapi.json/`)).status, 404);
    assert.deepEqual(messages, []);
  });

  test('is none where it is encoded', async (t) => {
    const { url, messages } = await listen(t);
    const targets = ['x/batch/', '/x', 'x//y', 'x/', 'a?b=c', 'a#b', 'x/Batch', 'x/batch;v=1'];
    for (const target of targets)
      assert.equal((await curl('-d', 'x', `${url}/produce/${encodeURIComponent(target)}`)).status, 202, target);
    assert.deepEqual(
      messages.map(({ target }) => target),
      targets,
    );
  });
});

describe('a server that is full', () => {
  test('has the message answered 503, not taken, and told to send it again; the producer does not wait', async (t) => {
    const { url, next, logged } = await fly(t);
    const answer = post(`${url}/produce/orders`);
    const { message, refuse } = await next();
    assert.equal(message.whenFull, 'reject');
    refuse(new SputnikError('SERVER_FULL', 'OOM command not allowed'));
    const got = await answer;
    assert.deepEqual([got.status, codeOf(got), got.headers['retry-after']], [503, 'SERVER_FULL', '5']);
    assert.match(got.body, /OOM command not allowed; .*the message was not taken, send it again later/);
    assert.ok(logged.some(({ event }) => event === 'serverFull'));
  });
});
