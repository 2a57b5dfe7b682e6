import type { Msg, Subscription as NatsSubscription } from '@nats-io/transport-node';
import type { ConsumedMessage, MessageHandler, Subscription } from '@sputnikjs/messaging';
import { Fifo, Handlers } from '@sputnikjs/messaging/connector';
import { propertiesOf } from '../headers.js';
import type { NatsLink, NatsLinkUser } from '../link/link.js';

/** Why messages are lost. */
export type Drop =
  | 'they arrive faster than they are handled'
  | 'the handler failed'
  | 'the consumer was stopped before their turn came';

/** Most bytes of messages that wait for the handler: nothing slows their publishers down. */
const MAX_BYTES = 32 * 1024 * 1024;
/** About how many bytes a message takes besides its payload. */
const OVERHEAD = 500;

/** Calls a handler for the messages of a subject, a bounded number at once; a bounded amount waits. */
export class CoreSubscription implements Subscription, NatsLinkUser {
  /** Resolves when the server has granted the subscription. */
  readonly begun: Promise<void>;
  readonly #link: NatsLink;
  readonly #places: number;
  readonly #dropped: (why: Drop, count: number) => void;
  readonly #handlers: Handlers;
  readonly #messages: NatsSubscription;
  readonly #waiting = new Fifo<ConsumedMessage>();
  #bytes = 0;
  #stopping: Promise<void> | undefined;

  constructor(
    link: NatsLink,
    source: string,
    queue: string,
    handler: MessageHandler,
    places: number,
    dropped: (why: Drop, count: number) => void,
  ) {
    this.#link = link;
    this.#places = places;
    this.#dropped = dropped;
    this.#handlers = new Handlers(async (message) => handler(message));
    let hasBegun = false;
    let denied: Error | undefined;
    const callback = (error: Error | null, message: Msg): void => {
      if (error === null) return this.#received(message);
      const text = `may not consume from "${source}": ${error.message}; give the user the permission on the server`;
      denied = new Error(text, { cause: error });
      if (hasBegun) link.end(denied);
    };
    this.#messages = link.nats.subscribe(source, { queue, callback });
    link.add(this);
    this.begun = link.during(link.nats.flush()).then(() => {
      hasBegun = true;
      if (denied === undefined) return;
      link.remove(this);
      throw denied;
    });
  }

  ended(): void {
    this.#stopping ??= this.#handlers.idle();
    this.#dropWaiting();
  }

  stop(): Promise<void> {
    return (this.#stopping ??= this.#stop());
  }

  async #stop(): Promise<void> {
    this.#messages.unsubscribe();
    this.#dropWaiting();
    await this.#handlers.idle();
    this.#link.remove(this);
  }

  #dropWaiting(): void {
    const { length } = this.#waiting.drain();
    this.#bytes = 0;
    // guard: what a stopped consumer loses is counted
    if (length > 0) this.#dropped('the consumer was stopped before their turn came', length);
  }

  #received(message: Msg): void {
    if (this.#stopping !== undefined) return;
    const { subject: source, data: payload, reply } = message;
    const replyTo = reply !== undefined && reply !== '' && { replyTo: reply };
    const consumed = { source, payload, redelivered: false, ...replyTo, ...propertiesOf(message) };
    if (this.#handlers.underWay < this.#places) return void this.#handle(consumed);
    const bytes = sizeOf(consumed);
    // guard: core NATS keeps a bounded amount
    if (this.#bytes + bytes > MAX_BYTES) return this.#dropped('they arrive faster than they are handled', 1);
    this.#bytes += bytes;
    this.#waiting.push(consumed);
  }

  async #handle(message: ConsumedMessage): Promise<void> {
    await this.#handlers.handle(message, (error) => {
      if (error !== undefined) this.#dropped('the handler failed', 1);
    });
    const next = this.#waiting.shift();
    if (next === undefined) return;
    this.#bytes -= sizeOf(next);
    void this.#handle(next);
  }
}

function sizeOf({ payload }: ConsumedMessage): number {
  return OVERHEAD + payload.length;
}
