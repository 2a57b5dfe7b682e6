/** Turns of the event loop in which nothing has to come: in the first a connection is accepted, in the second it is read. */
const QUIET = 3;
/** Node accepts a connection a turn, and reads 32 datagrams. */
const MOST = 256;

/**
 * Resolves when what the kernel had taken in for us has been read: senders that have gone believe that it is here. `come` counts what
 * has come; while it grows there may be more.
 */
export async function arrived(come: () => number): Promise<void> {
  let [quiet, before] = [0, come()];
  for (let turn = 0; turn < MOST && quiet < QUIET; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
    const now = come();
    quiet = now === before ? quiet + 1 : 0;
    before = now;
  }
}
