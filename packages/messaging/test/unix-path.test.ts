import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { privately } from '@sputnikjs/messaging/net';

test('a socket that is made privately is its user’s only, from its first moment on, and the mask is as before', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sputnik-socket-'));
  const path = join(folder, 'socket');
  const mask = process.umask(0o002);
  const server = createServer();
  try {
    privately(() => server.listen(path));
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.equal(process.umask(), 0o002);
    await once(server, 'listening');
  } finally {
    process.umask(mask);
    server.close();
    rmSync(folder, { recursive: true });
  }
});
