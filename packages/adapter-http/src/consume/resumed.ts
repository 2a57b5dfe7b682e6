import type { BlockContext } from '@sputnikjs/core';
import type { ConsumedMessage, MessageReplayer } from '@sputnikjs/messaging';
import type { MessageSpans } from '@sputnikjs/messaging/traces';
import { Refused } from '../answer/refusals.js';
import { linesOf } from './lines.js';
import type { Reader } from './reader.js';
import { Reading, type Begun } from './reading.js';
import { refusedBy } from './refused-by.js';

/**
 * The readers of a source that read what the server keeps, each after its own last message and at its own pace: those that say what they have got, and
 * those that lost the server after they had got something. Nothing is acknowledged for them.
 */
export class Resumed {
  /** Messages that readers got, each as often. */
  written = 0;
  readonly #source: string;
  readonly #spans: MessageSpans;
  readonly #context: Pick<BlockContext, 'log' | 'clock' | 'waitUntil'>;
  readonly #readings = new Map<Reader, Reading>();
  readonly #running = new Set<Promise<void>>();
  /** Undefined while the server is away. */
  #connection: { readonly replayer: MessageReplayer | undefined } | undefined;

  constructor(source: string, spans: MessageSpans, context: Pick<BlockContext, 'log' | 'clock' | 'waitUntil'>) {
    this.#source = source;
    this.#spans = spans;
    this.#context = context;
  }

  get readers(): Iterable<Reader> {
    return this.#readings.keys();
  }

  /** True if readers of the source can resume. Never rejects. */
  async isKept(): Promise<boolean> {
    try {
      return (await this.#connection?.replayer?.keeps(this.#source)) ?? false;
    } catch (error) {
      const text = `cannot tell whether the server keeps "${this.#source}": its readers cannot resume`;
      this.#context.log.warn({ event: 'consumeFailed', source: this.#source, error }, text);
      return false;
    }
  }

  /**
   * Begins to read after a message. Undefined if the server is away: who resumes waits for it, since browsers give up at the first refusal. Throws
   * CANNOT_RESUME, or REFUSED with what the server has against it.
   */
  async begin(after: string): Promise<Begun | undefined> {
    if (this.#connection === undefined) return undefined;
    const { replayer } = this.#connection;
    if (replayer === undefined) throw new Refused('CANNOT_RESUME', 'the server keeps no messages that were handled');
    const over = new AbortController();
    try {
      return { messages: await replayer.replay(this.#source, after, over.signal), over };
    } catch (error) {
      const refused = refusedBy(error);
      if (refused.code === 'SERVER_AWAY') return undefined;
      throw refused;
    }
  }

  /** Adds a reader. Without a replay that has begun, it goes on after its last message, as soon as there is a connection. */
  add(reader: Reader, begun?: Begun): void {
    const { log, clock } = this.#context;
    const write = (message: ConsumedMessage): Promise<void> => this.#write(reader, message);
    const reading = new Reading(reader, { source: this.#source, log, clock, write });
    this.#readings.set(reader, reading);
    const replayer = this.#connection?.replayer;
    if (replayer !== undefined) this.#run(reading, replayer, begun);
    // the connection was lost meanwhile
    else begun?.over.abort();
  }

  /** A reader has room again, or is over. */
  changed(reader: Reader): void {
    this.#readings.get(reader)?.changed();
  }

  /** Removes a reader, which is over. */
  remove(reader: Reader): void {
    // guard: what nobody reads any more is not replayed
    this.changed(reader);
    this.#readings.delete(reader);
  }

  connected(replayer: MessageReplayer | undefined): void {
    this.#connection = { replayer };
    for (const [reader, reading] of this.#readings) {
      // guard: who waits for a server that cannot replay is told
      if (replayer === undefined) reader.cut('gap');
      else this.#run(reading, replayer);
    }
  }

  disconnected(): void {
    this.#connection = undefined;
    for (const reading of this.#readings.values()) reading.pause();
  }

  /** Resolves when nobody reads any more; all readers have to be over. */
  async end(): Promise<void> {
    await Promise.all(this.#running);
  }

  #run(reading: Reading, replayer: MessageReplayer, begun?: Begun): void {
    const running = reading.run(replayer, begun);
    this.#running.add(running);
    this.#context.waitUntil(running.finally(() => this.#running.delete(running)));
  }

  #write(reader: Reader, message: ConsumedMessage): Promise<void> {
    return this.#spans.processing(this.#source, message, async (traced) => {
      reader.write(linesOf(traced, true));
      this.written++;
    });
  }
}
