import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { codeOf, post, Wire } from './clients.js';
import { accepted } from '../dist/answer/answers.js';
import type { ListenerOptions } from '../dist/listener.js';
import { gate, listen, silent } from './listen.js';

describe('a body that is too large', () => {
  test('is answered 413, its length announced or not, and its sender sees that', async (t) => {
    const { url, messages } = await listen(t);
    for (const size of [100_001, 20_000_000]) {
      const body = Buffer.alloc(size);
      assert.equal(codeOf(await post(`${url}/produce/a`, body)), 'TOO_LARGE');
      const stream = new Blob([body]).stream();
      const chunked = await fetch(`${url}/produce/a`, { method: 'POST', body: stream, duplex: 'half' });
      assert.equal(chunked.status, 413);
      await chunked.body?.cancel();
    }
    assert.equal((await post(`${url}/produce/a`, Buffer.alloc(100_000))).status, 202);
    assert.equal(messages.length, 1);
  });

  test('is not read endlessly: the connection is cut soon after the answer', async (t) => {
    const { port } = await listen(t, { limits: { lingerMs: 100 } });
    for (const size of ['content-length: 99999999999', 'transfer-encoding: chunked']) {
      const wire = new Wire(port).send(`POST /produce/a HTTP/1.1\r\nhost: a\r\n${size}\r\n\r\n`);
      const chunk = Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(65_536), Buffer.from('\r\n')]);
      const flood = (): unknown => wire.socket.writable && wire.socket.write(chunk, () => setImmediate(flood));
      flood();
      assert.equal((await wire.answer()).status, 413);
    }
  });

  test('leaves the connection usable when it ends in time', async (t) => {
    const { port } = await listen(t);
    const wire = new Wire(port).send('POST /produce/a HTTP/1.1\r\nhost: a\r\ncontent-length: 200000\r\n\r\n');
    await once(wire.socket, 'data');
    wire.send(
      Buffer.alloc(200_000),
      'POST /produce/b HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 1\r\n\r\nx',
    );
    assert.match(await wire.received, /^HTTP\/1.1 413[^]*HTTP\/1.1 202/);
  });
});

describe('bodies that come in or wait', () => {
  const half = (size: number): string => `POST /produce/a HTTP/1.1\r\nhost: a\r\ncontent-length: ${size}\r\n\r\n`;

  test('are held up to a bound, all together; beyond it they are answered 503 until there is room', async (t) => {
    const { port, url } = await listen(t, { limits: { maxBodyBytes: 60_000, maxHeldBytes: 100_000 } });
    const slow = new Wire(port).send(`${half(60_000).slice(0, -2)}expect: 100-continue\r\n\r\n`, Buffer.alloc(50_000));
    let refused = await post(`${url}/produce/b`, Buffer.alloc(60_000));
    // the slow one's bytes may be on their way yet
    while (refused.status === 202) refused = await post(`${url}/produce/b`, Buffer.alloc(60_000));
    assert.equal(refused.status, 503);
    assert.equal(codeOf(refused), 'FULL');
    assert.equal(refused.headers['retry-after'], '1');
    assert.equal((await post(`${url}/produce/b`, Buffer.alloc(40_000))).status, 202);
    slow.socket.destroy();
    let got = refused;
    while (got.status === 503) got = await post(`${url}/produce/b`, Buffer.alloc(60_000));
    assert.equal(got.status, 202);
  });

  test('give their room back, whether they were taken, refused or cut off', async (t) => {
    const { port, url, messages } = await listen(t, { limits: { maxBodyBytes: 50_000, maxHeldBytes: 100_000 } });
    for (let round = 0; round < 20; round++) {
      assert.equal((await post(`${url}/produce/a`, Buffer.alloc(50_000))).status, 202);
      assert.equal((await post(`${url}/produce/a`, Buffer.alloc(50_001))).status, 413);
      const chunked = await fetch(`${url}/produce/a`, {
        method: 'POST',
        body: new Blob([Buffer.alloc(60_000)]).stream(),
        duplex: 'half',
      });
      assert.equal(chunked.status, 413);
      await chunked.body?.cancel();
      const wrong = { 'content-type': 'application/json' };
      assert.equal((await post(`${url}/produce/a`, Buffer.alloc(50_000), wrong)).status, 400);
      const cut = new Wire(port).send(half(50_000), Buffer.alloc(40_000));
      await once(cut.socket, 'connect');
      cut.socket.end();
      await cut.received;
    }
    assert.equal(messages.length, 20);
  });
});

