import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Logger } from '@sputnikjs/core';
import { connector } from '../dist/index.js';

test('a password that goes to another host in clear is warned of; to this one, or over TLS, it is not', async () => {
  for (const [config, isWarned] of [
    [{ url: 'nats://nats.example', username: 'me', password: 'secret' }, true],
    [{ url: 'nats://nats.example', token: 'secret' }, true],
    [{ url: 'nats://nats.example' }, false],
    [{ url: 'nats://127.0.0.1', username: 'me', password: 'secret' }, false],
    [{ url: 'nats://localhost', token: 'secret' }, false],
    [{ url: 'tls://nats.example', token: 'secret' }, false],
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
