import { setImmediate as turn } from 'node:timers/promises';

/** So many turns of the event loop without anything new are the end: one accepts a connection, the next reads it. */
const QUIET_TURNS = 3;

/**
 * Resolves when everything is read that the kernel had received for this process: senders that are gone believe that it arrived. `count` returns
 * how much has come; while it grows, there may be more. Resolves at the latest after `mostTurns` turns of the event loop, in each of which
 * Node accepts one connection and reads 32 datagrams; sooner if `isOver` returns true.
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
