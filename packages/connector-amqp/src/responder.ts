import type {
  ConsumedMessage,
  ConsumeOptions,
  MessageResponder,
  Reply,
  RequestHandler,
  Subscription,
} from '@sputnikjs/messaging';
import type { Channel } from 'rabbitmq-client';
import { AmqpConsumer } from './consumer.js';
import { FAILURE, replyTo, type Publication } from './publication.js';
import type { SubscriptionParts } from './subscription.js';

/** So many characters of why a handler failed: a header has to fit into a frame. */
const MAX_FAILURE = 1_000;

/**
 * Answers the requests of a queue: consumes them, publishes each handler's reply, and acknowledges the request then. Replies have a connection
 * of their own, which the server ends at an address that it has not made itself: whoever asks could name one.
 */
export class AmqpResponder implements MessageResponder {
  readonly #parts: SubscriptionParts;
  readonly #consumer: AmqpConsumer;
  #channel: Promise<Channel> | undefined;

  constructor(parts: SubscriptionParts) {
    this.#parts = parts;
    this.#consumer = new AmqpConsumer(parts);
  }

  respond(source: string, handler: RequestHandler, options?: ConsumeOptions): Promise<Subscription> {
    return this.#consumer.consume(source, (request) => this.#handle(source, request, handler), options);
  }

  async #handle(source: string, request: ConsumedMessage, handler: RequestHandler): Promise<void> {
    const reply = await replyOf(request, handler);
    const { replyTo: target, correlationId } = request;
    if (target === undefined) return;
    try {
      const { envelope, body } = sendable(target, reply, correlationId);
      const channel = await this.#open();
      await this.#parts.link.during(channel.basicPublish(envelope, body));
    } catch (error) {
      // guard: a request whose reply cannot be sent does not come again
      if (this.#parts.link.over !== undefined) throw error;
      const text = `the reply to a request of "${source}" is lost: ${(error as Error).message}`;
      this.#parts.log?.warn({ event: 'replyLost', source, error }, text);
    }
  }

  async #open(): Promise<Channel> {
    const opening = (this.#channel ??= this.#openNow());
    const channel = await opening;
    if (channel.active) return channel;
    // a reply goes by a channel that the server has not closed
    if (this.#channel === opening) this.#channel = undefined;
    return this.#open();
  }

  async #openNow(): Promise<Channel> {
    try {
      const channel = await this.#parts.link.channelOfItsOwn(() => (this.#channel = undefined));
      await this.#parts.link.during(channel.confirmSelect());
      return channel;
    } catch (error) {
      this.#channel = undefined;
      throw error;
    }
  }
}

/** Who asked hears of a reply that cannot be sent. */
function sendable(target: string, reply: Reply, correlationId: string | undefined): Publication {
  try {
    return replyTo(target, reply, correlationId);
  } catch (error) {
    return replyTo(target, failed(error), correlationId);
  }
}

async function replyOf(request: ConsumedMessage, handler: RequestHandler): Promise<Reply> {
  try {
    return await handler(request);
  } catch (error) {
    // guard: who asked hears of a handler that failed
    return failed(error);
  }
}

function failed(error: unknown): Reply {
  const text = error instanceof Error ? error.message : String(error);
  return { payload: '', headers: { [FAILURE]: text.slice(0, MAX_FAILURE).replace(/\p{Surrogate}/gu, ' ') } };
}
