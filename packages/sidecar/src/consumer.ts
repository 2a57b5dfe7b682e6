import { defineBlock, SputnikError, type BlockDefinition } from '@sputnikjs/core';
import { z } from 'zod';
import { consumerOf, RECEIVER, type ConsumedMessage, type MessagingConnection, type Subscription } from './contract.js';

const Config = z.strictObject({
  /** What to subscribe to: a topic filter, subject, stream or queue, in the server's own spelling. */
  source: z.string().min(1),
  /** Messages at most that the receiver was asked to handle and has not answered. */
  maxUnacknowledged: z.int().min(1).default(256),
});

/** After this time a receiver that had no room is asked again. */
const RETRY_MS = 50;

/**
 * The block `consumer`: asks its receiver to handle each message of a source. What the receiver handled is acknowledged;
 * what it failed at, or has not answered within 30 s, the server delivers again. A receiver whose mailbox is full is asked again
 * after a while; messages may change their order then.
 */
export const consumerBlock: BlockDefinition<MessagingConnection> = defineBlock({
  name: 'consumer',
  config: Config,
  needs: { receiver: RECEIVER },
  make: ({ source, maxUnacknowledged }, to, ctx) => {
    let subscribing: Promise<Subscription> | undefined;
    /** One wait for all messages that found no room. */
    let pause: Promise<void> | undefined;

    const handle = async (message: ConsumedMessage): Promise<void> => {
      for (;;) {
        try {
          await to.receiver.ask(message);
          return;
        } catch (error) {
          if (!hasCode(error, 'ASK_REFUSED') || ctx.landing.aborted) throw error;
          pause ??= waitForRoom();
          await pause;
        }
      }
    };
    const waitForRoom = async (): Promise<void> => {
      ctx.log.debug({ event: 'receiverFull' }, 'the receiver is full, or takes no messages; it is asked again');
      await ctx.clock.sleep(RETRY_MS, ctx.landing);
      pause = undefined;
    };

    return {
      async onServerConnect(connection: MessagingConnection) {
        const consumer = consumerOf(connection);
        if (ctx.landing.aborted) return;
        subscribing = consumer.consume(source, handle, { maxUnacknowledged });
        try {
          await subscribing;
        } catch (error) {
          subscribing = undefined;
          if (!hasCode(error, 'CONNECTION_LOST')) throw error;
        }
      },
      onServerDisconnect() {
        subscribing = undefined;
      },
      onLanding: () => stopped(subscribing),
    };
  },
});

async function stopped(subscribing: Promise<Subscription> | undefined): Promise<void> {
  try {
    await (await subscribing)?.stop();
  } catch (error) {
    // without a connection there is nothing left to stop
    if (!hasCode(error, 'CONNECTION_LOST')) throw error;
  }
}

function hasCode(error: unknown, code: SputnikError['code']): boolean {
  return error instanceof SputnikError && error.code === code;
}
