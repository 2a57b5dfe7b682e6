import type { PermissionViolationError } from '@nats-io/transport-node';
import type { MessageProducer, ProduceMessage } from '@sputnikjs/messaging';
import { Outbox } from '@sputnikjs/messaging/connector';
import type { NatsLink, NatsLinkUser } from '../link/link.js';
import { forbidden, publicationOf } from '../publication.js';

/**
 * Publishes without streams. The server does not answer messages. But when it answers a PING, it has read everything before that. One PING at a
 * time is under way, for all messages sent before it.
 */
export class CoreProducer implements NatsLinkUser {
  readonly outbox: MessageProducer;
  readonly #link: NatsLink;
  readonly #outbox: Outbox<number>;
  /** Targets of the messages under way, in the order of sending. */
  readonly #targets = new Map<number, string>();
  #next = 0;
  #isFlushing = false;

  constructor(link: NatsLink, window: number) {
    this.#link = link;
    this.outbox = this.#outbox = new Outbox(window, (message) => this.#send(message));
    link.add(this);
  }

  denied(error: PermissionViolationError): void {
    if (error.operation !== 'publish') return;
    for (const [id, target] of this.#targets) if (target === error.subject) this.#settle(id, forbidden(target, error));
  }

  ended(error: Error): void {
    this.#targets.clear();
    this.#outbox.end(error);
  }

  #send(message: ProduceMessage): number {
    this.#link.wire.outgoing.publish(publicationOf(message, this.#link));
    const id = this.#next++;
    this.#targets.set(id, message.target);
    if (!this.#isFlushing) setImmediate(() => this.#flush());
    this.#isFlushing = true;
    return id;
  }

  #flush(): void {
    const end = this.#next;
    const taken = (): void => {
      for (const id of this.#targets.keys()) {
        if (id >= end) break;
        this.#settle(id);
      }
      this.#isFlushing = this.#targets.size > 0;
      if (this.#isFlushing) this.#flush();
    };
    // the library reports what the server said against a message later in the turn in which its PONG came
    this.#link.during(this.#link.nats.flush()).then(() => setImmediate(taken), ignore);
  }

  #settle(id: number, error?: Error): void {
    this.#targets.delete(id);
    this.#outbox.settle(id, error);
  }
}

/** The link is over then, and has told us. */
function ignore(): void {}
