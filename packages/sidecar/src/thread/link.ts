import { uncloneable } from '../folder/cloneable.js';
import { textOf } from '../text.js';
import { pack, unpack } from './packing.js';
import { portable } from './portable.js';
import type { Frame, Item } from './wire.js';

/** So many items are posted at once at most, so that the other side begins meanwhile. */
const MOST = 256;

/** Where frames are posted. */
export interface Port {
  postMessage(frame: Frame, transfer: readonly ArrayBuffer[]): void;
}

/** Who is told what comes. */
export interface Receiver {
  take(item: Item): void;
  settled(number: number): void;
}

/** One side of what joins two threads. What is posted in one turn goes as one. */
export class Link {
  readonly #port: Port;
  readonly #unsendable: (number: number, error: Error) => void;
  #items: Item[] = [];
  #settled: number[] = [];
  #isScheduled = false;
  #messages = 0;

  /** `unsendable` is told of messages that nobody would have thought cannot be cloned. */
  constructor(port: Port, unsendable: (number: number, error: Error) => void) {
    this.#port = port;
    this.#unsendable = unsendable;
  }

  /** How many messages it has posted. */
  get messages(): number {
    return this.#messages;
  }

  post(item: Item): void {
    if (item[0] === 'msg') this.#messages++;
    this.#items.push(item);
    if (this.#items.length >= MOST) this.flush();
    else this.#schedule();
  }

  /** Has the other side forget a message. */
  settle(number: number): void {
    this.#settled.push(number);
    this.#schedule();
  }

  /** Posts what there is. */
  readonly flush = (): void => {
    this.#isScheduled = false;
    if (this.#items.length + this.#settled.length === 0) return;
    const [items, settled] = [this.#items, this.#settled];
    this.#items = [];
    this.#settled = [];
    try {
      this.#send(items, settled);
    } catch {
      // guard: one message that cannot be cloned holds up no other
      this.#send(
        items.flatMap((item) => this.#cloned(item)),
        settled,
      );
    }
  };

  #send(items: readonly Item[], settled: readonly number[]): void {
    const packed = pack(items);
    this.#port.postMessage({ ...packed, settled }, packed.bytes ? [packed.bytes] : []);
  }

  /** The item, or what stands for it if it cannot be cloned. */
  #cloned(item: Item): readonly Item[] {
    try {
      return [structuredClone(item)];
    } catch (error) {
      if (item[0] === 'answer') return [['failed', item[1], portable(notCloned('the answer', item[2], error))]];
      if (item[0] !== 'msg') return [portable(item) as Item];
      this.#messages--;
      this.#unsendable(item[1], notCloned('the message', item[4], error));
      return [];
    }
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.flush);
  }
}

/** Hands on what a frame brings. */
export function receive({ items, settled, bytes, views }: Frame, to: Receiver): void {
  for (const item of unpack({ items, bytes, views })) to.take(item);
  for (const number of settled) to.settled(number);
}

/** That something cannot go to another thread, and where in it that is. */
export function notCloned(what: string, value: unknown, cause?: unknown): Error {
  const place = uncloneable(value) ?? (cause === undefined ? 'unknown' : textOf(cause));
  return new TypeError(`${what} cannot go to another thread: ${place}; send plain values`, { cause });
}
