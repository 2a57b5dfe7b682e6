import { createInbox, type Msg, type PermissionViolationError } from '@nats-io/transport-node';
import type { MessageProducer, ProduceMessage } from '@sputnikjs/sidecar';
import { Outbox } from '@sputnikjs/sidecar/connector';
import { ackOf } from './ack.js';
import type { Link, LinkUser } from './link.js';
import { forbidden, publish } from './publish.js';

/** How long a stream has to acknowledge a message, in milliseconds; nobody would ever, where something else subscribes to the subject. */
const ACK_MS = 30_000;
const LOOKS = 6;

/**
 * Publishes to streams. All acknowledgements come to one inbox and are told apart by the last token of their subject: a request of the
 * library's own for each message takes ten times the CPU time (measured).
 */
export class Producer implements LinkUser {
  readonly outbox: MessageProducer;
  readonly #link: Link;
  readonly #outbox: Outbox<number>;
  readonly #inbox = `${createInbox()}.`;
  /** Where the messages go that are under way, in the order of sending. */
  readonly #targets = new Map<number, string>();
  #next = 0;
  /** The number of the next message at each of the last looks. */
  readonly #marks: number[] = [];
  readonly #looks: NodeJS.Timeout;

  constructor(link: Link, window: number, ackMs: number = ACK_MS) {
    this.#link = link;
    this.outbox = this.#outbox = new Outbox(window, (message) => this.#send(message));
    link.nats.subscribe(`${this.#inbox}*`, {
      callback: (error, reply) => {
        if (error) link.end(new Error(`acknowledgements cannot come to ${this.#inbox}*: ${error.message}`));
        else this.#answered(reply);
      },
    });
    this.#looks = setInterval(() => this.#look(), ackMs / LOOKS);
    link.add(this);
  }

  denied(error: PermissionViolationError): void {
    if (error.operation !== 'publish') return;
    for (const [id, target] of this.#targets) if (target === error.subject) this.#settle(id, forbidden(target, error));
  }

  ended(error: Error): void {
    clearInterval(this.#looks);
    this.#targets.clear();
    this.#outbox.end(error);
  }

  #send(message: ProduceMessage): number {
    const id = this.#next++;
    publish(this.#link.nats, message, this.#inbox + id);
    this.#targets.set(id, message.target);
    return id;
  }

  #answered(reply: Msg): void {
    const id = Number(reply.subject.slice(this.#inbox.length));
    const target = this.#targets.get(id);
    if (target === undefined) return;
    const ack = ackOf(reply, target);
    if (ack === 'taken') this.#settle(id);
    else if (ack !== 'unknown') this.#settle(id, ack);
  }

  #settle(id: number, error?: Error): void {
    this.#targets.delete(id);
    this.#outbox.settle(id, error);
  }

  /** A server that does not answer pings may take its time; what is unacknowledged when it does is not going to be. */
  #look(): void {
    this.#marks.push(this.#next);
    const overdue = this.#marks.length > LOOKS ? (this.#marks.shift() ?? 0) : 0;
    const [first = Infinity] = this.#targets.keys();
    if (first < overdue) void this.#link.ping().then((alive) => alive && this.#giveUp(overdue));
  }

  #giveUp(overdue: number): void {
    for (const [id, target] of this.#targets) {
      if (id >= overdue) return;
      this.#settle(
        id,
        new Error(`no stream has acknowledged the message for "${target}"; does one take this subject?`),
      );
    }
  }
}
