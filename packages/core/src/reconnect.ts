const FIRST_MS = 100;
const LONGEST_MS = 10_000;

/**
 * How long to wait before connecting again after `failures` (1, 2, …) attempts in a row failed: exponential from
 * 100 ms to 10 s, the upper half of it random, so that satellites do not return all at once (S2).
 */
export function retryDelay(failures: number, random: () => number = Math.random): number {
  const full = Math.min(LONGEST_MS, FIRST_MS * 2 ** (failures - 1));
  return full * (0.5 + random() / 2);
}
