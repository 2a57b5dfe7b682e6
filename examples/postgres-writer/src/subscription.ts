import { systemClock, type Logger } from '@sputnikjs/core';
import type { ConsumedMessage, MessageHandler, Subscription } from '@sputnikjs/messaging';
import { Handlers, type Link, type LinkUser } from '@sputnikjs/messaging/connector';
import type { Query } from './insert.js';

/** A row of the queue. */
interface Queued {
  readonly n: string;
  readonly target: string;
  readonly id: string | null;
  readonly payload: Buffer;
  readonly content_type: string | null;
  readonly headers: Readonly<Record<string, string>> | null;
  readonly deliveries: number;
}

const TAKE = `with taken as (
  update queue set deliveries = deliveries + 1
  where n in (
    select n from queue where target = $1 and handled_at is null and n <> all ($2::bigint[]) order by n limit $3
  ) returning *
) select * from taken order by n`;
const HANDLED = 'update queue set handled_at = now() where n = $1';

/** How long a message rests whose handler rejected, in milliseconds. */
const REST_MS = 1_000;

function messageOf({ target, id, payload, content_type, headers, deliveries }: Queued): ConsumedMessage {
  return {
    source: target,
    payload,
    deliveries,
    redelivered: deliveries > 1,
    ...(id !== null && { id }),
    ...(content_type !== null && { contentType: content_type }),
    ...(headers !== null && { headers }),
  };
}

/** What uses a link hears when there are new messages. */
export interface QueueLinkUser extends LinkUser {
  notified(): void;
}

/** What a subscription needs of its link. */
type QueueLink = Link<QueueLinkUser> & { readonly query: Query };

/** Takes messages of a target out of the queue: when it begins, when the server notifies, and when there is room again. */
export class QueueSubscription implements Subscription, QueueLinkUser {
  readonly #link: QueueLink;
  readonly #target: string;
  readonly #handlers: Handlers;
  readonly #most: number;
  readonly #log: Logger | undefined;
  readonly #over = new AbortController();
  /** Not to be taken again: being handled, or at rest. */
  readonly #taken = new Set<string>();
  /** There may be messages that are not taken. */
  #mayBeMore = true;
  #isLooking = false;
  #looking: Promise<void> = Promise.resolve();

  constructor(link: QueueLink, target: string, handler: MessageHandler, most: number, log: Logger | undefined) {
    this.#link = link;
    this.#target = target;
    this.#handlers = new Handlers(handler);
    this.#most = most;
    this.#log = log;
    link.add(this);
    this.#goOn();
  }

  ended(): void {
    this.#over.abort();
  }

  notified(): void {
    this.#mayBeMore = true;
    this.#goOn();
  }

  async stop(): Promise<void> {
    this.#over.abort();
    await this.#looking;
    await this.#handlers.idle();
    this.#link.remove(this);
  }

  #goOn(): void {
    if (!this.#isLooking) this.#looking = this.#look();
  }

  async #look(): Promise<void> {
    this.#isLooking = true;
    while (this.#mayBeMore && !this.#over.signal.aborted && this.#handlers.underWay < this.#most) {
      const room = this.#most - this.#handlers.underWay;
      this.#mayBeMore = false;
      try {
        const rows = await this.#link.query<Queued>(TAKE, [this.#target, [...this.#taken], room]);
        for (const row of rows) void this.#handle(row);
        this.#mayBeMore ||= rows.length === room;
      } catch (error) {
        this.#failed(error);
        this.#mayBeMore = true;
        await systemClock.sleep(REST_MS, this.#over.signal);
      }
    }
    this.#isLooking = false;
  }

  async #handle(row: Queued): Promise<void> {
    this.#taken.add(row.n);
    await this.#handlers.handle(messageOf(row), async (failure) => {
      const isDone = failure === undefined && (await this.#mark(row.n));
      if (isDone) this.#taken.delete(row.n);
      else void systemClock.sleep(REST_MS, this.#over.signal).then(() => this.#free(row.n));
    });
    this.#goOn();
  }

  /** Marks a message as handled; false if the server does not. */
  async #mark(n: string): Promise<boolean> {
    try {
      await this.#link.query(HANDLED, [n]);
      return true;
    } catch (error) {
      this.#failed(error);
      return false;
    }
  }

  #free(n: string): void {
    this.#taken.delete(n);
    this.notified();
  }

  #failed(error: unknown): void {
    if (this.#link.over !== undefined) return;
    this.#log?.warn({ event: 'consumeFailed', source: this.#target, error }, 'cannot take messages for now');
  }
}
