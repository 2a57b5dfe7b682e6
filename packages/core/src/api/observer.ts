import type { BlockDescriptor } from './descriptor.js';

/** What became of a message. */
export type Outcome = 'handled' | 'failed' | 'dropped';

/**
 * Sees each message pass, for metrics, edges and taps. A message is known by its object, in the order of a mailbox: one that is sent twice
 * passes twice. Without an observer nothing is called and nothing allocated. What it throws lands the satellite (F3).
 */
export interface MessageObserver {
  /** A mailbox has accepted it. */
  accepted?(msg: object, from: BlockDescriptor, to: BlockDescriptor): void;
  /** Its receiver's handler is called. If this returns false, `settled` need not be called when the message is handled: that costs less. */
  begun?(msg: object, to: BlockDescriptor): boolean | void;
  /** It has an outcome, as the counts say it (M3). */
  settled?(msg: object, to: BlockDescriptor, how: Outcome): void;
}

/** The same, with what it throws handed in (F3). */
export function handingIn(observer: MessageObserver, failed: (error: unknown) => void): MessageObserver {
  const handIn = <R>(see: () => R): R | void => {
    try {
      return see();
    } catch (error) {
      failed(error);
    }
  };
  return {
    accepted: (msg, from, to) => handIn(() => observer.accepted?.(msg, from, to)),
    begun: (msg, to) => handIn(() => observer.begun?.(msg, to)),
    settled: (msg, to, how) => handIn(() => observer.settled?.(msg, to, how)),
  };
}
