import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Resolves with a free port of 127.0.0.1. It is below those that the system assigns, so nobody who asks the system gets it meanwhile.
 *
 * @example
 * import { once } from 'node:events';
 * import { createServer } from 'node:net';
 * import { freePort } from '@sputnikjs/testkit/servers';
 * const server = createServer().listen(await freePort(), '127.0.0.1');
 * await once(server, 'listening');
 * console.log(server.listening); // true
 * server.close();
 */
export async function freePort(): Promise<number> {
  const port = 10_000 + Math.floor(Math.random() * 20_000);
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return freePort();
  }
  server.close();
  await once(server, 'close');
  return port;
}
