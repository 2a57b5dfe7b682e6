import { setImmediate as turn } from 'node:timers/promises';

/** Turns of the event loop in which nothing has to come: in the first a connection is accepted, in the second it is read. */
const QUIET_TURNS = 3;

/**
 * Resolves when what the kernel had taken in for this process has been read: senders that have gone believe that it is here. `count` counts
 * what has come; while it grows there may be more. Ends after `mostTurns` turns of the event loop, however much still comes: in a turn
 * Node accepts one connection, and reads 32 datagrams. Ends sooner if `isOver` says so.
 *
 * @example
 * import { createSocket } from 'node:dgram';
 * import { once } from 'node:events';
 * import { arrived } from '@sputnikjs/messaging/net';
 * let count = 0;
 * const receiver = createSocket('udp4', () => count++).bind(0, '127.0.0.1');
 * await once(receiver, 'listening');
 * const sender = createSocket('udp4');
 * await new Promise((resolve) => sender.send('hello', receiver.address().port, '127.0.0.1', resolve));
 * await arrived(() => count, 1_000);
 * console.log(count); // 1
 * sender.close();
 * receiver.close();
 */
export async function arrived(
  count: () => number,
  mostTurns: number,
  isOver: () => boolean = () => false,
): Promise<void> {
  let [quiet, before] = [0, count()];
  for (let turns = 0; turns < mostTurns && quiet < QUIET_TURNS && !isOver(); turns++) {
    await turn();
    const now = count();
    quiet = now === before ? quiet + 1 : 0;
    before = now;
  }
}
