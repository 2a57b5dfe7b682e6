import { systemClock } from '@sputnikjs/core';
import type { ConsumedMessage } from '@sputnikjs/messaging';
import { cannotResume } from '@sputnikjs/messaging/connector';
import { messageOf } from './entry.js';
import type { RedisLink } from './link.js';
import type { Login } from './login.js';
import { entriesOf, type Entry } from './stream-group.js';

/** Most entries of a read, and about how many bytes they may have. */
const [MOST_AT_ONCE, MOST_BYTES] = [128, 256 * 1024];
/** How long a read waits for new entries, and after which time without an answer the connection may be dead, in milliseconds. */
const [BLOCK_MS, OVERDUE_MS] = [1_000, 10_000];

/**
 * The entries of a stream after one of them. Each read begins with the last entry that was read, as long as that is there, nothing after it was
 * trimmed: the server says nothing of what it trims.
 */
export class Replay implements AsyncIterable<ConsumedMessage> {
  readonly #link: RedisLink;
  readonly #reader: Login;
  readonly #source: string;
  readonly #signal: AbortSignal;
  /** The id of the last entry that was read. */
  #last: string;
  /** How many to read next: few until it is known how large they are. */
  #count = 1;

  /** Takes over the connection of the reader, where it waits. */
  constructor(link: RedisLink, reader: Login, source: string, after: string, signal: AbortSignal) {
    this.#link = link;
    this.#reader = reader;
    this.#source = source;
    this.#last = after;
    this.#signal = signal;
    signal.addEventListener('abort', this.#release);
    if (signal.aborted) this.#release();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ConsumedMessage> {
    try {
      while (!this.#signal.aborted) {
        const entries = await this.#read();
        if (entries.length === 0) await this.#wait();
        for (const [id, fields] of entries) {
          if (this.#signal.aborted) return;
          yield messageOf(this.#source, fields ?? [], { sequence: id, redelivered: false });
        }
      }
    } catch (error) {
      // what was under way has ended with the connection
      if (!this.#signal.aborted) throw error;
    } finally {
      this.#release();
    }
  }

  /** The next entries that are there. Rejects with CANNOT_RESUME if some may be missing. */
  async #read(): Promise<readonly Entry[]> {
    const last = this.#last;
    const [first, ...entries] = await readFrom(this.#link, this.#reader, this.#source, last, this.#count + 1);
    // guard: what was trimmed before it was read is told
    if (first?.[0] !== last) throw gone(this.#source, last);
    this.#last = entries.at(-1)?.[0] ?? last;
    const largest = Math.max(1, ...entries.map(sizeOf));
    // guard: what a read brings is bounded
    if (entries.length > 0)
      this.#count = Math.max(1, Math.min(2 * this.#count, MOST_AT_ONCE, Math.floor(MOST_BYTES / largest)));
    return entries;
  }

  /** Resolves when there may be new entries. */
  async #wait(): Promise<void> {
    const asking = this.#reader.client.call(
      'XREAD',
      'COUNT',
      '1',
      'BLOCK',
      `${BLOCK_MS}`,
      'STREAMS',
      this.#source,
      this.#last,
    );
    let isOver = false;
    const check = async (): Promise<void> => {
      await this.#link.ping();
      if (!isOver) this.#link.end(new Error('the connection that waits for messages is dead'));
    };
    const cancel = systemClock.after(OVERDUE_MS, () => void check());
    try {
      await this.#link.during(asking);
    } finally {
      isOver = true;
      cancel();
    }
  }

  /** Ends the connection, and what it waits for. */
  readonly #release = (): void => {
    this.#signal.removeEventListener('abort', this.#release);
    this.#link.closeReader(this.#reader.client);
  };
}

/** Entries from an id on, with that. */
export async function readFrom(
  link: RedisLink,
  { client }: Pick<Login, 'client'>,
  stream: string,
  from: string,
  count: number,
): Promise<readonly Entry[]> {
  return entriesOf(await link.during(client.call('XRANGE', stream, from, '+', 'COUNT', `${count}`)));
}

export function gone(source: string, id: string): Error {
  return cannotResume(
    source,
    id,
    'the stream has no entry with that id; it was trimmed or deleted, and others after it may be gone, too',
  );
}

function sizeOf([, fields]: Entry): number {
  return (fields ?? []).reduce((sum, { length }) => sum + length, 0);
}
