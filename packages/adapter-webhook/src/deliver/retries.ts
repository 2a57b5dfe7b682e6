/** From a failed attempt to the next, in milliseconds: doubles, from the first value to the second. */
const [FIRST_MS, LONGEST_MS] = [1_000, 300_000];
/** A receiver may ask for so long at most. */
const LONGEST_ASKED_MS = 3_600_000;

/** How long to wait after `failures` (1, 2, …) attempts; the upper half of it is random, so that not all come at once. */
export function retryDelay(failures: number, random: () => number = Math.random): number {
  const full = Math.min(LONGEST_MS, FIRST_MS * 2 ** (failures - 1));
  return full * (0.5 + random() / 2);
}

/** How long a receiver asks to wait by `Retry-After`, in seconds or until a date (RFC 9110, section 10.2.3); 0 if it does not. */
export function askedDelay(retryAfter: string | undefined, unixMs: number): number {
  const text = retryAfter?.trim() ?? '';
  const ms = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - unixMs;
  // guard: a receiver cannot ask for more than an hour
  return Number.isNaN(ms) ? 0 : Math.min(Math.max(0, ms), LONGEST_ASKED_MS);
}
