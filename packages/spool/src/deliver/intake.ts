import { SputnikError, type BlockContext, type Mail } from '@sputnikjs/core';
import { checkMessage, type ProduceMessage } from '@sputnikjs/messaging';
import type { Entry } from '../store/appender.js';
import { measure, type Measured } from '../store/record.js';
import type { Store } from '../store/store.js';

/** Delay from one try at a disk that fails to the next, in milliseconds: doubles each time, from the first value to the second. */
const RETRY_MS = [1_000, 30_000] as const;

/** A message, and who hears what becomes of it. */
export type Incoming = Pick<Mail<ProduceMessage, void>, 'msg' | 'reply' | 'fail'>;

/**
 * Takes messages into a store, in order. While there is no room, or the disk fails, those that can wait do so, in turn; others are refused. With
 * `drop-oldest`, the oldest messages make room instead.
 */
export class Intake {
  /** Messages that were dropped to make room. */
  dropped = 0;
  readonly #store: Store;
  readonly #ctx: BlockContext;
  readonly #dropsOldest: boolean;
  /** In order. */
  readonly #waiting: Item[] = [];
  /** How many at the beginning of these came back from the store. */
  #returned = 0;
  #isDropping = false;
  #retryMs: number = RETRY_MS[0];
  #cancelRetry: (() => void) | undefined;

  constructor(store: Store, ctx: BlockContext, whenFull: 'reject' | 'drop-oldest') {
    this.#store = store;
    this.#ctx = ctx;
    this.#dropsOldest = whenFull === 'drop-oldest';
  }

  /** How many messages wait for room. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * Resolves when all messages of a batch are on the disk, or have failed; each is answered when that is known of it. Fails with SERVER_FULL what
   * cannot be on the disk now, with UNKNOWN_MESSAGE what never can.
   */
  accept(mails: readonly Incoming[]): Promise<void> {
    return new Promise((resolve) => {
      let left = mails.length;
      const onEnd = (): void => {
        if (--left === 0) resolve();
      };
      for (const mail of mails) this.#accept(mail, onEnd);
    });
  }

  /** There may be room again, or the disk works. */
  goOn(): void {
    // guard: D7 who waits for room goes on, in turn
    while (this.#waiting.length > 0) {
      const [item] = this.#waiting as [Item];
      if (this.#store.stopped) return;
      if (!this.#store.hasRoomFor(item.measured.bytes)) {
        if (this.#dropsOldest && !this.#isDropping) void this.#drop();
        return;
      }
      this.#waiting.shift();
      this.#returned = Math.max(0, this.#returned - 1);
      this.#store.append(item);
    }
  }

  /** Nothing waits any longer: what is not on the disk fails. */
  close(): void {
    this.#cancelRetry?.();
    for (const item of this.#waiting.splice(0)) item.end(noRoom('the satellite landed before it had room for'));
  }

  #accept(mail: Incoming, onEnd: () => void): void {
    try {
      this.#take(new Item(mail, measureAny(mail.msg, this.#store.largest), onEnd, this.#stored));
    } catch (error) {
      mail.fail(error);
      onEnd();
    }
  }

  #take(item: Item): void {
    // guard: D7 nobody overtakes who waits for room
    const isFree = this.#waiting.length === 0 && this.#store.hasRoomFor(item.measured.bytes);
    if (isFree && !this.#store.stopped) return this.#store.append(item);
    if (!item.mayWait && (this.#store.stopped || !this.#dropsOldest)) return item.end(this.#refusal());
    this.#waiting.push(item);
    this.goOn();
  }

  readonly #stored = (item: Item, error: unknown): void => {
    if (error === undefined) {
      this.#retryMs = RETRY_MS[0];
      return item.end();
    }
    this.#retry();
    if (!item.mayWait) return item.end(this.#refusal());
    // guard: D6 what could not be written keeps its place
    this.#waiting.splice(this.#returned++, 0, item);
  };

  #retry(): void {
    // guard: D6 intake resumes by itself
    this.#cancelRetry ??= this.#ctx.clock.after(this.#retryMs, () => {
      this.#cancelRetry = undefined;
      this.#retryMs = Math.min(2 * this.#retryMs, RETRY_MS[1]);
      this.#returned = 0;
      this.#store.resume();
      this.goOn();
    });
  }

  async #drop(): Promise<void> {
    this.#isDropping = true;
    const dropped = await this.#store.dropOldest();
    this.dropped += dropped;
    this.#isDropping = false;
    // What could not be removed is tried again later.
    if (dropped === 0) return this.#retry();
    const text = `the spool is full: its ${dropped} oldest messages were dropped to make room`;
    this.#ctx.log.warn({ event: 'spoolDropped', count: dropped }, text);
    this.goOn();
  }

  #refusal(): SputnikError {
    const { stopped } = this.#store;
    if (stopped === undefined) return noRoom('the spool is full: it has no room for');
    return noRoom(`the disk of the spool fails (${String(stopped.cause)}): it cannot take`, stopped.cause);
  }
}

/** A message that is not on the disk yet. One object for each, since there are many (measured). */
class Item implements Entry {
  readonly measured: Measured;
  readonly #mail: Incoming;
  readonly #onEnd: () => void;
  readonly #onStored: (item: Item, error: unknown) => void;

  constructor(mail: Incoming, measured: Measured, onEnd: () => void, onStored: (item: Item, error: unknown) => void) {
    this.measured = measured;
    this.#mail = mail;
    this.#onEnd = onEnd;
    this.#onStored = onStored;
  }

  get mayWait(): boolean {
    return this.#mail.msg.whenFull !== 'reject';
  }

  settle(error?: unknown): void {
    this.#onStored(this, error);
  }

  end(error?: unknown): void {
    if (error === undefined) this.#mail.reply();
    else this.#mail.fail(error);
    this.#onEnd();
  }
}

function noRoom(what: string, cause?: unknown): SputnikError {
  return new SputnikError('SERVER_FULL', `${what} the message`, { cause });
}

/** Throws UNKNOWN_MESSAGE for what never can be stored. */
function measureAny(message: ProduceMessage, largest: number): Measured {
  checkMessage(message);
  const named = `the message for "${message.target}"`;
  try {
    const measured = measure(message);
    // guard: D7 what never finds room is refused for good
    if (measured.bytes <= largest) return measured;
    throw new RangeError(`it has ${measured.bytes} bytes; half of "maxBytes" is ${largest}`);
  } catch (cause) {
    throw new SputnikError('UNKNOWN_MESSAGE', `${named} does not fit into the spool: ${(cause as Error).message}`, {
      cause,
    });
  }
}
