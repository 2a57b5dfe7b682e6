import type { Idling } from './block.js';

/** True at an instant at which none of them holds a message. */
export function areIdle(holders: readonly Idling[]): boolean {
  return holders.every(({ isIdle }) => isIdle);
}

/** Resolves at such an instant: one may get a message while another delivers its last. */
export async function allIdle(holders: readonly Idling[]): Promise<void> {
  // guard: L2 mailboxes drain until all are idle at once
  while (!areIdle(holders)) await Promise.all(holders.map((holder) => holder.idle()));
}
