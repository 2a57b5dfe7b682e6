import { systemClock, type Logger } from '@sputnikjs/core';
import type { ConsumedMessage, Subscription } from '@sputnikjs/sidecar';
import { Handlers } from '@sputnikjs/sidecar/connector';
import { Acks } from './acks.js';
import { messageOf } from './entry.js';
import { Failures, retryDelay } from './failures.js';
import type { Link, LinkUser } from './link.js';
import { hasCode } from './server-error.js';
import type { Entry, StreamGroup } from './stream-group.js';

/** What a subscription is about. */
export interface Subscribing {
  readonly stream: StreamGroup;
  readonly handler: (message: ConsumedMessage) => Promise<void>;
  /** Messages under way at most. */
  readonly places: number;
  /** What others have not touched for this time is taken over from them, in milliseconds. */
  readonly claimAfterMs: number;
  /** Makes the group anew, if that may be done. */
  readonly prepare: (() => Promise<void>) | undefined;
  readonly log: Logger | undefined;
  /** Told how many messages were deleted before they were handled. */
  readonly dropped: (count: number) => void;
  /** Called when nothing is read any more. */
  readonly ended: (reading: StreamGroup) => Promise<void> | void;
}

/** How long a read waits for new messages; so long those may have to wait whose time comes meanwhile, in milliseconds. */
const BLOCK_MS = 1000;
/** How often it is looked for what others have left behind; and if the group has more than was looked at. */
const CLAIM_MS = 5000;
const CLAIM_ON_MS = 100;
/** How often the server hears what is under way, at least. */
const TICK_MS = 10_000;
/** When so many wait for another try, nothing new is read. */
const MOST_FAILED = 1000;
/** A read without an answer for so long never gets one, if the server answers otherwise, in milliseconds. */
const OVERDUE_MS = 10_000;

/**
 * Has a handler handle the messages of a stream. Reads no more than can be handled at once. What was handled is acknowledged; all else
 * stays pending on the server until it is handled, here or, if this consumer is gone, by another of the group.
 */
export class StreamSubscription implements Subscription, LinkUser {
  readonly #link: Link;
  readonly #about: Subscribing;
  readonly #handlers: Handlers;
  readonly #acks: Acks;
  /** Ids of what is under way. */
  readonly #held = new Set<string>();
  readonly #failures = new Failures();
  readonly #over = new AbortController();
  readonly #ticks: NodeJS.Timeout;
  readonly #running: Promise<void>;
  /** The last entry that was taken up of those that were pending for us from before; undefined when there are no more. */
  #own: string | undefined = '0';
  /** When, and from where on, it is looked for what others have left behind. */
  #claim = { at: 0, from: '0-0' };
  #changed = (): void => {};
  #stopping: Promise<void> | undefined;

  constructor(link: Link, about: Subscribing) {
    this.#link = link;
    this.#about = about;
    this.#handlers = new Handlers(async (message) => about.handler(message));
    this.#acks = new Acks(about.stream);
    this.#ticks = setInterval(() => this.#tick(), Math.min(about.claimAfterMs / 3, TICK_MS));
    link.add(this);
    this.#running = this.#run();
  }

