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
  /** Its receiver's handler is called. */
  begun?(msg: object, to: BlockDescriptor): void;
  /** It has an outcome, as the counts say it (M3). */
  settled?(msg: object, to: BlockDescriptor, how: Outcome): void;
}

/** The same, with what it throws handed in (F3). */
export function handingIn(observer: MessageObserver, failed: (error: unknown) => void): MessageObserver {
  const guard =
    <A extends unknown[]>(name: keyof MessageObserver) =>
    (...args: A): void => {
      try {
        (observer[name] as ((...args: A) => void) | undefined)?.call(observer, ...args);
      } catch (error) {
        failed(error);
      }
    };
  return { accepted: guard('accepted'), begun: guard('begun'), settled: guard('settled') };
}
