import type { ConsumedMessage, MessageHandler } from '@sputnikjs/messaging';
import { Handlers } from '@sputnikjs/messaging/connector';
import { Acks } from './acks.js';
import { messageOf, type Delivery } from './entry.js';
import { Failures } from './failures.js';
import type { Entry, StreamGroup } from './stream-group.js';

/** What becomes of a stream's messages. */
export interface Handled {
  readonly stream: StreamGroup;
  readonly handler: MessageHandler;
  /** Messages under way at most. */
  readonly places: number;
  /** Told how many messages were deleted before they were handled. */
  readonly dropped: (count: number) => void;
  /** Told what cannot be done now. */
  readonly trouble: (error: unknown) => void;
}

/** Has a handler handle entries, and acknowledges them. */
export class Handling {
  /** What the handler rejected, or what came too late for it. */
  readonly failures: Failures = new Failures();
  readonly #about: Handled;
  readonly #handlers: Handlers;
  readonly #acks: Acks;
  readonly #underWay = new Set<string>();
  readonly #closing = new AbortController();
  #changed = (): void => {};

  constructor(about: Handled) {
    this.#about = about;
    this.#handlers = new Handlers(async (message) => about.handler(message));
    this.#acks = new Acks(about.stream, about.trouble, this.#closing.signal);
  }

  /** For how many entries there is a place. */
  get room(): number {
    return this.#about.places - this.#handlers.underWay;
  }

  /** The ids of all that nobody else is to have meanwhile. */
  get ids(): readonly string[] {
    return [...this.#underWay, ...this.failures.ids()];
  }

  /** Begins with entries that came for the first time. */
  begin(entries: readonly Entry[]): Promise<void> {
    return this.#begin(entries, (sequence) => ({ sequence, redelivered: false, deliveries: 1 }));
  }

  /** Begins with entries that may have come before, unless they are under way already. `tries` says how often each has failed. */
  async beginAgain(entries: readonly Entry[], tries?: ReadonlyMap<string, number>): Promise<void> {
    const ids = entries.flatMap(([id, fields]) => (fields === null ? [] : [id]));
    const counts = ids.length === 0 ? undefined : await this.#about.stream.deliveriesOf(ids);
    await this.#begin(
      entries,
      (sequence) => ({ sequence, redelivered: true, deliveries: counts?.get(sequence) }),
      tries,
    );
  }

  async #begin(
    entries: readonly Entry[],
    deliveryOf: (id: string) => Delivery,
    tries?: ReadonlyMap<string, number>,
  ): Promise<void> {
    const { stream, dropped } = this.#about;
    const deleted: string[] = [];
    for (const [id, fields] of entries) {
      if (this.#underWay.has(id) || this.failures.has(id)) continue;
      if (fields === null) deleted.push(id);
      else if (this.#closing.signal.aborted) this.failures.add(id, 1);
      else void this.#handle(id, messageOf(stream.name, fields, deliveryOf(id)), tries?.get(id) ?? 0);
    }
    if (deleted.length === 0) return;
    dropped(deleted.length);
    await stream.acknowledge(deleted);
  }

  /** Begins with nothing any more. */
  close(): void {
    this.#closing.abort();
    this.#changed();
  }

  /** Resolves when all that was begun has settled, and was acknowledged. */
  idle(): Promise<void> {
    return this.#handlers.idle();
  }

  /** Resolves when there may be more room, at the end of the turn, since there may be still more of it; or when it is closed. */
  change(): Promise<void> {
    return new Promise((resolve) => {
      this.#changed = () => {
        this.#changed = () => {};
        setImmediate(resolve);
      };
    });
  }

  async #handle(id: string, message: ConsumedMessage, tries: number): Promise<void> {
    this.#underWay.add(id);
    await this.#handlers.handle(message, async (error) => {
      const isDone = error === undefined && (await this.#acknowledged(id));
      this.#underWay.delete(id);
      if (!isDone) this.failures.add(id, tries + 1);
    });
    this.#changed();
  }

  async #acknowledged(id: string): Promise<boolean> {
    try {
      await this.#acks.add(id);
      return true;
    } catch (error) {
      this.#about.trouble(error);
      return false;
    }
  }
}
