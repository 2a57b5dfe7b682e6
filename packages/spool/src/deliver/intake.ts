import { SputnikError, type BlockContext, type Mail } from '@sputnikjs/core';
import { checkMessage, type ProduceMessage } from '@sputnikjs/messaging';
import type { Entry } from '../store/draft.js';
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
      const call = { left: mails.length, resolve, onStored: this.#stored };
      for (const mail of mails) this.#accept(new Item(mail, call));
    });
  }

  /** There may be room again, or the disk works. */
  goOn(): void {
    // guard: D7 who waits for room goes on, in turn
    while (this.#waiting.length > 0) {
      const [item] = this.#waiting as [Item];
      if (this.#store.stopped) return;
      if (!this.#store.hasRoomFor(this.#store.measure(item.content))) {
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

  #accept(item: Item): void {
    try {
      this.#take(item, this.#measure(item.content));
    } catch (error) {
      item.end(error);
    }
  }

  #take(item: Item, bytes: number): void {
    // guard: D7 nobody overtakes who waits for room
    const isFree = this.#waiting.length === 0 && this.#store.hasRoomFor(bytes);
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

  /** Bytes that it takes on the disk. Throws UNKNOWN_MESSAGE for what never can be stored. */
  #measure(message: ProduceMessage): number {
    checkMessage(message);
    try {
      const bytes = this.#store.measure(message);
      const { largest } = this.#store;
      // guard: D7 what never finds room is refused for good
      if (bytes <= largest) return bytes;
      throw new RangeError(`it has ${bytes} bytes; half of "maxBytes" is ${largest}`);
    } catch (cause) {
      const text = `the message for "${message.target}" does not fit into the spool: ${(cause as Error).message}`;
      throw new SputnikError('UNKNOWN_MESSAGE', text, { cause });
    }
  }

  #refusal(): SputnikError {
    const { stopped } = this.#store;
    if (stopped === undefined) return noRoom('the spool is full: it has no room for');
    return noRoom(`the disk of the spool fails (${String(stopped.cause)}): it cannot take`, stopped.cause);
  }
}

/** A call of `accept`: messages of it that have no outcome yet, and what is called when there are none. */
interface Call {
  left: number;
  readonly resolve: () => void;
  readonly onStored: (item: Item, error: unknown) => void;
}

/** A message that is not on the disk yet. One small object for each, since there are many (measured). */
class Item implements Entry {
  readonly #mail: Incoming;
  readonly #call: Call;

  constructor(mail: Incoming, call: Call) {
    this.#mail = mail;
    this.#call = call;
  }

  get content(): ProduceMessage {
    return this.#mail.msg;
  }

  get mayWait(): boolean {
    return this.#mail.msg.whenFull !== 'reject';
  }

  settle(error?: unknown): void {
    this.#call.onStored(this, error);
  }

  end(error?: unknown): void {
    if (error === undefined) this.#mail.reply();
    else this.#mail.fail(error);
    if (--this.#call.left === 0) this.#call.resolve();
  }
}

function noRoom(what: string, cause?: unknown): SputnikError {
  return new SputnikError('SERVER_FULL', `${what} the message`, { cause });
}
