import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import type { ProduceMessage } from '@sputnikjs/messaging';
import { REFUSALS, type Problem, type RefusalCode } from '@sputnikjs/adapter-http';
import { accepted, type Answer } from '../dist/answer/answers.js';
import { codeOf, curl, post, Wire } from './clients.js';
import { gate, listen, silent } from './listen.js';

describe('what is posted', () => {
  test('reaches its target as it is, whatever its bytes and type', async (t) => {
    const { messages, url } = await listen(t);
    const bytes = Buffer.from(Array.from({ length: 65_536 }, (_, i) => (i * 7) % 256));
    const types = [
      'application/octet-stream',
      'text/plain; charset=latin1',
      'application/x-www-form-urlencoded',
      'nonsense',
      'a/b;c',
    ];
    for (const type of types) {
      assert.equal((await post(`${url}/produce/orders`, bytes, { 'content-type': type })).status, 202, type);
      const { target, payload, contentType } = messages.pop() ?? assert.fail();
      assert.equal(target, 'orders');
      assert.deepEqual(Buffer.from(payload as Uint8Array), bytes);
      assert.equal(contentType, type);
    }
  });

  test('by curl as the README says arrives, with the type that curl gives it, and with none', async (t) => {
    const { messages, url } = await listen(t);
    const got = await curl('-d', '{"a":1}', `${url}/produce/orders`);
    assert.equal(got.status, 202);
    assert.deepEqual(JSON.parse(got.body), { target: 'orders' });
    assert.equal(messages[0]?.contentType, 'application/x-www-form-urlencoded');
    assert.equal((await curl('-d', '', '-H', 'content-type:', `${url}/produce/orders`)).status, 202);
    assert.equal((await curl('-X', 'POST', `${url}/produce/orders`)).status, 202);
    assert.deepEqual(messages[1], { target: 'orders', payload: Buffer.alloc(0), contentType: undefined });
    assert.deepEqual(messages[2], messages[1]);
    assert.equal((await curl('-d', 'x', '-H', 'transfer-encoding: chunked', `${url}/produce/orders`)).status, 202);
    assert.equal(String(messages[3]?.payload), 'x');
  });

  test('goes to the target that its path names, decoded once, slashes and all', async (t) => {
    const { messages, url } = await listen(t);
    const targets = ['orders', 'orders/eu', 'a//b/', '/', 'ü ✓', 'a%2Fb', '%', '+#$;,?&=:@', '..', 'x'.repeat(2000)];
    for (const target of targets) {
      const { status, body } = await curl('--path-as-is', '-d', 'x', `${url}/produce/${encodeURIComponent(target)}`);
      assert.equal(status, 202, target);
      assert.deepEqual(JSON.parse(body), { target });
    }
    assert.deepEqual(
      messages.map(({ target }) => target),
      targets,
    );
    for (const [path, target] of [
      ['a/b', 'a/b'],
      ['a?', 'a'],
      ['a%2fb', 'a/b'],
      ['a;b', 'a;b'],
      ['A', 'A'],
    ]) {
      assert.deepEqual(JSON.parse((await curl('-d', 'x', `${url}/produce/${path}`)).body), { target }, path);
    }
  });
});

