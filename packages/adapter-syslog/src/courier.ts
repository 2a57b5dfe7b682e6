import { SputnikError, type BlockCommunicator, type BlockContext } from '@sputnikjs/core';
import type { ProduceMessage, ProduceResult } from '@sputnikjs/sidecar';
import type { Item, Keep } from './keep.js';
import type { Troubles } from './troubles.js';
import type { UnsentMessage } from './unsent.js';

/** Questions at most that the producer has not answered. */
const WINDOW = 1024;
/** Messages at most that are kept of senders that could wait: those have the rest, and the keep's other places are for datagrams. */
const PATIENT = 512;
/** Questions at once; then it is looked whether the producer refused some. */
const BURST = 64;
const RETRY_MS = 20;
/** A producer that takes nothing from one look to the next has no server. One that is only slower than the senders takes some. */
const STALL_MS = 100;

/** What a courier works with. */
export interface CourierParts {
  readonly producer: BlockCommunicator<ProduceMessage, ProduceResult | void>;
  readonly keep: Keep;
  readonly ctx: BlockContext;
  readonly troubles: Troubles;
}

/**
 * Brings messages to the producer, in order. Datagrams that it has no room for are kept; when the keep is full the oldest
 * gives way to a new one. Who can wait does, and is kept only while the producer stands still: a queue that is always full
 * would cost half as much CPU again, and its memory. With a writer the courier learns what becomes of each message, and
 * what cannot be kept or delivered is written.
 */
export class Courier {
  /** Takes what cannot be kept. Set it before the first message. */
  writer: BlockCommunicator<UnsentMessage> | undefined;
  /** Messages that are lost, datagrams that gave way apart. */
  lost = 0;
  readonly #parts: CourierParts;
  /** Those that the producer was asked to take. */
  readonly #underWay = new Set<Item>();
  #refused: Item[] = [];
  #draining = false;
  #drained: Promise<void> = Promise.resolve();
  #handed = 0;
  #standsStill = false;
  #cancelWatch: (() => void) | undefined;
  #tellRoom: (() => void) | undefined;
  #tellAnswer: (() => void) | undefined;

