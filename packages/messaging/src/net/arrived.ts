import { setImmediate as turn } from 'node:timers/promises';

/** Turns of the event loop in which nothing has to come: in the first a connection is accepted, in the second it is read. */
const QUIET_TURNS = 3;

/**
 * Resolves when what the kernel had taken in for this process has been read: senders that have gone believe that it is here. `count` counts
 * what has come; while it grows there may be more. Ends after `mostTurns` turns of the event loop, however much still comes: in a turn
 * Node accepts one connection, and reads 32 datagrams.
 */
export async function arrived(count: () => number, mostTurns: number): Promise<void> {
  let [quiet, before] = [0, count()];
  for (let turns = 0; turns < mostTurns && quiet < QUIET_TURNS; turns++) {
    await turn();
    const now = count();
    quiet = now === before ? quiet + 1 : 0;
    before = now;
  }
}