describe('a bad request', () => {
  test('is answered with problem details: status, code, title, and what to do', async (t) => {
    const { messages, url } = await listen(t);
    const to = (path: string, ...args: string[]) => curl('-d', 'x', ...args, `${url}${path}`);
    const cases: [ReturnType<typeof curl>, number, RefusalCode][] = [
      [to('/produce/%zz'), 400, 'BAD_REQUEST'],
      [to('/produce/a%'), 400, 'BAD_REQUEST'],
      [to('/produce/%ff'), 400, 'BAD_REQUEST'],
      [to('/produce/'), 400, 'BAD_REQUEST'],
      [to('/produce/?a'), 400, 'BAD_REQUEST'],
      [to('/produce/a%00'), 400, 'BAD_REQUEST'],
      [to('/produce/a%0d%0aPUB%20b'), 400, 'BAD_REQUEST'],
      [to('/produce/a%c2%85'), 400, 'BAD_REQUEST'],
      [to('/produce/a', '-H', 'content-type: application/json'), 400, 'BAD_REQUEST'],
      [to('/produce/a', '-H', 'content-encoding: gzip'), 415, 'UNSUPPORTED_ENCODING'],
      [to('/produce'), 404, 'NOT_FOUND'],
      [to('/'), 404, 'NOT_FOUND'],
      [to('/Produce/a'), 404, 'NOT_FOUND'],
      [to('/produce/a', '-X', 'PUT'), 405, 'METHOD_NOT_ALLOWED'],
      [to('/produce/a', '-X', 'PROPFIND'), 405, 'METHOD_NOT_ALLOWED'],
      [curl(`${url}/produce/a`), 405, 'METHOD_NOT_ALLOWED'],
      [to('/produce/a', '-H', `x: ${'y'.repeat(20_000)}`), 431, 'HEADERS_TOO_LARGE'],
    ];
    for (const [answer, status, code] of cases) {
      const got = await answer;
      assert.equal(got.status, status, got.body);
      assert.equal(codeOf(got), code);
      assert.equal(got.headers['content-type'], 'application/problem+json; charset=utf-8');
      const { type, title, status: told, detail } = JSON.parse(got.body) as Problem;
      assert.equal(type, `/openapi.json#/components/responses/${code}`);
      assert.deepEqual([title, told], [REFUSALS[code].title, status]);
      assert.ok(detail.endsWith(REFUSALS[code].text), detail);
      assert.equal(got.headers['allow'], status === 405 ? 'POST' : undefined);
    }
    assert.deepEqual(messages, []);
  });

  test('that no parser understands is answered 400, and the connection closed', async (t) => {
    const { port } = await listen(t);
    const head = 'POST /produce/a HTTP/1.1\r\nhost: a\r\n';
    const garbage = [
      'oops\r\n\r\n',
      `${head}content-length: x\r\n\r\n`,
      `${head}transfer-encoding: chunked\r\n\r\nzz\r\n`,
    ];
    garbage.push(
      `${head}content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
      `${head}content-length: 1\r\ncontent-length: 2\r\n\r\nab`,
    );
    for (const text of garbage) {
      const got = await new Wire(port).send(text).answer();
      assert.equal(got.status, 400, text);
      assert.equal(codeOf(got), 'BAD_REQUEST');
    }
  });

  test('behind a good one on the same connection harms nobody else', async (t) => {
    const { url, port, messages } = await listen(t);
    const good = 'POST /produce/a HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\n\r\nx';
    assert.match(await new Wire(port).send(`${good}\0\0\0\0`).received, /HTTP\/1.1 400/);
    assert.equal((await post(`${url}/produce/b`)).status, 202);
    assert.equal(messages.at(-1)?.target, 'b');
  });
});

describe('a listener', () => {
  test('that lands answers what is complete, refuses what is not, cuts who says nothing, and then is gone', async (t) => {
    const asked = gate<ProduceMessage>();
    const release = gate<Answer>();
    const produce = (message: ProduceMessage): Promise<Answer> => (asked.open(message), release.opened);
    const { listener, port, url } = await listen(t, { produce });
    const head = 'POST /produce/a HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n';
    const silent = new Wire(port);
    const idle = new Wire(port).send('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    await once(idle.socket, 'data');
    const halfHead = new Wire(port).send(head);
    const halfBody = new Wire(port).send(`${head}expect: 100-continue\r\n\r\na`);
    await once(halfBody.socket, 'data');
    const complete = new Wire(port).send(`${head}\r\nabc`);
    assert.equal((await asked.opened).target, 'a');

    const landed = listener.land();
    assert.match(await idle.received, /^HTTP\/1.1 404/);
    const refused = await halfBody.received;
    assert.match(refused, /HTTP\/1.1 503[^]*connection: close[^]*"LANDING"/);
    await assert.rejects(post(url), { name: 'TypeError' });
    release.open(accepted('a'));
    const got = await complete.answer();
    assert.equal(got.status, 202);
    assert.equal(got.headers['connection'], 'close');
    await landed;
    assert.equal(await silent.received, '');
    assert.equal(await halfHead.received, '');
  });

  test('closes at once when told so, whatever is under way', async (t) => {
    const asked = gate<ProduceMessage>();
    const produce = (message: ProduceMessage): Promise<Answer> => (asked.open(message), new Promise(() => undefined));
    const { listener, port } = await listen(t, { produce });
    const wire = new Wire(port).send('POST /produce/a HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n');
    await asked.opened;
    const landed = listener.land();
    await listener.close();
    await landed;
    assert.equal(await wire.received, '');
  });

  test('whose client went away answers nobody and goes on', async (t) => {
    const asked = gate<ProduceMessage>();
    const release = gate<Answer>();
    const produce = (message: ProduceMessage): Promise<Answer> => (asked.open(message), release.opened);
    const { listener, port, url } = await listen(t, { produce });
    const wire = new Wire(port).send('POST /produce/a HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n');
    await asked.opened;
    wire.socket.destroy();
    await wire.received;
    release.open(accepted('a'));
    assert.equal((await post(`${url}/produce/a`)).status, 202);
    await listener.land();
  });

  test('whose own code fails answers 500 and logs why', async (t) => {
    const logged: object[] = [];
    const log = { ...silent, error: (fields: object) => void logged.push(fields) };
    const failure = new Error('a bug');
    const { url } = await listen(t, { log, produce: () => Promise.reject(failure) });
    const got = await post(`${url}/produce/a`);
    assert.equal(got.status, 500);
    assert.equal(codeOf(got), 'INTERNAL');
    assert.doesNotMatch(got.body, /a bug/);
    assert.deepEqual(logged, [{ event: 'requestFailed', code: undefined, error: failure }]);
  });

  test('says where it cannot listen, why, and what to do', async (t) => {
    const squatter = createServer().listen(0, '127.0.0.1');
    t.after(() => squatter.close());
    await once(squatter, 'listening');
    const { port } = squatter.address() as AddressInfo;
    await assert.rejects(listen(t, { port }), (error: Error) => {
      assert.match(error.message, new RegExp(`127\\.0\\.0\\.1:${port}: the port is in use; .* set another "port"`));
      assert.equal((error.cause as NodeJS.ErrnoException).code, 'EADDRINUSE');
      return true;
    });
    await assert.rejects(listen(t, { host: '192.0.2.1' }), /192\.0\.2\.1:0: .* set "host"/);
  });
});
