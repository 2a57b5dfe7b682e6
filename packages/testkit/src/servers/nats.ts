import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RealServer, type Scope } from './real-server.js';

/**
 * Makes a `nats-server` with JetStream on file. `lines` are added to its configuration, `storage` to the part for JetStream, such as limits. It is
 * not started yet.
 *
 * @example
 * import assert from 'node:assert/strict';
 * import { test } from 'node:test';
 * import { natsServer } from '@sputnikjs/testkit/servers';
 * test('a server is there, and gone with the test', async (t) => {
 *   const server = await natsServer(t);
 *   await server.start();
 *   assert.match(server.url, /^nats:\/\/127\.0\.0\.1:\d+$/);
 * });
 */
export function natsServer(
  scope: Scope,
  lines: readonly string[] = [],
  storage: readonly string[] = [],
): Promise<RealServer> {
  return RealServer.of(scope, {
    scheme: 'nats',
    ready: 'Server is ready',
    async command(folder, port) {
      const conf = join(folder, 'nats.conf');
      const jetstream = ['jetstream {', `store_dir: "${join(folder, 'data')}"`, ...storage, '}'];
      await writeFile(conf, [`listen: "127.0.0.1:${port}"`, ...jetstream, ...lines, ''].join('\n'));
      return { program: 'nats-server', args: ['-c', conf] };
    },
  });
}
