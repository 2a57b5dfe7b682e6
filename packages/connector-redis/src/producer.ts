import type { MessageProducer, ProduceMessage } from '@sputnikjs/messaging';
import { Outbox, serverFull, type LinkUser } from '@sputnikjs/messaging/connector';
import { Xadd } from './entry.js';
import type { RedisLink } from './link.js';
import { isPassing, ServerError } from './server-error.js';

/** Appends messages to streams. The server answers in the order of the commands, and each for itself. */
export class RedisProducer implements LinkUser {
  readonly outbox: MessageProducer;
  readonly #link: RedisLink;
  readonly #maxLength: number | undefined;
  readonly #outbox: Outbox<number>;
  #next = 0;

  constructor(link: RedisLink, window: number, maxLength: number | undefined) {
    this.#link = link;
    this.#maxLength = maxLength;
    this.outbox = this.#outbox = new Outbox(window, (message) => this.#send(message));
    link.add(this);
  }

  ended(error: Error): void {
    this.#outbox.end(error);
  }

  #send(message: ProduceMessage): number {
    const id = this.#next++;
    this.#link.client.send(new Xadd(message, this.#maxLength), (error) =>
      this.#outbox.settle(id, error && refused(message, error)),
    );
    return id;
  }
}

/** When the link has ended nobody hears of it: then the outbox has rejected all it had. */
function refused({ target }: ProduceMessage, cause: Error): Error {
  const text = `the server refuses the message for ${JSON.stringify(target)}: ${cause.message}`;
  if (isPassing(cause)) return serverFull(text, cause);
  const error = new Error(text, { cause });
  return cause instanceof ServerError ? Object.assign(error, { code: cause.code }) : error;
}
