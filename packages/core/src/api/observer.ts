import type { BlockDescriptor } from './descriptor.js';

/** The outcome of a message. */
export type Outcome = 'handled' | 'failed' | 'dropped';

/**
 * Sees each message pass, for metrics, edges and taps. The object identifies the message, in the order of a mailbox: an object that is sent
 * twice passes twice. Without an observer, nothing is called and nothing allocated. An error of the observer lands the satellite (F3).
 */
export interface MessageObserver {
  /** A mailbox has accepted the message. */
  accepted?(msg: object, from: BlockDescriptor, to: BlockDescriptor): void;
  /** The handler of the receiver is called. Return false if you do not need `settled` when the message is handled: that costs less. */
  begun?(msg: object, to: BlockDescriptor): boolean | void;
  /** The message has an outcome, which also counts (M3). */
  settled?(msg: object, to: BlockDescriptor, how: Outcome): void;
}

/** The same observer; its errors go to `failed` (F3). */
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
