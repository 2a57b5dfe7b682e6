import type { BlockCommunicator, BlockContext } from '@sputnikjs/core';
import type { ProduceMessage, ProduceResult } from '@sputnikjs/messaging';
import type { ProblemLog } from '@sputnikjs/messaging/net';
import type { Item, DatagramBuffer } from './datagram-buffer.js';
import type { UnsentMessage } from './unsent.js';

/** Most questions that the producer has not answered yet, and most bytes of them. */
const WINDOW = 1024;
const WINDOW_BYTES = 8_388_608;
/** Most messages kept of senders that can wait, and most bytes of them: beyond that, those senders wait. */
const PATIENT = 64;
const PATIENT_BYTES = 1_048_576;

const TOO_LATE = 'the satellite landed before the message could be passed on';
const UNANSWERED = 'the server had not taken the message when the satellite landed';

/** What a queue needs. */
export interface DeliveryQueueParts {
  readonly producer: BlockCommunicator<ProduceMessage, ProduceResult | void>;
  readonly buffer: DatagramBuffer;
  readonly ctx: BlockContext;
  readonly problemLog: ProblemLog;
}

/**
 * Delivers messages to the producer, those of each sender in order. It keeps those that the producer has no room for. When the buffer is full
 * of datagrams, a new one replaces the oldest. Senders that can wait do so while many of their messages are kept, and lose nothing. With a
 * writer, the queue learns what becomes of each message, and writes those that it can neither keep nor deliver.
 */
export class DeliveryQueue {
  /** Gets the messages that cannot be kept. Set it before the first message. */
  writer: BlockCommunicator<UnsentMessage> | undefined;
  /** Messages that are lost, without the datagrams that newer ones replaced. */
  lost = 0;
  dropped = 0;
  readonly #parts: DeliveryQueueParts;
  /** Questions to the producer that are not answered. */
  readonly #underWay = new Set<Item>();
  #bytesUnderWay = 0;
  #draining = false;
  #drained: Promise<void> = Promise.resolve();
  /** Resolves when there is room again for senders that can wait. */
  #room: Promise<void> | undefined;
  #tellRoom: (() => void) | undefined;
  #tellAnswer: (() => void) | undefined;

  constructor(parts: DeliveryQueueParts) {
    this.#parts = parts;
    parts.ctx.signal.addEventListener('abort', () => this.#giveUp(), { once: true });
  }

  /** Accepts a message. If it returns a promise, the sender must wait for that; it never rejects. */
  enqueue(item: Item): void | Promise<void> {
    const { producer, buffer, ctx } = this.#parts;
    if (!this.writer && !this.#draining && producer.send(item.message)) return;
    if (ctx.signal.aborted) return this.#lose(item, TOO_LATE);
    if (item.mayDrop) this.#makeRoom(item);
    buffer.push(item);
    if (!this.#draining) this.#drain();
    // Only who waits for our mailbox waits for a message that comes this late.
    // guard: a landing waits for what comes during it
    if (ctx.landing.aborted) return this.drained();
    // guard: of what came over connections 64 are kept, then their senders wait
    if (item.mayDrop || this.#hasRoom) return;
    return (this.#room ??= new Promise((resolve) => (this.#tellRoom = resolve)));
  }

  /** Resolves when all messages that are kept now are delivered or given up. Never rejects. */
  async drained(): Promise<void> {
    while (this.#draining) await this.#drained.catch(() => {});
  }

  /** For what can wait. */
  get #hasRoom(): boolean {
    const { others, otherBytes } = this.#parts.buffer;
    // guard: of what came over connections a megabyte is kept, then their senders wait
    return others <= PATIENT && otherBytes <= PATIENT_BYTES;
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

  /** Delivers what is kept, and does not ask what becomes of it, which is faster. */
  async #postAll(): Promise<void> {
    const { producer } = this.#parts;
    for (let item = this.#next(); item; item = this.#next()) {
      if (!producer.send(item.message)) await this.#post(item);
    }
    // Synchronously: the next message finds the buffer empty, and nobody draining it.
    this.#draining = false;
  }

  async #post(item: Item): Promise<void> {
    const { producer, ctx } = this.#parts;
    const handed = await producer.post(item.message, { signal: ctx.signal }).catch(() => false);
    if (!handed) this.#lose(item, TOO_LATE);
  }

  /** Delivers what is kept, and handles what the producer could not deliver. */
  async #askAll(): Promise<void> {
    const { signal } = this.#parts.ctx;
    for (let item = this.#next(); item; item = this.#next()) {
      while (this.#isWindowFull && !signal.aborted) await this.#answer();
      if (signal.aborted) this.#lose(item, TOO_LATE);
      else this.#ask(item);
    }
    this.#draining = false;
  }

  get #isWindowFull(): boolean {
    // guard: what the producer has not answered is bounded in bytes
    return this.#underWay.size >= WINDOW || this.#bytesUnderWay >= WINDOW_BYTES;
  }

  #ask(item: Item): void {
    this.#underWay.add(item);
    this.#bytesUnderWay += item.bytes;
    this.#parts.producer.ask(item.message, { timeoutMs: Infinity }).then(
      () => this.#settle(item),
      (error: unknown) => this.#settle(item, error),
    );
  }

  #settle(item: Item, error?: unknown): void {
    if (!this.#underWay.delete(item)) return;
    this.#bytesUnderWay -= item.bytes;
    if (error !== undefined) this.#lose(item, reasonOf(error));
    this.#tellAnswer?.();
  }

  /** Resolves when a question to the producer has settled. */
  #answer(): Promise<void> {
    return new Promise((resolve) => (this.#tellAnswer = resolve));
  }

  /** Takes the next message out of the buffer; lets waiting senders go on if there is room again. */
  #next(): Item | undefined {
    const { buffer } = this.#parts;
    const item = buffer.shift();
    if (this.#room && this.#hasRoom) {
      this.#room = undefined;
      this.#tellRoom?.();
    }
    return item;
  }

  /** Time is up: counts what is kept or unanswered as not delivered. */
  #giveUp(): void {
    for (const item of this.#underWay) this.#lose(item, UNANSWERED);
    this.#underWay.clear();
    for (let item = this.#next(); item; item = this.#next()) this.#lose(item, TOO_LATE);
    this.#tellAnswer?.();
  }

  /** Drops a datagram, since there is no room for it. */
  #drop(item: Item): void {
    if (this.#write(item, 'there was no room to keep the message')) return;
    this.dropped++;
    this.#parts.problemLog.note(
      'messagesDropped',
      'datagrams were dropped, the oldest first: keepMessages or keepBytes is full of those that wait for the server',
    );
  }

  #lose(item: Item, reason: string): void {
    if (this.#write(item, reason)) return;
    this.lost++;
    this.#parts.problemLog.note('messagesLost', `messages are lost: ${reason}`, { target: item.message.target });
  }

  #write({ message: { target, payload } }: Item, reason: string): boolean {
    if (!this.writer?.send({ target, payload, reason })) return false;
    this.#parts.problemLog.note('messagesWritten', `messages went to the writer: ${reason}`, { target });
    return true;
  }
}

function reasonOf(error: unknown): string {
  const { cause, message } = error as Error;
  return cause instanceof Error ? cause.message : message;
}
