import { Refused } from '../answer/refusals.js';
import type { Reader } from './reader.js';

/** Refuses a reader of a client with FULL if there are too many, and no client has more of them than this one. */
export function checkPlace(readers: readonly Reader[], maxReaders: number, client: string): void {
  if (readers.length < maxReaders || oldestOfMost(readers, client)) return;
  throw new Refused('FULL', `there are already ${maxReaders} readers ("maxReaders")`);
}

/** Cuts a reader, if there is no place for a further one. */
export function makePlace(readers: readonly Reader[], maxReaders: number, client: string): void {
  // guard: readers are bounded
  if (readers.length >= maxReaders) oldestOfMost(readers, client)?.cut('gaveWay');
}

/** The oldest reader of the client that has most, if it would have more than this one even without it. */
function oldestOfMost(readers: readonly Reader[], client: string): Reader | undefined {
  const counts = new Map<string, number>();
  for (const reader of readers) counts.set(reader.client, (counts.get(reader.client) ?? 0) + 1);
  const [most, count] = [...counts].toSorted(([, a], [, b]) => b - a)[0] ?? ['', 0];
  // guard: nobody keeps others out by reading much
  if (count <= (counts.get(client) ?? 0) + 1) return undefined;
  return readers.find((reader) => reader.client === most);
}
