import type { BlockCommunicator, BlockContext } from '@sputnikjs/core';
import type { ProduceMessage, ProduceResult } from '@sputnikjs/messaging';
import type { ProblemLog } from '@sputnikjs/messaging/net';
import type { Item, DatagramBuffer } from './datagram-buffer.js';
import type { UnsentMessage } from './unsent.js';

/** Questions at most that the producer has not answered. */
const WINDOW = 1024;
/** Messages of senders that can wait: while more are kept, those senders do. */
const PATIENT = 64;

const TOO_LATE = 'the satellite landed before it could be handed on';
const UNANSWERED = 'the server had not taken it when the satellite landed';

/** What a queue works with. */
export interface DeliveryQueueParts {
  readonly producer: BlockCommunicator<ProduceMessage, ProduceResult | void>;
  readonly buffer: DatagramBuffer;
  readonly ctx: BlockContext;
  readonly problemLog: ProblemLog;
}

/**
 * Brings messages to the producer, those of each sender in order. What it has no room for is kept. Datagrams are, as many as the buffer
 * takes; then the oldest gives way to a new one. Whoever can wait does while much of theirs is kept, and loses nothing. With a
 * writer it learns what becomes of each message, and what cannot be kept or delivered is written.
 */
export class DeliveryQueue {
  /** Takes what cannot be kept. Set it before the first message. */
  writer: BlockCommunicator<UnsentMessage> | undefined;
  /** Messages that are lost, and datagrams that gave way apart. */
  lost = 0;
  dropped = 0;
  readonly #parts: DeliveryQueueParts;
  /** Those that the producer was asked to take. */
  readonly #underWay = new Set<Item>();
  #draining = false;
  #drained: Promise<void> = Promise.resolve();
  /** What senders that can wait wait for. */
  #room: Promise<void> | undefined;
  #tellRoom: (() => void) | undefined;
  #tellAnswer: (() => void) | undefined;

  constructor(parts: DeliveryQueueParts) {
    this.#parts = parts;
    parts.ctx.signal.addEventListener('abort', () => this.#giveUp(), { once: true });
  }

  /** Takes a message; the promise, if there is one, resolves when its sender may go on. Never rejects. */
  enqueue(item: Item): void | Promise<void> {
    const { producer, buffer, ctx } = this.#parts;
    if (!this.writer && !this.#draining && producer.send(item.message)) return;
    if (ctx.signal.aborted) return this.#lose(item, TOO_LATE);
    if (item.mayDrop) this.#makeRoom(item);
    buffer.push(item);
    if (!this.#draining) this.#drain();
    // What comes this late nobody waits for but those who wait for our mailbox.
    // guard: a landing waits for what comes during it
    if (ctx.landing.aborted) return this.drained();
    // guard: of what came over connections 64 are kept, then their senders wait
    if (item.mayDrop || buffer.others <= PATIENT) return;
    return (this.#room ??= new Promise((resolve) => (this.#tellRoom = resolve)));
  }

  /** Resolves when all that is kept now is handed over, or given up. Never rejects. */
  async drained(): Promise<void> {
    while (this.#draining) await this.#drained.catch(() => {});
  }

  #makeRoom(item: Item): void {
    const { buffer } = this.#parts;
    while (!buffer.hasRoomFor(item)) {
      const oldest = buffer.evict();
      if (oldest) this.#drop(oldest);
    }
  }

  #drain(): void {
    this.#draining = true;
    this.#drained = this.writer ? this.#askAll() : this.#postAll();
    this.#parts.ctx.waitUntil(this.#drained);
  }

  /** Hands over what is kept, without learning what becomes of it: that is quicker. */
  async #postAll(): Promise<void> {
    const { producer } = this.#parts;
    for (let item = this.#next(); item; item = this.#next()) {
      if (!producer.send(item.message)) await this.#post(item);
    }
    // At once: whoever comes next finds the buffer empty, and nobody at it.
    this.#draining = false;
  }

  async #post(item: Item): Promise<void> {
    const { producer, ctx } = this.#parts;
    const handed = await producer.post(item.message, { signal: ctx.signal }).catch(() => false);
    if (!handed) this.#lose(item, TOO_LATE);
  }

  /** Hands over what is kept, and sees to what the producer could not deliver. */
  async #askAll(): Promise<void> {
    const { signal } = this.#parts.ctx;
    for (let item = this.#next(); item; item = this.#next()) {
      while (this.#underWay.size >= WINDOW && !signal.aborted) await this.#answer();
      if (signal.aborted) this.#lose(item, TOO_LATE);
      else this.#ask(item);
    }
    this.#draining = false;
  }

  #ask(item: Item): void {
    this.#underWay.add(item);
    this.#parts.producer.ask(item.message, { timeoutMs: Infinity }).then(
      () => this.#settle(item),
      (error: unknown) => this.#settle(item, error),
    );
  }

  #settle(item: Item, error?: unknown): void {
    if (!this.#underWay.delete(item)) return;
    if (error !== undefined) this.#lose(item, reasonOf(error));
    this.#tellAnswer?.();
  }

  /** Resolves when a message under way has settled. */
  #answer(): Promise<void> {
    return new Promise((resolve) => (this.#tellAnswer = resolve));
  }

  /** Takes the next one out of the buffer; those who wait go on if there is room again. */
  #next(): Item | undefined {
    const { buffer } = this.#parts;
    const item = buffer.shift();
    if (this.#room && buffer.others <= PATIENT) {
      this.#room = undefined;
      this.#tellRoom?.();
    }
    return item;
  }

  /** There is no more time: what is kept, or unanswered, is not delivered as far as we know. */
  #giveUp(): void {
    for (const item of this.#underWay) this.#lose(item, UNANSWERED);
    this.#underWay.clear();
    for (let item = this.#next(); item; item = this.#next()) this.#lose(item, TOO_LATE);
    this.#tellAnswer?.();
  }

  /** A datagram for which there is no room. */
  #drop(item: Item): void {
    if (this.#write(item, 'there was no room to keep it')) return;
    this.dropped++;
    this.#parts.problemLog.note(
      'messagesDropped',
      'datagrams were dropped, the oldest first: those that wait for the server fill keepMessages or keepBytes',
    );
  }

  #lose(item: Item, reason: string): void {
    if (this.#write(item, reason)) return;
    this.lost++;
    this.#parts.problemLog.note('messagesLost', `messages are lost: ${reason}`, { target: item.message.target });
  }

  #write({ message: { target, payload } }: Item, reason: string): boolean {
    if (!this.writer?.send({ target, payload, reason })) return false;
    this.#parts.problemLog.note('messagesWritten', `messages were given to the writer: ${reason}`, { target });
    return true;
  }
}

function reasonOf(error: unknown): string {
  const { cause, message } = error as Error;
  return cause instanceof Error ? cause.message : message;
}