  ended(): void {
    clearInterval(this.#ticks);
    this.#over.abort();
    this.#changed();
  }

  stop(): Promise<void> {
    return (this.#stopping ??= this.#stop());
  }

  async #stop(): Promise<void> {
    this.#over.abort();
    this.#changed();
    const { stream, ended } = this.#about;
    try {
      await stream.interrupt(this.#running);
      await this.#giveBack();
      await this.#handlers.idle();
      await this.#giveBack();
    } catch (error) {
      await this.#handlers.idle();
      this.#trouble(error);
    }
    clearInterval(this.#ticks);
    this.#link.remove(this);
    await ended(stream);
  }

  async #run(): Promise<void> {
    for (let failures = 0; !this.#over.signal.aborted;) {
      try {
        await this.#turn();
        failures = 0;
      } catch (error) {
        await this.#recover(error, ++failures);
      }
    }
  }

  /** The oldest come first: those that have failed, those of before, those of others. */
  async #turn(): Promise<void> {
    const { stream, places } = this.#about;
    const room = places - this.#handlers.underWay;
    if (room <= 0) return this.#change();
    const due = this.#failures.takeDue(room);
    if (due.size > 0) return this.#retry(due);
    if (this.#own !== undefined) return this.#takeUpOwn(this.#own, room);
    if (performance.now() >= this.#claim.at) return this.#takeOver(room);
    if (this.#failures.size >= MOST_FAILED) return systemClock.sleep(BLOCK_MS, this.#over.signal);
    return this.#begin(await stream.readNew(room, BLOCK_MS), false);
  }

  async #retry(due: ReadonlyMap<string, number>): Promise<void> {
    const ids = [...due.keys()];
    let entries: readonly Entry[];
    try {
      entries = await this.#about.stream.claim(ids);
    } catch (error) {
      for (const [id, tries] of due) this.#failures.add(id, tries);
      throw error;
    }
    const found = new Set(entries.map(([id]) => id));
    const missing = ids.filter((id) => !found.has(id)).map((id): Entry => [id, null]);
    await this.#begin([...entries, ...missing], true, due);
  }

  async #takeUpOwn(after: string, room: number): Promise<void> {
    const entries = await this.#about.stream.readOwn(room, after);
    this.#own = entries.at(-1)?.[0];
    await this.#begin(entries, true);
  }

  async #takeOver(room: number): Promise<void> {
    const { stream, claimAfterMs } = this.#about;
    const [from, entries] = await stream.claimIdle(claimAfterMs, this.#claim.from, room);
    const rest = entries.length > 0 ? 0 : CLAIM_ON_MS;
    this.#claim = { from, at: performance.now() + (from === '0-0' ? Math.min(CLAIM_MS, claimAfterMs) : rest) };
    await this.#begin(entries, true);
  }

  async #begin(entries: readonly Entry[], redelivered: boolean, tries?: ReadonlyMap<string, number>): Promise<void> {
    const deleted: string[] = [];
    for (const [id, fields] of entries) {
      if (this.#held.has(id) || this.#failures.has(id)) continue;
      if (fields === null) deleted.push(id);
      else if (this.#over.signal.aborted) this.#failures.add(id, 1);
      else void this.#handle(id, messageOf(this.#about.stream.name, fields, redelivered), tries?.get(id) ?? 0);
    }
    if (deleted.length === 0) return;
    const { stream, log, dropped } = this.#about;
    dropped(deleted.length);
    const fields = { event: 'dropping', source: stream.name, count: deleted.length };
    log?.warn(fields, `${deleted.length} messages of "${stream.name}" were deleted before they were handled`);
    await stream.acknowledge(deleted);
  }

  async #handle(id: string, message: ConsumedMessage, tries: number): Promise<void> {
    this.#held.add(id);
    await this.#handlers.handle(message, async (error) => {
      const isDone = error === undefined && (await this.#acknowledged(id));
      this.#held.delete(id);
      if (!isDone) this.#failures.add(id, tries + 1);
    });
    this.#changed();
  }

  async #acknowledged(id: string): Promise<boolean> {
    try {
      await this.#acks.add(id);
      return true;
    } catch (error) {
      this.#trouble(error);
      return false;
    }
  }

  /** Resolves when there may be room; at the end of the turn, when there may be more of it. */
  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#changed = () => {
        this.#changed = () => {};
        setImmediate(resolve);
      };
    });
  }

  async #recover(error: unknown, failures: number): Promise<void> {
    const { stream, prepare, log } = this.#about;
    // the stream was deleted while a read waited: the next one says more
    if (hasCode(error, 'UNBLOCKED') && failures === 1) return;
    let trouble = error;
    if (hasCode(error, 'NOGROUP') && prepare !== undefined) {
      try {
        await prepare();
        log?.warn(
          { event: 'groupMade', source: stream.name },
          `the group of "${stream.name}" was gone, and is made anew`,
        );
        return;
      } catch (cause) {
        trouble = cause;
      }
    }
    this.#trouble(trouble);
    await systemClock.sleep(retryDelay(failures), this.#over.signal);
  }

  /** What is to be done again later, or cannot be done in the end. */
  #trouble(error: unknown): void {
    if (this.#link.over !== undefined) return;
    const { stream, log } = this.#about;
    const { code, message } = error as Error & { readonly code?: unknown };
    const fields = { event: 'consumeFailed', code, source: stream.name, err: error };
    log?.error(fields, `trouble with consuming "${stream.name}": ${message}`);
  }

  async #giveBack(): Promise<void> {
    const ids = this.#failures.drain();
    if (ids.length > 0) await this.#about.stream.giveBack(ids, this.#about.claimAfterMs);
  }

  #tick(): void {
    const { stream } = this.#about;
    const ids = [...this.#held, ...this.#failures.ids()];
    if (ids.length > 0) stream.hold(ids).catch((error: unknown) => this.#trouble(error));
    const { askedAt } = stream;
    if (askedAt === undefined || performance.now() - askedAt < OVERDUE_MS) return;
    void this.#link.ping().then(() => {
      if (stream.askedAt === askedAt) this.#link.end(new Error('the connection that waits for messages is dead'));
    });
  }
}
