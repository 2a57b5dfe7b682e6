import assert from 'node:assert/strict';
import { test } from 'node:test';
import { syslogproducer, syslogreceiver, syslogwriter } from '@sputnikjs/adapter-syslog';
import { globalFactories } from '@sputnikjs/core';

test('importing the register module makes the blocks known by their names, and nothing else does', async () => {
  assert.deepEqual(Object.keys(globalFactories()), []);
  await import('@sputnikjs/adapter-syslog/register');
  assert.deepEqual({ ...globalFactories() }, { syslogproducer, syslogreceiver, syslogwriter });
});
