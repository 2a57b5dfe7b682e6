import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { matcherOf, readAccess } from '../dist/access/access.js';
import { HTTP_GATEWAY_CONFIG } from '../dist/config.js';
import { temporaryFolder } from './certificates.js';
import { codeOf, curl, Wire } from './clients.js';
import { listen, reading, silent } from './listen.js';
import { fly } from './satellite.js';

/** A token of that name in a file. */
function token(folder: string, name: string, text: string, ...targets: string[]) {
  const file = join(folder, name);
  writeFileSync(file, text);
  return { name, file, targets };
}

/** A listener that knows two tokens. */
async function guarded(t: TestContext) {
  const folder = temporaryFolder(t);
  const tokens = [
    token(folder, 'shop', 'shop-secret\n', 'orders', 'orders.*'),
    token(folder, 'admin', 'admin-secret==', '*'),
  ];
  const { url, port, messages } = await listen(t, { access: await readAccess(tokens, reading(silent)) });
  const to = (target: string, ...args: string[]) => curl('-d', 'x', ...args, `${url}/produce/${target}`);
  return { to, port, messages };
}

const bearer = (text: string): [string, string] => ['-H', `authorization: Bearer ${text}`];

describe('with tokens', () => {
  test('a request without one of them is answered 401, whatever else is wrong with it', async (t) => {
    const { to, messages } = await guarded(t);
    const wrong: string[][] = [[], bearer('shop-secre'), bearer('shop-secret2'), bearer('SHOP-SECRET'), bearer('')];
    wrong.push(['-u', 'shop:shop-secret'], ['-H', 'authorization: shop-secret'], bearer('shop-secret admin-secret=='));
    wrong.push([...bearer('shop-secret'), ...bearer('shop-secret')], ['-H', 'content-encoding: gzip']);
    for (const args of wrong) {
      const got = await to('orders', ...args);
      assert.equal(got.status, 401, args.join(' '));
      assert.equal(got.headers['www-authenticate'], 'Bearer');
      assert.equal(codeOf(got), 'UNAUTHORIZED');
      assert.doesNotMatch(got.body, /secret/);
    }
    assert.deepEqual(messages, []);
  });

  test('requests that are denied are told in the log: the first at once, others in numbers, and no token', async (t) => {
    const told: Record<string, unknown>[] = [];
    const log = { ...silent, warn: (fields: object, text?: string) => void told.push({ ...fields, text }) };
    const tokens = [token(temporaryFolder(t), 'shop', 'shop-secret', 'orders')];
    const { listener, port } = await listen(t, { access: await readAccess(tokens, reading(silent)), log });
    const guess = (target: string, text: string): string =>
      `POST /produce/${target} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${text}\r\ncontent-length: 1\r\n\r\nx`;
    const guesses = Array.from({ length: 20 }, (_, index) => guess('orders', `guess-${index}`));
    const last = guess('others', 'shop-secret').replace('host: a', 'host: a\r\nconnection: close');
    await new Wire(port).send(...guesses, last).received;
    await listener.close();
    assert.deepEqual(
      told.map(({ event, count, remoteAddress }) => [event, count, remoteAddress]),
      [
        ['unauthorized', 1, '127.0.0.1'],
        ['forbidden', 1, '127.0.0.1'],
        ['unauthorized', 19, '127.0.0.1'],
      ],
    );
    assert.doesNotMatch(JSON.stringify(told), /guess|secret/);
  });

  test('a request may use the targets of its token, and no others', async (t) => {
    const { to, messages } = await guarded(t);
    for (const target of ['orders', 'orders.eu', 'orders.', 'orders%2Eeu%2Fx', 'orders.eu/batches']) {
      assert.equal((await to(target, ...bearer('shop-secret'))).status, 202, target);
    }
    for (const target of ['order', 'orders2', 'Orders', 'invoices', 'x/orders.eu', 'orders/batch']) {
      const got = await to(target, ...bearer('admin-secret=='), '-H', 'content-type: application/x-ndjson');
      assert.notEqual(got.status, 403, target);
    }
    const taken = messages.length;
    for (const target of ['order', 'orders2', 'Orders', 'invoices', 'x/orders.eu', 'x%2forders.', 'invoices/batch']) {
      const got = await to(target, ...bearer('shop-secret'));
      assert.equal(got.status, 403, target);
      assert.equal(codeOf(got), 'FORBIDDEN');
      assert.match(got.body, /the token .{2}shop.{2} is not for/);
    }
    assert.equal(messages.length, taken);
  });

  test('a body is not waited for where the headers say that it is in vain', async (t) => {
    const { port } = await guarded(t);
    const head = 'POST /produce/invoices HTTP/1.1\r\nhost: a\r\ncontent-length: 99999\r\n';
    const stranger = new Wire(port).send(`${head}\r\n`);
    stranger.socket.once('data', () => stranger.socket.end());
    assert.equal((await stranger.answer()).status, 401);
    const shop = new Wire(port).send(`${head}authorization: bearer shop-secret\r\n\r\n`);
    shop.socket.once('data', () => shop.socket.end());
    assert.equal((await shop.answer()).status, 403);
  });

  test('a pattern of two parts is for targets that have both, one behind the other', () => {
    const fits = matcherOf('ab*ba');
    assert.deepEqual(
      ['ab', 'aba', 'abba', 'ab/ba', 'ba'].map((target) => fits(target)),
      [false, false, true, true, false],
    );
  });

  test('a web page that has one may send, one that has none may not', async (t) => {
    const { to } = await guarded(t);
    const page = ['-H', 'origin: https://example.com'];
    assert.equal((await to('orders', ...page, ...bearer('shop-secret'))).status, 202);
    assert.equal((await to('orders', ...page)).status, 401);
  });

  test('that files do not hold, or that are the same, nothing starts, and no secret is told', async (t) => {
    const folder = temporaryFolder(t);
    const missing = { name: 'gone', file: join(folder, 'gone'), targets: ['*'] };
    const bad = ['', '\n', 'two secrets', 'two\nsecrets\n', 'secret\n\n', 'sécret'];
    for (const text of bad) {
      const tokens = [token(folder, 'bad', text, '*')];
      await assert.rejects(readAccess(tokens, reading(silent)), ({ message }: Error) => {
        assert.match(message, /has no token "bad" that can be sent; a token is letters/);
        assert.doesNotMatch(message, /two|cret/);
        return true;
      });
    }
    await assert.rejects(readAccess([missing], reading(silent)), /cannot read the file of the token "gone": ENOENT/);
    const same = [token(folder, 'a', 'secret', '*'), token(folder, 'b', 'secret\r\n', '*')];
    await assert.rejects(readAccess(same, reading(silent)), /the tokens "a" and "b" are the same/);
  });
});

