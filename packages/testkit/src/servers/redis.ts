import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RealServer, type Scope } from './real-server.js';

/**
 * Makes a `redis-server` that writes everything to disk before it answers. `lines` are added to its configuration. It is not started yet.
 *
 * @example
 * import assert from 'node:assert/strict';
 * import { test } from 'node:test';
 * import { redisServer } from '@sputnikjs/testkit/servers';
 * test('a server is there, and gone with the test', async (t) => {
 *   const server = await redisServer(t);
 *   await server.start();
 *   assert.match(server.url, /^redis:\/\/127\.0\.0\.1:\d+$/);
 * });
 */
export function redisServer(scope: Scope, lines: readonly string[] = []): Promise<RealServer> {
  return RealServer.of(scope, {
    scheme: 'redis',
    ready: 'Ready to accept connections',
    async command(folder, port) {
      const conf = join(folder, 'redis.conf');
      const own = [
        'bind 127.0.0.1',
        `port ${port}`,
        `dir ${folder}`,
        'save ""',
        'appendonly yes',
        'appendfsync always',
      ];
      await writeFile(conf, [...own, ...lines, ''].join('\n'));
      return { program: 'redis-server', args: [conf] };
    },
  });
}
