import type { Logger } from '@sputnikjs/core';
import type {
  ConsumedMessage,
  ConsumeOptions,
  MessageResponder,
  Reply,
  RequestHandler,
  Subscription,
} from '@sputnikjs/messaging';
import { failureHeaders } from '../headers.js';
import type { NatsLink } from '../link/link.js';
import { replyTo } from '../publication.js';
import { CoreConsumer } from './consumer.js';

/** Answers requests, in a queue group that satellites share: what comes there is consumed, and each handler's reply published. */
export class NatsResponder implements MessageResponder {
  readonly #link: NatsLink;
  readonly #consumer: CoreConsumer;

  constructor(link: NatsLink, queue: string, log?: Logger) {
    this.#link = link;
    this.#consumer = new CoreConsumer(link, queue, log);
  }

  /** Number of requests lost in this process. */
  get dropped(): number {
    return this.#consumer.dropped;
  }

  respond(source: string, handler: RequestHandler, options?: ConsumeOptions): Promise<Subscription> {
    return this.#consumer.consume(source, (request) => this.#handle(request, handler), options);
  }

  async #handle(request: ConsumedMessage, handler: RequestHandler): Promise<void> {
    const answer = await replyOf(request, handler);
    if (request.replyTo === undefined) return;
    try {
      this.#publish(request.replyTo, answer);
    } catch (error) {
      // guard: who asked hears of a reply that cannot be sent
      this.#publish(request.replyTo, failed(error));
    }
  }

  #publish(target: string, { reply, headers }: Answer): void {
    this.#link.wire.outgoing.publish(replyTo(target, reply, this.#link, headers));
  }
}

/** What is sent, and headers of the server's beside its own. */
interface Answer {
  readonly reply: Reply;
  readonly headers?: string | undefined;
}

async function replyOf(request: ConsumedMessage, handler: RequestHandler): Promise<Answer> {
  try {
    return { reply: await handler(request) };
  } catch (error) {
    // guard: who asked hears of a handler that failed
    return failed(error);
  }
}

function failed(error: unknown): Answer {
  return { reply: { payload: '' }, headers: failureHeaders(error instanceof Error ? error.message : String(error)) };
}
