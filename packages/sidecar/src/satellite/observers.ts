import type { MessageObserver } from '@sputnikjs/core';

/** Both see each message pass; without one of them, the other. */
export function bothOf(
  one: MessageObserver | undefined,
  other: MessageObserver | undefined,
): MessageObserver | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return {
    accepted(msg, from, to) {
      one.accepted?.(msg, from, to);
      other.accepted?.(msg, from, to);
    },
    begun(msg, to) {
      const [first, second] = [one.begun?.(msg, to), other.begun?.(msg, to)];
      return first !== false || second !== false;
    },
    settled(msg, to, how) {
      one.settled?.(msg, to, how);
      other.settled?.(msg, to, how);
    },
  };
}
