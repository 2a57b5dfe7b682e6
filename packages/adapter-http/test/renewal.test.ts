import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { describe, test, type TestContext } from 'node:test';
import type { Logger } from '@sputnikjs/core';
import { readAccess } from '../dist/access/access.js';
import { Certificate } from '../dist/receive/certificate.js';
import { certificate, temporaryFolder } from './certificates.js';
import { post } from './clients.js';
import { listen, nothing, reading } from './listen.js';

/** A log, and the events in it. */
function noted() {
  const events: unknown[] = [];
  const note = (fields: object): void => void ('event' in fields && events.push(fields.event));
  const log: Logger = { debug: nothing, info: note, warn: note, error: note };
  return { log, events };
}

/** The name in the certificate that the gateway shows. */
function shown(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN));
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

/** A folder as Kubernetes mounts a secret: links to a folder that a link leads to. `swap` puts new files there, all at once. */
function mounted(t: TestContext, files: Readonly<Record<string, string>>) {
  const folder = temporaryFolder(t);
  let version = 0;
  const swap = (contents: Readonly<Record<string, string>>): void => {
    const before = `..${version++}`;
    mkdirSync(join(folder, `..${version}`));
    for (const [name, text] of Object.entries(contents)) writeFileSync(join(folder, `..${version}`, name), text);
    symlinkSync(`..${version}`, join(folder, '..data_tmp'));
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
    rmSync(join(folder, before), { recursive: true, force: true });
  };
  swap(files);
  for (const name of Object.keys(files)) symlinkSync(join('..data', name), join(folder, name));
  return { folder, swap };
}

const secret = (t: TestContext) => {
  const file = join(temporaryFolder(t), 'token');
  const write = (text: string): void => writeFileSync(file, text, { mode: 0o600 });
  return { file, write };
};

const send = async (url: string, token: string): Promise<number> =>
  (await post(`${url}/produce/a`, 'x', { authorization: `Bearer ${token}` })).status;

describe('a token whose file changes', () => {
  test('is the new one with the next request, over open connections, too, and the old one no longer', async (t) => {
    const { log, events } = noted();
    const { file, write } = secret(t);
    write('one');
    const { url } = await listen(t, { access: await readAccess([{ name: 'a', file, targets: ['*'] }], reading(log)) });
    assert.deepEqual([await send(url, 'one'), await send(url, 'two')], [202, 401]);
    write('two\n');
    assert.deepEqual([await send(url, 'one'), await send(url, 'two')], [401, 202]);
    assert.deepEqual(events, ['tokenRead']);
  });

  // elastic/kibana#110082, vectordotdev/vector#10877
  test('by a link that is swapped, as Kubernetes does, or with an old date is seen, too', async (t) => {
    const { log } = noted();
    const { folder, swap } = mounted(t, { token: 'one' });
    const { url } = await listen(t, {
      access: await readAccess([{ name: 'a', file: join(folder, 'token'), targets: ['*'] }], reading(log)),
    });
    assert.equal(await send(url, 'one'), 202);
    swap({ token: 'two' });
    assert.deepEqual([await send(url, 'one'), await send(url, 'two')], [401, 202]);
    for (const [before, text] of [
      ['two', 'six'],
      ['six', 'ten'],
    ] as const) {
      writeFileSync(join(folder, 'token'), text);
      utimesSync(join(folder, 'token'), 0, 0);
      assert.deepEqual([await send(url, before), await send(url, text)], [401, 202]);
    }
  });

  test('to what cannot be used stays as it was, with one warning for each change, and holds no other up', async (t) => {
    const { log, events } = noted();
    const [a, b] = [secret(t), secret(t)];
    a.write('one');
    b.write('two');
    const tokens = [a, b].map(({ file }, index) => ({ name: `${index}`, file, targets: ['*'] }));
    const { url } = await listen(t, { access: await readAccess(tokens, reading(log)) });
    a.write('not a token');
    b.write('three');
    assert.deepEqual([await send(url, 'one'), await send(url, 'two'), await send(url, 'three')], [202, 401, 202]);
    assert.deepEqual(new Set(events), new Set(['tokenRead', 'tokenUnusable']));
    assert.equal(events.length, 2);
    a.write('three');
    assert.deepEqual([await send(url, 'one'), await send(url, 'three')], [202, 202]);
    rmSync(a.file);
    assert.deepEqual([await send(url, 'one'), await send(url, 'one')], [202, 202]);
    a.write('four');
    assert.deepEqual([await send(url, 'one'), await send(url, 'four')], [401, 202]);
    assert.equal(events.filter((event) => event === 'tokenUnusable').length, 3);
  });
});

describe('a certificate whose files change', () => {
  test('is the new one with the next connection; one that is open goes on', async (t) => {
    const { log, events } = noted();
    const folder = temporaryFolder(t);
    const pair = certificate(folder, 'one');
    const { port } = await listen(t, { certificate: await Certificate.read(pair, reading(log)) });
    const open = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
    await new Promise((resolve) => open.once('secureConnect', resolve));
    assert.equal(await shown(port), 'one');
    const two = certificate(folder, 'two');
    renameSync(two.keyFile, pair.keyFile);
    assert.equal(await shown(port), 'one', 'the pair is not complete');
    renameSync(two.certFile, pair.certFile);
    const names = await Promise.all(Array.from({ length: 10 }, () => shown(port)));
    assert.deepEqual(new Set(names), new Set(['two']));
    assert.deepEqual(events, ['certificateUnusable', 'certificateRead']);
    open.write('GET /openapi.json HTTP/1.1\r\nhost: a\r\n\r\n');
    const [got] = await new Promise<Buffer[]>((resolve) => open.once('data', (...chunks: Buffer[]) => resolve(chunks)));
    assert.match(String(got), /^HTTP\/1.1 200/);
    open.destroy();
  });

  test('by a link that is swapped, as Kubernetes does, is seen, too', async (t) => {
    const { log } = noted();
    const folder = temporaryFolder(t);
    const [one, two] = ['one', 'two'].map((name) => {
      const { certFile, keyFile } = certificate(folder, name);
      return { 'tls.crt': readFileSync(certFile, 'utf8'), 'tls.key': readFileSync(keyFile, 'utf8') };
    });
    assert.ok(one && two);
    const mount = mounted(t, one);
    const files = { certFile: join(mount.folder, 'tls.crt'), keyFile: join(mount.folder, 'tls.key') };
    const { port } = await listen(t, { certificate: await Certificate.read(files, reading(log)) });
    assert.equal(await shown(port), 'one');
    mount.swap(two);
    assert.equal(await shown(port), 'two');
  });
});
