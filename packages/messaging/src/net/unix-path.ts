import { lstat, unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { isMainThread } from 'node:worker_threads';

/** What to do if a path cannot be used. */
export const PATH_ADVICE: { readonly [code: string]: string } = {
  // libuv also reports this for folders that do not exist.
  EACCES: 'its folder does not exist, or this user may not write to it. Correct that, or configure another "path"',
  EADDRINUSE: 'something else is there. Configure another "path"',
};

/** Longest path of a socket (unix(7)); Node would cut a longer one, and listen there. */
const LONGEST = process.platform === 'linux' ? 107 : 103;

/**
 * Removes a socket whose process is gone. If somebody listens at the path, or something else is there, rejects with an error that says what
 * to do.
 *
 * @example
 * import { clearPath } from '@sputnikjs/messaging/net';
 * await clearPath('/').catch(({ message }: Error) => console.log(message)); // cannot listen on Unix socket /: there is a file. Move it away, or configure another "path"
 */
export async function clearPath(path: string): Promise<void> {
  const cannot = `cannot listen on Unix socket ${path}`;
  if (Buffer.byteLength(path) > LONGEST)
    throw new Error(`${cannot}: the path is too long for a socket (${LONGEST} bytes). Configure a shorter "path"`);
  const stats = await lstat(path).catch(() => undefined);
  if (stats === undefined) return;
  if (!stats.isSocket()) throw new Error(`${cannot}: there is a file. Move it away, or configure another "path"`);
  if (await isHeard(path))
    throw new Error(`${cannot}: another process listens there. Stop it, or configure another "path"`);
  await unlink(path).catch((cause: Error) => {
    throw new Error(`${cannot}: the socket of a process that has ended cannot be removed: ${cause.message}`, { cause });
  });
}

/** What others may not do with a socket until it has its permissions. */
const OWNER_ONLY = 0o177;

/**
 * Makes sockets, at once, that only this user can connect to: the permissions configured come a moment later.
 *
 * @example
 * import { createServer } from 'node:net';
 * import { privately } from '@sputnikjs/messaging/net';
 * const server = createServer();
 * privately(() => void server.listen('/tmp/sputnik-example.sock'));
 * server.close(() => console.log(server.listening)); // false
 */
export function privately(listen: () => void): void {
  // the mask is that of the process: threads cannot set it
  if (!isMainThread) return listen();
  // guard: a Unix socket is nobody else's until it has its permissions
  const before = process.umask(OWNER_ONLY);
  try {
    listen();
  } finally {
    process.umask(before);
  }
}

/** Resolves with false if nobody listens at the socket any more. */
function isHeard(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path, () => {
      probe.destroy();
      resolve(true);
    });
    probe.on('error', ({ code }: NodeJS.ErrnoException) => resolve(code !== 'ECONNREFUSED' && code !== 'ENOENT'));
  });
}
