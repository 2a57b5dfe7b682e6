import type { BlockContext } from '@sputnikjs/core';
import type { ConsumedMessage, MessageReplayer } from '@sputnikjs/messaging';
import type { Reader } from './reader.js';

/** Delay from a refused replay to the next try, in milliseconds: doubles each time, from the first value to the second. */
const RETRY_MS = [1_000, 30_000] as const;

/** A replay that has begun: whoever does not use it aborts it. */
export interface Begun {
  readonly messages: AsyncIterable<ConsumedMessage>;
  readonly over: AbortController;
}

/** What a reading needs. */
export interface ReadingParts extends Pick<BlockContext, 'log' | 'clock'> {
  readonly source: string;
  readonly write: (message: ConsumedMessage) => Promise<void>;
}

/** What one reader gets of what the server keeps, one message after the other, over as many connections as it takes. */
export class Reading {
  readonly #reader: Reader;
  readonly #parts: ReadingParts;
  #over = new AbortController();
  #wake = (): void => {};

  constructor(reader: Reader, parts: ReadingParts) {
    this.#reader = reader;
    this.#parts = parts;
  }

  /** The reader has room again, or is over. */
  changed(): void {
    if (this.#reader.isOver) this.#over.abort();
    this.#wake();
  }

  /** The connection is lost. */
  pause(): void {
    this.#over.abort();
    this.#wake();
  }

  /**
   * Reads after the last message that was written, until the reader is over or the connection lost. If the server refuses that for now, it tries again. If
   * messages are gone, it cuts the reader.
   */
  async run(replayer: MessageReplayer, begun?: Begun): Promise<void> {
    const { source, log, clock } = this.#parts;
    const over = (this.#over = begun?.over ?? new AbortController());
    let messages = begun?.messages;
    for (let wait: number = RETRY_MS[0]; !over.signal.aborted; wait = Math.min(2 * wait, RETRY_MS[1])) {
      const before = this.#reader.last ?? '';
      try {
        messages ??= await replayer.replay(source, before, over.signal);
        await this.#writeAll(messages, over.signal);
        break;
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (over.signal.aborted || code === 'CONNECTION_LOST') break;
        // guard: a reader that would miss messages is cut
        if (code === 'CANNOT_RESUME') return this.#reader.cut('gap');
        messages = undefined;
        if (this.#reader.last !== before) wait = RETRY_MS[0];
        const text = `cannot consume "${source}" for now; trying again in ${wait / 1000} s`;
        log.warn({ event: 'consumeFailed', source, retryInMs: wait, error }, text);
      }
      await clock.sleep(wait, over.signal);
    }
    over.abort();
  }

  async #writeAll(messages: AsyncIterable<ConsumedMessage>, over: AbortSignal): Promise<void> {
    for await (const message of messages) {
      // guard: a reader that reads by itself is written to when it has room
      while (!over.aborted && !this.#reader.hasRoom()) await new Promise<void>((resolve) => (this.#wake = resolve));
      if (over.aborted) return;
      await this.#parts.write(message);
    }
  }
}