describe('a slow client', () => {
  test('whose headers or body do not arrive in time is answered 408 and cut', async (t) => {
    const headers = await listen(t, { limits: { headersMs: 200 } });
    const body = await listen(t, { limits: { requestMs: 200, headersMs: 200 } });
    const wires = [
      new Wire(headers.port),
      new Wire(headers.port).send('POST /produce/a HTTP/1.1\r\nhost: a\r\n'),
      new Wire(body.port).send('POST /produce/a HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nabc'),
    ];
    for (const wire of wires) assert.equal(codeOf(await wire.answer()), 'REQUEST_TIMEOUT');
    assert.deepEqual(body.messages, []);
  });

  test('harms no other', async (t) => {
    const { port, url } = await listen(t);
    const slow = Array.from({ length: 200 }, () =>
      new Wire(port).send('POST /produce/a HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nabc'),
    );
    await Promise.all(slow.map(({ socket }) => once(socket, 'connect')));
    assert.equal((await post(`${url}/produce/b`)).status, 202);
  });
});

describe('connections', () => {
  test('beyond the limit are closed, which the log tells: the one that has been idle for longest', async (t) => {
    const warnings: object[] = [];
    const log = { ...silent, warn: (fields: object) => void warnings.push(fields) };
    const { port } = await listen(t, { log, limits: { maxConnections: 3 } });
    const wires: Wire[] = [];
    for (let count = 0; count < 3; count++) {
      const wire = new Wire(port);
      await once(wire.socket, 'connect');
      wires.push(wire);
    }
    const [first, ...others] = wires;
    for (const wire of [new Wire(port), ...others.slice(1)]) {
      wire.send('POST /produce/a HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 1\r\n\r\nx');
      assert.equal((await wire.answer()).status, 202);
    }
    assert.equal(await first?.received, '');
    assert.deepEqual(warnings, [{ event: 'connectionDropped', count: 1, remoteAddress: '127.0.0.1' }]);
  });

  test('whose requests are under way are not closed for others: the newest is', async (t) => {
    const { opened, open } = gate<void>();
    const begun = gate<void>();
    const produce: ListenerOptions['produce'] = async ({ target }, _, onSettled) => {
      begun.open();
      await opened;
      onSettled();
      return accepted(target);
    };
    const { port } = await listen(t, { produce, limits: { maxConnections: 1 } });
    const first = new Wire(port).send(
      'POST /produce/a HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 1\r\n\r\nx',
    );
    await begun.opened;
    assert.equal(await new Wire(port).received, '');
    open();
    assert.equal((await first.answer()).status, 202);
  });

  test('of whoever has most give way first, wherever the others are', async (t) => {
    const { port } = await listen(t, { limits: { maxConnections: 4 } });
    const quiet = new Wire(port, false, '127.0.0.2');
    await once(quiet.socket, 'connect');
    for (let count = 0; count < 20; count++) await once(new Wire(port).socket, 'connect');
    quiet.send('POST /produce/a HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 1\r\n\r\nx');
    assert.equal((await quiet.answer()).status, 202);
  });

  test('five thousand of them that say nothing harm no other', async (t) => {
    const { port, url } = await listen(t, { limits: { checkMs: 2000 } });
    for (let opened = 0; opened < 5000; opened += 250) {
      const wires = Array.from({ length: 250 }, () => new Wire(port));
      await Promise.all(wires.map(({ socket }) => once(socket, 'connect')));
    }
    assert.equal((await post(`${url}/produce/b`)).status, 202);
  });

  test('that are cut in the midst of a request harm no other, and none of it is produced', async (t) => {
    const { port, url, messages } = await listen(t);
    const request = 'POST /produce/cut HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nabcdefgh';
    const wires = Array.from(request, (_, length) => new Wire(port).send(request.slice(0, length)));
    await Promise.all(wires.map(({ socket }) => once(socket, 'connect')));
    for (const [i, { socket }] of wires.entries()) {
      if (i % 2) socket.resetAndDestroy();
      else socket.end();
    }
    await Promise.all(wires.map(({ received }) => received));
    assert.equal((await post(`${url}/produce/whole`)).status, 202);
    assert.deepEqual(
      messages.map(({ target }) => target),
      ['whole'],
    );
  });
});
