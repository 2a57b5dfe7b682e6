/**
 * Returns a generator of random numbers from 0 to 1. The same seed gives the same numbers (mulberry32), so that a failure can be repeated.
 *
 * @example
 * import { randomFrom } from '@sputnikjs/testkit';
 * const [one, other] = [randomFrom(7), randomFrom(7)];
 * console.log(one() === other(), one() === one()); // true false
 */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
