const [FIRST_MS, LONGEST_MS] = [100, 10_000];
/** So much longer each delay is than the one before: after 1.5 s the next attempt is 0.2 s away, in the median. */
const GROWTH = 1.25;
/** A connection that lasted so long works; one that ends sooner may be of a server that drops every one, in milliseconds. */
const LASTING_MS = 500;

/**
 * How long to wait before connecting again after `failures` (1, 2, …) attempts in a row failed: exponential from
 * 100 ms to 10 s, the upper half of it random, so that satellites do not return all at once (S2).
 */
export function retryDelay(failures: number, random: () => number = Math.random): number {
  // guard: S2 delays grow
  // guard: S2 delays grow to 10 s
  const full = Math.min(LONGEST_MS, FIRST_MS * GROWTH ** (failures - 1));
  // guard: S2 the upper half of a delay is random
  return full * (0.5 + random() / 2);
}

/** Whether a connection lasted, so that delays begin anew (S2). */
export function hasLasted(ms: number, heartbeatMs: number): boolean {
  // guard: S2 a connection lasted if it did for a heartbeat's interval
  return ms >= Math.min(heartbeatMs, LASTING_MS);
}
