import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { Certificate } from '../dist/receive/certificate.js';
import { certificate, contents, temporaryFolder } from './certificates.js';
import { curl, Wire } from './clients.js';
import { listen, reading, silent } from './listen.js';
import { prepare } from './satellite.js';

describe('over TLS', () => {
  test('a client that trusts the certificate is served, one that does not goes away', async (t) => {
    const pair = certificate(temporaryFolder(t), 'gateway');
    const { url, messages } = await listen(t, { certificate: await Certificate.read(pair, reading(silent)) });
    const send = (...args: string[]) => curl('-d', 'x', ...args, `${url}/produce/a`);
    assert.equal((await send('--cacert', pair.certFile)).status, 202);
    await assert.rejects(send(), /curl: .*certificate/);
    assert.equal(messages.length, 1);
  });

  test('where clients need a certificate, one without, or with another, is not served', async (t) => {
    const folder = temporaryFolder(t);
    const [gateway, client, stranger] = ['gateway', 'client', 'stranger'].map((name) => certificate(folder, name));
    assert.ok(gateway && client && stranger);
    const { url, messages } = await listen(t, {
      certificate: await Certificate.read({ ...gateway, caFile: client.certFile }, reading(silent)),
    });
    const send = (...args: string[]) => curl('--cacert', gateway.certFile, '-d', 'x', ...args, `${url}/produce/a`);
    assert.equal((await send('--cert', client.certFile, '--key', client.keyFile)).status, 202);
    await assert.rejects(send(), /curl: /);
    await assert.rejects(send('--cert', stranger.certFile, '--key', stranger.keyFile), /curl: /);
    assert.equal(messages.length, 1);
  });

  test('garbage, plain HTTP and clients that never speak harm nobody, and are cut', async (t) => {
    const pair = certificate(temporaryFolder(t), 'gateway');
    const { url, port, messages } = await listen(t, {
      certificate: await Certificate.read(pair, reading(silent)),
      limits: { headersMs: 300 },
    });
    const wires = [
      new Wire(port).send(Buffer.alloc(100_000, 0xff)),
      new Wire(port).send('POST /produce/a HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\n\r\nx'),
      new Wire(port).send(Buffer.from([22, 3, 1, 2])),
      new Wire(port),
    ];
    assert.equal((await curl('--cacert', pair.certFile, '-d', 'x', `${url}/produce/a`)).status, 202);
    for (const wire of wires) assert.doesNotMatch(await wire.received, / 202 /);
    assert.equal((await curl('--cacert', pair.certFile, '-d', 'x', `${url}/produce/a`)).status, 202);
    assert.equal(messages.length, 2);
  });

  test('a listener lands: who shakes hands is cut, who is complete is answered', async (t) => {
    const pair = certificate(temporaryFolder(t), 'gateway');
    const { port, listener } = await listen(t, { certificate: await Certificate.read(pair, reading(silent)) });
    const half = new Wire(port).send(Buffer.from([22, 3, 1]));
    const idle = connectTls({ port, host: '127.0.0.1', ca: contents(pair).cert });
    await once(idle, 'secureConnect');
    await listener.land();
    await half.received;
    if (!idle.closed) await once(idle.resume(), 'close');
  });

  test('by the configuration it listens on https; files that are missing or no pair fail the start, named', async (t) => {
    const folder = temporaryFolder(t);
    const [one, other] = [certificate(folder, 'one'), certificate(folder, 'other')];
    const { url } = await prepare(t, { config: { ...one, caFile: other.certFile } });
    assert.match(url, /^https:\/\/127\.0\.0\.1:\d+$/);
    const send = curl('--cacert', one.certFile, '--cert', other.certFile, '--key', other.keyFile, `${url}/produce/a`);
    assert.equal((await send).status, 405);

    const failures: [object, RegExp][] = [
      [{ ...one, certFile: `${folder}/none` }, /cannot read certFile: ENOENT/],
      [
        { ...one, keyFile: other.keyFile },
        /TLS cannot be set up .*: .*mismatch.*; are they PEM, and do certFile and keyFile belong together\?/,
      ],
      [{ ...one, certFile: one.keyFile }, /TLS cannot be set up/],
      [{ tokens: [{ name: 'a', file: `${folder}/none`, targets: ['*'] }] }, /file of the token "a": ENOENT/],
    ];
    for (const [config, text] of failures) {
      await assert.rejects(prepare(t, { config }), ({ cause }: Error) => {
        assert.match((cause as Error).message, text);
        return true;
      });
    }
  });
});
