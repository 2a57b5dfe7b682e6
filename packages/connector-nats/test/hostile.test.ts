import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectTo, createServer, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { Logger } from '@sputnikjs/core';
import { certificates } from '@sputnikjs/testkit/servers';
import { connector } from '../dist/index.js';
import { addStream, open, started } from './helpers.js';

test('a password that goes to another host in clear is warned of; to this one, or over TLS, it is not', async () => {
  for (const [config, isWarned] of [
    [{ url: 'nats://nats.example', username: 'me', password: 'secret' }, true],
    [{ url: 'nats://nats.example', token: 'secret' }, true],
    [{ url: 'nats://nats.example' }, false],
    [{ url: 'nats://127.0.0.1', username: 'me', password: 'secret' }, false],
    [{ url: 'nats://localhost', token: 'secret' }, false],
    [{ url: 'tls://nats.example', token: 'secret' }, false],
    [{ url: 'nats://127.0.0.1', credsFile: '/nowhere' }, false],
  ] as const) {
    const warned: object[] = [];
    const nothing = (): void => undefined;
    const log: Logger = { debug: nothing, info: nothing, warn: (fields) => void warned.push(fields), error: nothing };
    const checked = await connector.config['~standard'].validate(config);
    assert.ok(!checked.issues, JSON.stringify(checked.issues));
    await connector.make(checked.value).start?.(log);
    assert.deepEqual(
      warned,
      isWarned ? [{ event: 'passwordInClear', host: 'nats.example' }] : [],
      JSON.stringify(config),
    );
  }
});

test('over TLS only the first line counts of what comes in clear', async (t) => {
  const pem = await certificates(t, 'nats.test');
  const { port } = await started(t, [
    `tls { cert_file: "${pem('server.pem')}", key_file: "${pem('server.key')}", ca_file: "${pem('ca.pem')}" }`,
  ]);
  const login = { caFile: pem('ca.pem'), servername: 'nats.test' };
  await addStream(`tls://127.0.0.1:${port}`, { name: 'S', subjects: ['a'] }, { tls: login });
  // Somebody between the two adds a line of their own behind the greeting.
  const middle = createServer((client) => {
    const server = connectTo(port, '127.0.0.1').on('error', () => {});
    client.on('error', () => {}).on('close', () => server.destroy());
    server.on('close', () => client.destroy());
    server.once('data', (greeting) => {
      client.write(Buffer.concat([greeting, Buffer.from('INFO {"max_payload":1,"headers":false}\r\n')]));
      server.pipe(client);
      client.pipe(server);
    });
  }).listen(0, '127.0.0.1');
  t.after(() => middle.close());
  await once(middle, 'listening');
  const url = `tls://127.0.0.1:${(middle.address() as AddressInfo).port}`;
  const { connection } = await open(t, { url, ...login });
  await connection.producer.produce({ target: 'a', payload: 'more than a byte' });
});
