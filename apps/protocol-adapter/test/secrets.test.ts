import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Logger, StandardSchemaV1 } from '@sputnikjs/core';
import { connector as amqp } from '@sputnikjs/connector-amqp';
import { connector as mqtt } from '@sputnikjs/connector-mqtt';
import { connector as nats } from '@sputnikjs/connector-nats';
import { connector as redis } from '@sputnikjs/connector-redis';
import { MemoryLog } from '@sputnikjs/testkit';

interface Startable {
  readonly config: StandardSchemaV1;
  readonly make: (config: never) => { readonly start?: (log: Logger) => unknown };
}

/** What a connector of this configuration warns of when it starts. It connects nowhere. */
async function warnings(connector: Startable, given: object): Promise<readonly unknown[]> {
  const checked = await connector.config['~standard'].validate(given);
  assert.ok(!checked.issues, JSON.stringify(checked.issues));
  const log = new MemoryLog();
  await connector.make(checked.value as never).start?.(log);
  return log.lines.filter(({ level }) => level === 'warn').map(({ fields }) => fields);
}

test('each connector warns of a password that goes to another host in clear, and of a key that everybody can read', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'sputnik-secrets-'));
  t.after(() => rm(folder, { recursive: true }));
  const keyFile = join(folder, 'key.pem');
  await writeFile(keyFile, '-----BEGIN PRIVATE KEY-----', { mode: 0o644 });
  const login = { username: 'me', password: 'secret' };
  const tls = { ...login, certFile: join(folder, 'cert.pem'), keyFile };
  const of = (connector: Startable, plain: string, secure: string) => ({
    plain: (host: string) => warnings(connector, { url: `${plain}://${host}`, ...login }),
    secure: () => warnings(connector, { url: `${secure}://other.example`, ...tls }),
  });
  for (const { plain, secure } of [
    of(amqp, 'amqp', 'amqps'),
    of(mqtt, 'mqtt', 'mqtts'),
    of(nats, 'nats', 'tls'),
    of(redis, 'redis', 'rediss'),
  ]) {
    for (const host of ['other.example', '127.other.example', '10.0.0.1'])
      assert.deepEqual(await plain(host), [{ event: 'passwordInClear', host }]);
    for (const host of ['127.0.0.1', 'localhost', '[::1]']) assert.deepEqual(await plain(host), []);
    assert.deepEqual(await secure(), [{ event: 'readableSecret', file: keyFile }]);
  }
  const creds = { url: 'nats://other.example', credsFile: keyFile };
  assert.deepEqual(await warnings(nats, creds), [{ event: 'readableSecret', file: keyFile }]);
});
