import type { BlockContext } from '@sputnikjs/core';
import type { ConsumeOptions, MessageConsumer, MessageHandler, Subscription } from './contract.js';
import { hasCode } from './has-code.js';

/** Delay from a refused subscription to the next try, in milliseconds: doubles each time, from the first value to the second. */
const SUBSCRIBE_MS = [1_000, 30_000] as const;

/** What a subscription needs of its block, and how to consume. */
export interface SubscribeOptions extends ConsumeOptions, Pick<BlockContext, 'log' | 'clock'> {
  /** Aborts when nobody needs the subscription any more: the connection is lost, or the satellite lands. */
  readonly over: AbortSignal;
}

/**
 * Subscribes to a source. If the server refuses that for now, for example since a stream or queue is missing, it tries again until the
 * server grants it, and logs why. Resolves with the subscription, or with undefined if it is over before; rejects if another try cannot help.
 *
 * @example
 * import { subscribe, type MessageConsumer } from '@sputnikjs/messaging';
 * import { manualClock, MemoryLog } from '@sputnikjs/testkit';
 * let tries = 0;
 * const consumer: MessageConsumer = {
 *   async consume() {
 *     if (++tries < 2) throw new Error('there is no such stream');
 *     return { stop: async () => {} };
 *   },
 * };
 * const [log, clock, over] = [new MemoryLog(), manualClock(), new AbortController().signal];
 * const subscribing = subscribe(consumer, 'news', async () => {}, { log, clock, over });
 * await clock.advance(1_000);
 * console.log((await subscribing) !== undefined, tries, log.lines.length); // true 2 1
 */
export function subscribe(
  consumer: MessageConsumer,
  source: string,
  handler: MessageHandler,
  { over, clock, log, ...options }: SubscribeOptions,
): Promise<Subscription | undefined> {
  return subscribeBy(() => consumer.consume(source, handler, options), source, { over, clock, log });
}

/** Subscribes to a source by `begin`, as {@link subscribe} does. */
export async function subscribeBy(
  begin: () => Promise<Subscription>,
  source: string,
  { over, clock, log }: Omit<SubscribeOptions, keyof ConsumeOptions>,
): Promise<Subscription | undefined> {
  for (let wait: number = SUBSCRIBE_MS[0]; !over.aborted; wait = Math.min(2 * wait, SUBSCRIBE_MS[1])) {
    try {
      return await begin();
    } catch (error) {
      if (hasCode(error, 'CONNECTION_LOST')) return undefined;
      if (hasCode(error, 'BAD_CONFIG')) throw error;
      const text = `cannot consume "${source}" for now; trying again in ${wait / 1000} s`;
      log.warn({ event: 'consumeFailed', source, retryInMs: wait, error }, text);
    }
    // guard: a subscription that is refused is tried again
    await clock.sleep(wait, over);
  }
  return undefined;
}

/**
 * Ends a subscription, if there is one; resolves when what is under way is handled. Without a connection there is nothing left to end.
 *
 * @example
 * import { unsubscribe } from '@sputnikjs/messaging';
 * const subscribing = Promise.resolve({ stop: async () => console.log('stopped') }); // stopped
 * await unsubscribe(subscribing);
 */
export async function unsubscribe(subscribing: Promise<Subscription | undefined> | undefined): Promise<void> {
  try {
    await (await subscribing)?.stop();
  } catch (error) {
    if (!hasCode(error, 'CONNECTION_LOST')) throw error;
  }
}
