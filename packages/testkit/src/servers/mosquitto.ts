import { writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { RealServer, type Scope } from './real-server.js';

/**
 * Makes a `mosquitto` that keeps nothing on disk. `lines` are added to its configuration. It is not started yet.
 *
 * @example
 * import assert from 'node:assert/strict';
 * import { test } from 'node:test';
 * import { mosquitto } from '@sputnikjs/testkit/servers';
 * test('a server is there, and gone with the test', async (t) => {
 *   const server = await mosquitto(t);
 *   await server.start();
 *   assert.match(server.url, /^mqtt:\/\/127\.0\.0\.1:\d+$/);
 * });
 */
export function mosquitto(scope: Scope, lines: readonly string[] = ['allow_anonymous true']): Promise<RealServer> {
  return RealServer.of(scope, {
    scheme: 'mqtt',
    ready: / running$/,
    async command(folder, port) {
      const conf = join(folder, 'mosquitto.conf');
      const own = [
        // started as root it would change to a user that may not read its folder
        `user ${userInfo().username}`,
        `listener ${port} 127.0.0.1`,
        'persistence false',
        'max_queued_messages 0',
        'log_dest stderr',
        'set_tcp_nodelay true',
      ];
      await writeFile(conf, [...own, ...lines, ''].join('\n'));
      return { program: 'mosquitto', args: ['-c', conf] };
    },
  });
}
