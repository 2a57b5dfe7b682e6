import type { Block, BlockContext } from '@sputnikjs/core';
import { z } from 'zod';
import { MAX_UNACKNOWLEDGED, type MessagingConnection, type Subscription } from './contract.js';
import type { MessageSpans } from './traces/index.js';
import { subscribeBy, unsubscribe } from './subscribe.js';

/** Keys of the blocks that have a subscription: `whose` says of whose source, `handled` what the other block was asked for. */
export function subscriberConfig(whose: string, handled: string): z.ZodType<SubscriberConfig> {
  return z.strictObject({
    source: z.string().min(1).describe(whose),
    maxUnacknowledged: z.int().min(1).default(MAX_UNACKNOWLEDGED).describe(handled),
  });
}

/** Configuration of the blocks that have a subscription. */
export interface SubscriberConfig {
  readonly source: string;
  readonly maxUnacknowledged: number;
}

type Callbacks = Pick<Block<MessagingConnection>, 'init' | 'onServerConnect' | 'onServerDisconnect' | 'onLanding'>;

/** The callbacks of a block that has a subscription: with each connection it begins, and a landing stops it, when what is under way is handled. */
export function subscriber(
  source: string,
  spans: MessageSpans,
  ctx: BlockContext,
  begin: (connection: MessagingConnection) => () => Promise<Subscription>,
): Callbacks {
  let subscribing: Promise<Subscription | undefined> | undefined;
  /** Aborts when the connection is lost. */
  let lost = new AbortController();
  return {
    init: () => spans.open(ctx.log),
    onServerConnect(connection: MessagingConnection) {
      const beginOn = begin(connection);
      spans.connected(connection);
      lost = new AbortController();
      const over = AbortSignal.any([lost.signal, ctx.landing]);
      // not awaited: the loss of the connection ends it
      subscribing = subscribeBy(beginOn, source, { over, log: ctx.log, clock: ctx.clock });
      ctx.waitUntil(subscribing);
    },
    onServerDisconnect() {
      lost.abort();
      subscribing = undefined;
    },
    // that it failed was told already
    onLanding: () => unsubscribe(subscribing?.catch(() => undefined)),
  };
}
