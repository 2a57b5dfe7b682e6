import { systemClock } from '@sputnikjs/core';
import type { Subscription } from '@sputnikjs/messaging';
import type { LinkUser } from '@sputnikjs/messaging/connector';
import { retryDelay } from './failures.js';
import { Handling, type Handled } from './handling.js';
import type { RedisLink } from './link.js';
import { hasCode } from './server-error.js';
import type { Entry } from './stream-group.js';

/** What a subscription needs. */
export interface Subscribing extends Handled {
  /** Takes over what other consumers have not touched for this time, in milliseconds. */
  readonly claimAfterMs: number;
  /** Creates a missing group again; rejects if that is not allowed. */
  readonly restore: (error: unknown) => Promise<void>;
  /** Called when it has stopped. */
  readonly stopped: () => Promise<void>;
}

/** How long a read waits for new messages, in milliseconds; messages that become due meanwhile wait as long. */
const BLOCK_MS = 1000;
/** How often to look for messages that others have left; and how soon again if there are more. */
const CLAIM_MS = 5000;
const CLAIM_ON_MS = 100;
/** How often, at least, the server hears what is under way, in milliseconds. */
const TICK_MS = 10_000;
/** A read asks for no more messages: what they take together is bounded, see `maxAnswerBytes`. */
const MOST_AT_ONCE = 128;
/** While so many wait for another try, nothing else begins: their ids are in memory. */
const MOST_FAILED = 1000;
/** A read without an answer for this time never gets one, if the server answers other commands, in milliseconds. */
const OVERDUE_MS = 10_000;

/**
 * Consumes a stream: reads no more than it can handle at once. Acknowledges what was handled. Everything else stays pending on the server until it
 * is handled, here, or by another consumer of the group if this one is gone.
 */
export class StreamSubscription implements Subscription, LinkUser {
  readonly #link: RedisLink;
  readonly #about: Subscribing;
  readonly #handling: Handling;
  readonly #over = new AbortController();
  readonly #ticks: NodeJS.Timeout;
  readonly #running: Promise<void>;
  /** The last entry read of those that are pending for us from before; undefined if there are no more. */
  #own: string | undefined = '0';
  /** When, and from which entry, to look next for messages that others have left. */
  #claim = { at: 0, from: '0-0' };
  #stopping: Promise<void> | undefined;

  constructor(link: RedisLink, about: Subscribing) {
    this.#link = link;
    this.#about = about;
    this.#handling = new Handling(about);
    this.#ticks = setInterval(() => this.#tick(), Math.min(about.claimAfterMs / 3, TICK_MS));
    link.add(this);
    this.#running = this.#run();
  }

  ended(): void {
    clearInterval(this.#ticks);
    this.#over.abort();
    this.#handling.close();
  }

  stop(): Promise<void> {
    return (this.#stopping ??= this.#stop());
  }

  async #stop(): Promise<void> {
    this.#over.abort();
    this.#handling.close();
    try {
      await this.#about.stream.interrupt(this.#running);
      await this.#giveBack();
      await this.#handling.idle();
      await this.#giveBack();
    } catch (error) {
      await this.#handling.idle();
      this.#about.trouble(error);
    }
    clearInterval(this.#ticks);
    this.#link.remove(this);
    await this.#about.stopped();
  }

  /** Lets others have failed messages at once. */
  async #giveBack(): Promise<void> {
    const ids = this.#handling.failures.drain();
    if (ids.length > 0) await this.#about.stream.giveBack(ids, this.#about.claimAfterMs);
  }

  async #run(): Promise<void> {
    for (let troubles = 0; !this.#over.signal.aborted;) {
      try {
        await this.#turn();
        troubles = 0;
      } catch (error) {
        await this.#recover(error, ++troubles);
      }
    }
  }

  /** The oldest first: failed messages, then pending ones, then those that others left. */
  async #turn(): Promise<void> {
    const { failures } = this.#handling;
    const room = Math.min(this.#handling.room, MOST_AT_ONCE);
    if (room <= 0) return this.#handling.change();
    const due = failures.takeDue(room);
    if (due.size > 0) return this.#retry(due);
    if (failures.size >= MOST_FAILED) return systemClock.sleep(BLOCK_MS, this.#over.signal);
    if (this.#own !== undefined) return this.#takeUp(this.#own, room);
    if (performance.now() >= this.#claim.at) return this.#takeOver(room);
    return this.#handling.begin(await this.#about.stream.readNew(room, BLOCK_MS));
  }

  async #retry(due: ReadonlyMap<string, number>): Promise<void> {
    const ids = [...due.keys()];
    let entries: readonly Entry[];
    try {
      entries = await this.#about.stream.claim(ids);
    } catch (error) {
      for (const [id, tries] of due) this.#handling.failures.add(id, tries);
      throw error;
    }
    const found = new Set(entries.map(([id]) => id));
    const missing = ids.filter((id) => !found.has(id)).map((id): Entry => [id, null]);
    await this.#handling.beginAgain([...entries, ...missing], due);
  }

  async #takeUp(after: string, room: number): Promise<void> {
    const entries = await this.#about.stream.readOwn(room, after);
    this.#own = entries.at(-1)?.[0];
    await this.#handling.beginAgain(entries);
  }

  async #takeOver(room: number): Promise<void> {
    const { stream, claimAfterMs } = this.#about;
    const [from, entries] = await stream.claimIdle(claimAfterMs, this.#claim.from, room);
    const rest = entries.length > 0 ? 0 : CLAIM_ON_MS;
    const next = from === '0-0' ? Math.min(CLAIM_MS, claimAfterMs) : rest;
    this.#claim = { from, at: performance.now() + next };
    await this.#handling.beginAgain(entries);
  }

  async #recover(error: unknown, troubles: number): Promise<void> {
    // the stream was deleted while a read waited, as the next one says
    if (hasCode(error, 'UNBLOCKED') && troubles === 1) return;
    try {
      await this.#about.restore(error);
    } catch (trouble) {
      this.#about.trouble(trouble);
      await systemClock.sleep(retryDelay(troubles), this.#over.signal);
    }
  }

  #tick(): void {
    const { stream, trouble } = this.#about;
    const { ids } = this.#handling;
    if (ids.length > 0) stream.hold(ids).catch(trouble);
    const { askedAt } = stream;
    if (askedAt === undefined || performance.now() - askedAt < OVERDUE_MS) return;
    void this.#link.ping().then(() => {
      if (stream.askedAt === askedAt) this.#link.end(new Error('the connection that waits for messages is dead'));
    });
  }
}