describe('without tokens', () => {
  test('everybody may send but web pages: CORS is off, and simple requests that need none are refused', async (t) => {
    const { url, messages } = await listen(t);
    const page = ['-H', 'origin: https://example.com'];
    const got = await curl('-d', 'x', ...page, '-H', 'content-type: text/plain', `${url}/produce/a`);
    assert.equal(got.status, 403);
    assert.equal(codeOf(got), 'FORBIDDEN');
    const asked = await curl('-X', 'OPTIONS', ...page, '-H', 'access-control-request-method: POST', `${url}/produce/a`);
    assert.equal(asked.status, 405);
    for (const { headers } of [got, asked]) {
      assert.deepEqual(
        Object.keys(headers).filter((name) => name.startsWith('access-control')),
        [],
      );
    }
    assert.deepEqual(messages, []);
  });

  test('a gateway that strangers can reach names its targets, or says that all are meant; it is for no others', async (t) => {
    const checked = await HTTP_GATEWAY_CONFIG['~standard'].validate({ host: '0.0.0.0' });
    assert.match(JSON.stringify(checked.issues), /list the targets, or /);
    const { url, takeAll } = await fly(t, { config: { targets: ['orders.*'] } });
    takeAll();
    assert.equal((await curl('-d', 'x', `${url}/produce/orders.eu`)).status, 202);
    const got = await curl('-d', 'x', `${url}/produce/payments`);
    assert.deepEqual([got.status, codeOf(got)], [403, 'FORBIDDEN']);
  });

  test('a body is asked for only where it is wanted: who is denied, or too large, gets that instead of 100', async (t) => {
    const { port } = await guarded(t);
    const head = (target: string, secret: string, length = 1): string =>
      `POST /produce/${target} HTTP/1.1\r\nhost: a\r\nconnection: close\r\nauthorization: Bearer ${secret}\r\nexpect: 100-continue\r\ncontent-length: ${length}\r\n\r\n`;
    for (const [request, status] of [
      [head('orders', 'wrong'), 401],
      [head('payments', 'shop-secret'), 403],
      [head('orders', 'shop-secret', 200_000), 413],
    ] as const) {
      const wire = new Wire(port, true).send(request);
      wire.socket.end();
      assert.match(await wire.received, new RegExp(`^HTTP/1\\.1 ${status} `));
    }
    const wire = new Wire(port).send(head('orders', 'shop-secret'));
    wire.socket.once('data', () => wire.send('x'));
    assert.match(await wire.received, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 202 /);
  });

  test('a secret that everybody can read is warned of', async (t) => {
    const warned: object[] = [];
    const log = { ...silent, warn: (fields: object) => void warned.push(fields) };
    const mine = token(temporaryFolder(t), 'shop', 'shop-secret', 'orders');
    chmodSync(mine.file, 0o644);
    await readAccess([mine], reading(log));
    chmodSync(mine.file, 0o600);
    await readAccess([mine], reading(log));
    assert.deepEqual(warned, [{ event: 'readableSecret', token: 'shop', file: mine.file }]);
  });

  test('a gateway that strangers can reach warns at the start; one on loopback, or with a lock, does not', async (t) => {
    const folder = temporaryFolder(t);
    const tokens = [token(folder, 'a', 'secret', '*')];
    const warnings: [object, RegExp | undefined][] = [
      [{ host: '127.0.0.1' }, undefined],
      [{ host: 'localhost' }, undefined],
      [{ host: '0.0.0.0', targets: ['*'] }, /everybody who reaches 0\.0\.0\.0 may send messages; give "tokens"/],
      [{ host: '0.0.0.0', tokens }, /come to 0\.0\.0\.0 unencrypted; give "certFile"/],
    ];
    for (const [config, text] of warnings) {
      const { logged } = await fly(t, { config });
      const [warning] = logged.filter(({ event }) => event === 'exposed');
      if (text === undefined) assert.equal(warning, undefined);
      else assert.match(warning?.text ?? '', text);
    }
  });
});
