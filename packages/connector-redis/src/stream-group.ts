import { systemClock } from '@sputnikjs/core';
import type { RedisLink } from './link.js';
import type { Login } from './login.js';
import { hasCode } from './server-error.js';

/** An entry's id, and its fields; none if it was deleted before it was handled. */
export type Entry = readonly [id: string, fields: readonly Buffer[] | null];

/** How often a read is interrupted until it ends, in milliseconds. */
const INTERRUPT_MS = 50;

/** The commands of one consumer of a stream's group. */
export class StreamGroup {
  /** The stream's. */
  readonly name: string;
  readonly consumer: string;
  readonly #group: string;
  readonly #link: RedisLink;
  readonly #reader: Login;
  /** The user may lack the permission to count. */
  #mayCount = true;
  #askedAt: number | undefined;

  constructor(link: RedisLink, reader: Login, name: string, group: string, consumer: string) {
    this.#link = link;
    this.#reader = reader;
    this.name = name;
    this.#group = group;
    this.consumer = consumer;
  }

  /** Since when (performance.now) the server owes the reader an answer. */
  get askedAt(): number | undefined {
    return this.#askedAt;
  }

  /** New entries, `count` at most; waits for them so many milliseconds. */
  readNew(count: number, blockMs: number): Promise<readonly Entry[]> {
    return this.#read(['COUNT', `${count}`, 'BLOCK', `${Math.ceil(blockMs)}`], '>');
  }

  /** Entries after an id that this consumer was given before and has not acknowledged. */
  readOwn(count: number, after: string): Promise<readonly Entry[]> {
    return this.#read(['COUNT', `${count}`], after);
  }

  async #read(options: readonly string[], after: string): Promise<readonly Entry[]> {
    const who = ['GROUP', this.#group, this.consumer];
    const reply = await this.#ask('XREADGROUP', ...who, ...options, 'STREAMS', this.name, after);
    const [stream] = (reply ?? []) as readonly (readonly [Buffer, unknown])[];
    return entriesOf(stream?.[1]);
  }

  /** Entries whose consumer has not touched them for so long, from a place in the group's list on; where to go on, '0-0' at its end. */
  async claimIdle(
    idleMs: number,
    from: string,
    count: number,
  ): Promise<readonly [next: string, entries: readonly Entry[]]> {
    const reply = await this.#ask('XAUTOCLAIM', ...this.#names(), `${idleMs}`, from, 'COUNT', `${count}`);
    const [next, entries, deleted = []] = reply as readonly [Buffer, unknown, (readonly Buffer[])?];
    return [String(next), [...entriesOf(entries), ...deleted.map((id): Entry => [String(id), null])]];
  }

  /** These entries, as far as they are still pending. */
  async claim(ids: readonly string[]): Promise<readonly Entry[]> {
    return entriesOf(await this.#ask('XCLAIM', ...this.#names(), '0', ...ids));
  }

  /** How often entries were delivered; nothing of those, or of all, that the server does not tell of. */
  async deliveriesOf(ids: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const counts = new Map<string, number>();
    if (!this.#mayCount) return counts;
    const ask = async (id: string): Promise<void> => {
      const reply = await this.#link.call('XPENDING', this.name, this.#group, id, id, '1');
      const [pending] = reply as readonly (readonly unknown[])[];
      if (pending !== undefined) counts.set(id, Number(pending[3]));
    };
    try {
      await Promise.all(ids.map(ask));
    } catch (error) {
      this.#mayCount = !hasCode(error, 'NOPERM');
    }
    return counts;
  }

  /** Keeps others from taking these entries over. */
  async hold(ids: readonly string[]): Promise<void> {
    // guard: to hold a message is no delivery
    await this.#link.call('XCLAIM', ...this.#names(), '0', ...ids, 'JUSTID');
  }

  /** Has others take these entries over when they look for some that are idle that long. */
  async giveBack(ids: readonly string[], idleMs: number): Promise<void> {
    await this.#link.call('XCLAIM', ...this.#names(), '0', ...ids, 'IDLE', `${idleMs}`, 'JUSTID');
  }

  async acknowledge(ids: readonly string[]): Promise<void> {
    await this.#link.call('XACK', this.name, this.#group, ...ids);
  }

  /** Has the work end that reads: its read returns at once, or, if the user may not interrupt it, when its time has run out. */
  async interrupt(work: Promise<void>): Promise<void> {
    const ended = new AbortController();
    void work.then(() => ended.abort());
    while (!ended.signal.aborted) {
      await this.#link.call('CLIENT', 'UNBLOCK', this.#reader.id).catch(() => {});
      await systemClock.sleep(INTERRUPT_MS, ended.signal);
    }
  }

  /** Closes the reader. */
  close(): void {
    this.#link.closeReader(this.#reader.client);
  }

  /** Has the group forget this consumer, unless something is pending for it. */
  async leave(): Promise<void> {
    const pending = await this.#link.call('XPENDING', this.name, this.#group, '-', '+', '1', this.consumer);
    // nobody but us, who have stopped, would give it something meanwhile
    if ((pending as readonly unknown[]).length === 0)
      await this.#link.call('XGROUP', 'DELCONSUMER', this.name, this.#group, this.consumer);
  }

  #names(): readonly string[] {
    return [this.name, this.#group, this.consumer];
  }

  /** Over the reader, where one command waits for the other. */
  async #ask(name: string, ...args: readonly string[]): Promise<unknown> {
    this.#askedAt = performance.now();
    try {
      return await this.#link.during(this.#reader.client.call(name, ...args));
    } finally {
      this.#askedAt = undefined;
    }
  }
}

/** Redis 6 has nothing at all in the place of an entry that was deleted, where it does not tell its id. */
export function entriesOf(reply: unknown): readonly Entry[] {
  const entries = (reply ?? []) as readonly (readonly [Buffer, readonly Buffer[] | null] | null)[];
  return entries.flatMap((entry): Entry[] => (entry === null ? [] : [[String(entry[0]), entry[1]]]));
}