  constructor(parts: CourierParts) {
    this.#parts = parts;
    parts.ctx.signal.addEventListener('abort', () => this.#giveUp(), { once: true });
  }

  /** Takes a message; the promise, if there is one, resolves when the next one may come. Never rejects. */
  take(item: Item): void | Promise<void> {
    const { producer, keep } = this.#parts;
    if (!this.writer && !this.#draining && producer.send(item.message)) return;
    if (!item.mayDrop) return this.#mayKeep(item) ? this.#keep(item) : this.#takeLater(item);
    while (!keep.hasRoomFor(item)) {
      const oldest = keep.evict();
      this.#drop(oldest ?? item);
      if (!oldest) return;
    }
    this.#keep(item);
  }

  /** Resolves when all that is kept now is handed over, or given up. Never rejects. */
  async drained(): Promise<void> {
    while (this.#draining) await this.#drained.catch(() => {});
  }

  /** True if what could wait need not, or need no longer. */
  #mayKeep(item: Item): boolean {
    const { keep, ctx } = this.#parts;
    const underWay = this.writer ? WINDOW : 1;
    return (
      ctx.signal.aborted ||
      (keep.hasRoomFor(item) && keep.size < (this.#standsStill ? Math.max(PATIENT, underWay) : underWay))
    );
  }

  async #takeLater(item: Item): Promise<void> {
    const { producer } = this.#parts;
    while (!this.#mayKeep(item)) await new Promise<void>((resolve) => (this.#tellRoom = resolve));
    if (!this.writer && !this.#draining && producer.send(item.message)) return;
    this.#keep(item);
  }

  #keep(item: Item): void {
    const { keep, ctx } = this.#parts;
    if (ctx.signal.aborted) return this.#lose(item, 'the satellite landed before it could be handed on');
    keep.push(item);
    if (!this.#draining) {
      this.#draining = true;
      this.#drained = this.writer ? this.#askAll() : this.#postAll();
      ctx.waitUntil(this.#drained);
      this.#watch();
    }
  }

  /** Hands over what is kept, without learning what becomes of it: that is quicker. */
  async #postAll(): Promise<void> {
    const { producer, keep, ctx } = this.#parts;
    for (let item = keep.shift(); item; item = keep.shift()) {
      const handed = producer.send(item.message) || (await this.#post(item));
      this.#release(item);
      if (handed || ctx.signal.aborted) continue;
      this.#draining = false;
      const { responsibility } = producer.descriptor;
      throw new Error(`block "${responsibility}" takes no messages; wire "producer" to one that does`);
    }
    // At once: whoever comes next finds the keep empty, and nobody at it.
    this.#draining = false;
  }

  async #post(item: Item): Promise<boolean> {
    const { producer, ctx } = this.#parts;
    const handed = await producer.post(item.message, { signal: ctx.signal }).catch(() => false);
    if (!handed) this.#lose(item, 'the satellite landed before it could be handed on');
    return handed;
  }

  /** Hands over what is kept, and sees to what the producer could not deliver. */
  async #askAll(): Promise<void> {
    const { keep, ctx } = this.#parts;
    while (!keep.isEmpty && !ctx.signal.aborted) {
      for (let n = 0; n < BURST && this.#underWay.size < WINDOW; n++) {
        const item = keep.shift();
        if (item) this.#ask(item);
      }
      // Refusals are told at once. They are the last ones of the burst: nobody made room meanwhile.
      await Promise.resolve();
      const refused = this.#refused.splice(0);
      keep.putBack(refused);
      if (refused.length > 0 || this.#underWay.size >= WINDOW) await this.#answer();
    }
    this.#draining = false;
  }

  #ask(item: Item): void {
    this.#underWay.add(item);
    this.#parts.producer.ask(item.message, { timeoutMs: Infinity }).then(
      () => this.#settle(item),
      (error: unknown) => {
        if (error instanceof SputnikError && error.code === 'ASK_REFUSED' && this.#underWay.delete(item)) {
          this.#refused.push(item);
        } else {
          this.#settle(item, error);
        }
      },
    );
  }

  #settle(item: Item, error?: unknown): void {
    if (!this.#underWay.delete(item)) return;
    this.#release(item);
    if (error !== undefined) this.#lose(item, reasonOf(error));
    this.#tellAnswer?.();
  }

  /** Resolves when a message under way has settled, or after a while. */
  #answer(): Promise<void> {
    const { clock, signal } = this.#parts.ctx;
    const answered = new Promise<void>((resolve) => (this.#tellAnswer = resolve));
    return this.#underWay.size > 0 ? answered : clock.sleep(RETRY_MS, signal);
  }

  #release(item: Item): void {
    this.#parts.keep.release(item);
    this.#handed++;
    this.#standsStill = false;
    this.#tellRoom?.();
  }

  /** Looks, as long as something is kept, whether the producer stands still. */
  #watch(): void {
    if (this.#cancelWatch) return;
    const handed = this.#handed;
    this.#cancelWatch = this.#parts.ctx.clock.after(STALL_MS, () => {
      this.#cancelWatch = undefined;
      if (this.#parts.keep.size === 0) return;
      this.#standsStill = handed === this.#handed;
      if (this.#standsStill) this.#tellRoom?.();
      this.#watch();
    });
  }

  /** There is no more time: what is kept, or unanswered, is not delivered as far as we know. */
  #giveUp(): void {
    const { keep } = this.#parts;
    this.#cancelWatch?.();
    const unanswered = [...this.#underWay];
    this.#underWay.clear();
    for (const item of unanswered) {
      this.#release(item);
      this.#lose(item, 'the server had not taken it when the satellite landed');
    }
    for (let item = keep.shift(); item; item = keep.shift()) {
      this.#release(item);
      this.#lose(item, 'the satellite landed before it could be handed on');
    }
    this.#tellAnswer?.();
    this.#tellRoom?.();
  }

  /** A datagram for which there is no room. */
  #drop(item: Item): void {
    if (this.#write(item, 'there was no room to keep it')) return;
    this.#parts.troubles.note(
      'messagesDropped',
      'datagrams were dropped, the oldest first: they come faster than the server takes them',
    );
  }

  #lose(item: Item, reason: string): void {
    if (this.#write(item, reason)) return;
    this.lost++;
    this.#parts.troubles.note('messagesLost', `messages are lost: ${reason}`, { target: item.message.target });
  }

  #write({ message: { target, payload } }: Item, reason: string): boolean {
    if (!this.writer?.send({ target, payload, reason })) return false;
    this.#parts.troubles.note('messagesWritten', `messages were given to the writer: ${reason}`, { target });
    return true;
  }
}

function reasonOf(error: unknown): string {
  const { cause, message } = error as Error;
  return cause instanceof Error ? cause.message : message;
}
