import { createInbox, type Msg, type PermissionViolationError } from '@nats-io/transport-node';
import type { MessageProducer, ProduceMessage, ProduceResult } from '@sputnikjs/messaging';
import { Outbox } from '@sputnikjs/messaging/connector';
import { AckReader } from './ack-reader.js';
import { ackOf, type Ack } from './ack.js';
import { isBetweenMessages } from '../link/internals.js';
import type { NatsLink, NatsLinkUser } from '../link/link.js';
import { Misses } from './misses.js';
import { forbidden, publicationOf } from '../publication.js';
import type { Streams } from './streams.js';

/** How long a stream may take to acknowledge a message, in milliseconds; if only something else subscribes to the subject, nobody ever does. */
const ACK_MS = 30_000;
const CHECKS = 6;
const DUPLICATE: ProduceResult = { duplicate: true };

/**
 * Publishes to streams. All acknowledgements come to one inbox; the last token of their subject tells the message. The library's own request for
 * each message takes ten times the CPU time (measured).
 */
export class JetStreamProducer implements NatsLinkUser {
  readonly outbox: MessageProducer;
  readonly #link: NatsLink;
  readonly #outbox: Outbox<number>;
  readonly #inbox = `${createInbox()}.`;
  readonly #streams: Streams;
  readonly #misses: Misses;
  #next = 0;
  /** The number of the next message at each of the last checks. */
  readonly #marks: number[] = [];
  readonly #checks: NodeJS.Timeout;

  constructor(link: NatsLink, window: number, streams: Streams, ackMs: number = ACK_MS) {
    this.#link = link;
    this.#streams = streams;
    this.#misses = new Misses(streams, {
      targets: () => this.#targets(),
      send: (id) => this.#sendAgain(id),
      refused: (id, refusal) => this.#outbox.settle(id, refusal),
    });
    this.outbox = this.#outbox = new Outbox(window, (message) => this.#send(message));
    link.nats.subscribe(`${this.#inbox}*`, {
      callback: (error, reply) => {
        if (error) link.end(new Error(`cannot receive acknowledgements at ${this.#inbox}*: ${error.message}`));
        else this.#answered(reply);
      },
    });
    link.wire.reader = new AckReader(this.#inbox, isBetweenMessages(link.nats), (id, isDuplicate) =>
      this.#outbox.settle(id, isDuplicate ? DUPLICATE : undefined),
    );
    this.#checks = setInterval(() => this.#check(), ackMs / CHECKS);
    link.add(this);
  }

  denied(error: PermissionViolationError): void {
    if (error.operation !== 'publish') return;
    for (const id of this.#outbox.keys()) {
      const target = this.#outbox.get(id)?.target;
      if (target === error.subject) this.#outbox.settle(id, forbidden(target, error));
    }
  }

  ended(error: Error): void {
    clearInterval(this.#checks);
    this.#outbox.end(error);
  }

  #send(message: ProduceMessage): number {
    const publication = publicationOf(message, this.#link);
    // guard: each message has a reply subject of its own
    const id = this.#next++;
    // guard: messages wait behind those that found no stream
    if (this.#misses.making) this.#misses.wait(id);
    else this.#link.wire.outgoing.publish(publication, this.#inbox + id);
    return id;
  }

  *#targets(): Iterable<readonly [id: number, target: string]> {
    for (const id of this.#outbox.keys()) yield [id, this.#outbox.get(id)?.target ?? ''];
  }

  #sendAgain(id: number): void {
    const message = this.#outbox.get(id);
    if (message !== undefined) this.#link.wire.outgoing.publish(publicationOf(message, this.#link), this.#inbox + id);
  }

  /** What is not plainly an acknowledgement, or came between the parts of another message. */
  #answered(reply: Msg): void {
    const id = Number(reply.subject.slice(this.#inbox.length));
    const message = this.#outbox.get(id);
    if (message !== undefined) this.#settle(id, message.target, ackOf(reply, message.target));
  }

  #settle(id: number, target: string, ack: Ack): void {
    if (ack === 'missed') this.#misses.add(id, target);
    else if (ack === 'duplicate') this.#outbox.settle(id, DUPLICATE);
    else if (ack !== 'unknown') this.#outbox.settle(id, ack === 'taken' ? undefined : ack);
  }

  /** A server that does not answer pings may take its time; what is unacknowledged when it does is not going to be. */
  #check(): void {
    this.#marks.push(this.#next);
    const overdue = this.#marks.length > CHECKS ? (this.#marks.shift() ?? 0) : 0;
    const [first = Infinity] = this.#outbox.keys();
    this.#misses.prune(first);
    if (first < overdue) void this.#link.ping().then((alive) => alive && this.#giveUp(overdue));
  }

  #giveUp(overdue: number): void {
    for (const id of this.#outbox.keys()) {
      if (id >= overdue) return;
      const target = this.#outbox.get(id)?.target ?? '';
      // somebody else subscribes to the subject, so that nobody says that the stream is gone
      if (this.#streams.cover(target)) {
        this.#misses.add(id, target);
        continue;
      }
      const text = `no stream has acknowledged the message for "${target}"; does a stream take this subject?`;
      this.#outbox.settle(id, new Error(text));
    }
  }
}
