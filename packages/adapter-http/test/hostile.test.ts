import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { codeOf, post, Wire } from './clients.js';
import { listen, patient } from './listen.js';

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
    const { port } = await listen(t, { patience: { ...patient, lingerMs: 100 } });
    for (const size of ['content-length: 99999999999', 'transfer-encoding: chunked']) {
      const wire = new Wire(port).send(`POST /produce/a HTTP/1.1\r\nhost: a\r\n${size}\r\n\r\n`);
      const chunk = Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(65_536), Buffer.from('\r\n')]);
      const flood = (): unknown => wire.socket.writable && wire.socket.write(chunk, () => setImmediate(flood));
      flood();
      assert.equal((await wire.answer()).status, 413);
    }
  });

  test('leaves the connection usable when it ends in time', async (t) => {
    const { port } = await listen(t, { patience: patient });
    const wire = new Wire(port).send('POST /produce/a HTTP/1.1\r\nhost: a\r\ncontent-length: 200000\r\n\r\n');
    await once(wire.socket, 'data');
    wire.send(
      Buffer.alloc(200_000),
      'POST /produce/b HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 1\r\n\r\nx',
    );
    assert.match(await wire.received, /^HTTP\/1.1 413[^]*HTTP\/1.1 202/);
  });
});

describe('a slow client', () => {
  test('whose headers or body do not arrive in time is answered 408 and cut', async (t) => {
    const headers = await listen(t, { patience: { ...patient, headersMs: 200 } });
    const body = await listen(t, { patience: { ...patient, requestMs: 200, headersMs: 200 } });
    const wires = [
      new Wire(headers.port),
      new Wire(headers.port).send('POST /produce/a HTTP/1.1\r\nhost: a\r\n'),
      new Wire(body.port).send('POST /produce/a HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nabc'),
    ];
    for (const wire of wires) assert.equal(codeOf(await wire.answer()), 'REQUEST_TIMEOUT');
    assert.deepEqual(body.messages, []);
  });

  test('harms no other', async (t) => {
    const { port, url } = await listen(t, { patience: patient });
    const slow = Array.from({ length: 200 }, () =>
      new Wire(port).send('POST /produce/a HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nabc'),
    );
    await Promise.all(slow.map(({ socket }) => once(socket, 'connect')));
    assert.equal((await post(`${url}/produce/b`)).status, 202);
  });
});
