import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { gate } from '../gate.js';
import type { Scope } from './real-server.js';

/** How often a byte comes, in milliseconds. */
const EVERY_MS = 2;
/** It is in the midst of it after so many bytes. */
const SOME = 20;

/** A false server that says something, and from then on a few bytes from time to time, for ever. */
export interface TricklingServer {
  readonly port: number;
  /** Resolves when some of these bytes have gone. */
  readonly underWay: Promise<void>;
  /** The connections that are open. */
  readonly connections: number;
  /** Resolves when the first connection is closed. */
  readonly closed: Promise<void>;
}

/**
 * Starts a false server on loopback that ends with the test. It says the first of `said` to each connection, and one more each time that it has
 * heard something; behind the last of them it says `bytes`, in turn and again and again. All as Latin-1.
 */
export async function tricklingServer(
  scope: Scope,
  said: readonly string[],
  bytes: string | readonly string[],
): Promise<TricklingServer> {
  const sockets = new Set<Socket>();
  const [underWay, closed] = [gate(), gate()];
  const server = createServer((socket) => {
    sockets.add(socket);
    const left = [...said];
    let timer: NodeJS.Timeout | undefined;
    const trickle = (): void => {
      let count = 0;
      timer = setInterval(() => {
        socket.write(bytes[count++ % bytes.length] ?? '', 'latin1');
        if (count === SOME) underWay.open();
      }, EVERY_MS);
    };
    const say = (): void => {
      const next = left.shift();
      if (next !== undefined) socket.write(next, 'latin1');
      if (left.length === 0 && timer === undefined) trickle();
    };
    socket.on('error', () => {}).on('data', say);
    socket.once('close', () => {
      clearInterval(timer);
      sockets.delete(socket);
      closed.open();
    });
    say();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  scope.after(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    port: (server.address() as AddressInfo).port,
    underWay: underWay.passed,
    get connections() {
      return sockets.size;
    },
    closed: closed.passed,
  };
}
