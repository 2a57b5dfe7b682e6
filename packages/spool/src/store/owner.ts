import { randomBytes } from 'node:crypto';
import { link, lstat, rename, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { privately } from '@sputnikjs/messaging/net';

/** Its owner listens at this socket in the folder. */
const SOCKET = 'owner';
/** Longest path of a socket (unix(7)); Node would cut a longer one, and listen there. */
const LONGEST = process.platform === 'linux' ? 107 : 103;
/** Bytes that what is appended to the name of the socket may have: of those that take a stale one over. */
const SUFFIXES = 28;
/** So many others may be connected: commands, and those who look whether there is an owner. */
const MOST_CONNECTIONS = 16;
/** How long to wait for another process that takes over, in milliseconds, and how often. */
const [PAUSE_MS, PAUSES] = [5, 200] as const;

/** Where the owner of a folder listens. */
export function socketOf(folder: string): string {
  return join(folder, SOCKET);
}

/**
 * Makes this process the owner of a folder, until it ends, however it ends. Rejects while another process is: it listens at a socket in the
 * folder. A socket at which nobody listens any more is that of a process that is gone, and is replaced. `onConnect` gets the connections of
 * others, who may want nothing but to know whether there is an owner; their errors are nobody's.
 */
export async function own(
  folder: string,
  onConnect: (socket: Socket) => void = (socket) => socket.destroy(),
): Promise<{ release(): Promise<void> }> {
  const path = socketOf(folder);
  const tooLong = Buffer.byteLength(path) + SUFFIXES - LONGEST;
  if (tooLong > 0)
    throw new Error(
      `the path of the folder is too long for a socket in it, by ${tooLong} bytes. Configure a shorter "path"`,
    );
  const mine = `${path}.${randomBytes(6).toString('base64url')}`;
  const sockets = new Set<Socket>();
  const server = await listen(mine, (socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).once('close', () => sockets.delete(socket));
    onConnect(socket);
  });
  try {
    for (let pauses = 0; !(await takes(path, mine)); pauses++) {
      if (pauses === PAUSES) throw inUse(folder);
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  } catch (error) {
    await close(server);
    throw error instanceof Heard ? inUse(folder) : error;
  }
  await rm(mine, { force: true });
  return {
    async release() {
      await rm(path, { force: true });
      for (const socket of sockets) socket.destroy();
      await close(server);
    },
  };
}

class Heard extends Error {}

function inUse(folder: string): Error {
  return new Error(
    `another satellite keeps its messages in ${folder}. Stop it, or configure another "path": each needs its own folder`,
  );
}

/**
 * Gives the name `path` to the socket `mine`; false if another process is about to take it over, so that it has to be tried again. Rejects with
 * Heard if somebody listens there. A link is made only where no name is, so one of many gets it. Who replaces a stale socket has to have the name
 * of its takeover, which is got in the same way: so nobody replaces what another has put there since.
 */
async function takes(path: string, mine: string): Promise<boolean> {
  if (await links(mine, path)) return true;
  const stale = await socketAt(path);
  if (stale === undefined) return false;
  if (await isHeard(path)) throw new Heard();
  const takeover = `${path}.${stale.toString(36)}`;
  if (Buffer.byteLength(takeover) > LONGEST)
    throw new Error(`${takeover} was left by satellites that were killed; remove it`);
  const gets = await takes(takeover, mine).catch((error: unknown) => {
    if (error instanceof Heard) return false;
    throw error;
  });
  if (!gets) return false;
  try {
    // It may have been replaced between the look at it and the takeover.
    if ((await socketAt(path)) !== stale || (await isHeard(path))) return false;
    const next = `${mine}.1`;
    await link(mine, next);
    await rename(next, path);
    return true;
  } finally {
    await rm(takeover, { force: true });
  }
}

/** False if something has that name already. */
async function links(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** The inode of the socket; undefined if nothing is there. Rejects if something else is. */
async function socketAt(path: string): Promise<bigint | undefined> {
  const stats = await lstat(path, { bigint: true }).catch(() => undefined);
  // guard: D8 only a socket is replaced
  if (stats?.isSocket() === false) throw new Error(`${path} is no socket. Move it away, or configure another "path"`);
  return stats?.ino;
}

/** False if the process that listened at the socket is gone. */
function isHeard(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path, () => {
      probe.destroy();
      resolve(true);
    });
    probe.on('error', ({ code }: NodeJS.ErrnoException) => resolve(code !== 'ECONNREFUSED' && code !== 'ENOENT'));
  });
}

function listen(path: string, onConnect: (socket: Socket) => void): Promise<Server> {
  // Who asks ends its half, and waits for the answer.
  const server = createServer({ allowHalfOpen: true }, onConnect);
  // guard: connections to the owner are bounded
  server.maxConnections = MOST_CONNECTIONS;
  // The flight keeps the process alive, not the socket.
  server.unref();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    privately(() => void server.listen(path, () => resolve(server)));
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => void server.close(() => resolve()));
}
