import { notCloned } from '../clone/not-cloned.js';
import { pack, unpack } from '../clone/packing.js';
import { portable } from './portable.js';
import type { Frame, Item, Message, Way } from './wire.js';

/** How many messages or answers one post may contain. The other side begins with the first post while this side fills the next. */
const MOST = 256;

/** A message port that takes frames. */
export interface Port {
  postMessage(frame: Frame, transfer: readonly ArrayBuffer[]): void;
  /** Throws if the value cannot be posted. */
  tryOut(value: unknown): void;
}

/** Handles what arrives from the other side. */
export interface Receiver {
  way(id: number, way: Way): void;
  message(message: Message): void;
  answer(number: number, value: unknown): void;
  take(item: Item): void;
  /** All from the first to the last. */
  settled(first: number, last: number): void;
}

/** One end of the link between two threads, or processes. Sends everything from one turn of the event loop as one frame. */
export class Link {
  readonly #port: Port;
  readonly #unsendable: (number: number, error: Error) => void;
  #ways: (readonly [number, Way])[] = [];
  #messages: Message[] = [];
  #answers: (readonly [number: number, value: unknown])[] = [];
  #items: Item[] = [];
  readonly #settled = new Rows();
  #isScheduled = false;
  #posted = 0;

  /** Calls `unsendable` for a message that passed the check and still cannot be cloned. */
  constructor(port: Port, unsendable: (number: number, error: Error) => void) {
    this.#port = port;
    this.#unsendable = unsendable;
  }

  /** How many messages this end has posted. */
  get messages(): number {
    return this.#posted;
  }

  /** Announces a way: messages that name this number follow. */
  way(id: number, way: Way): void {
    this.#ways.push([id, way]);
  }

  message(message: Message): void {
    this.#posted++;
    this.#messages.push(message);
    if (this.#messages.length >= MOST) this.flush();
    else this.#schedule();
  }

  answer(number: number, value: unknown): void {
    this.#answers.push([number, value]);
    if (this.#answers.length >= MOST) this.flush();
    else this.#schedule();
  }

  post(item: Item): void {
    this.#items.push(item);
    this.#schedule();
  }

  /** Tells the other side that a message is settled, so that it forgets it. */
  settle(number: number): void {
    this.#settled.add(number);
    this.#schedule();
  }

  /** A thread reports what it drops, and nobody gets it again. */
  drop(number: number): void {
    this.settle(number);
  }

  /** Posts everything that is waiting. */
  readonly flush = (): void => {
    this.#isScheduled = false;
    const [ways, messages, answers, items] = [this.#ways, this.#messages, this.#answers, this.#items];
    const settled = this.#settled.take();
    if (ways.length + messages.length + answers.length + items.length + settled.length === 0) return;
    this.#ways = [];
    this.#messages = [];
    this.#answers = [];
    this.#items = [];
    try {
      this.#send(ways, messages, answers, items, settled);
    } catch {
      // guard: one message that cannot be cloned holds up no other
      const { sent, others, failed } = this.#cloneable(messages, answers);
      // one by one, for together they may be too large
      for (const [index, message] of sent.entries()) this.#send(index === 0 ? ways : [], [message], [], [], []);
      for (const answer of others) this.#send([], [], [answer], [], []);
      const told = [...items.map((item) => portable(item) as Item), ...failed];
      this.#send(sent.length === 0 ? ways : [], [], [], told, settled);
    }
  };

  #send(
    ways: Frame['ways'],
    messages: readonly Message[],
    answers: readonly (readonly [number, unknown])[],
    items: readonly Item[],
    settled: readonly number[],
  ): void {
    const heads: number[] = [];
    for (const { number, wayId, how } of messages) heads.push(number, wayId, how === 'ask' ? 1 : 0);
    const values = [...messages.map(({ msg }) => msg), ...answers.map(([, value]) => value)];
    const packed = pack(values);
    const frame = { ways, heads, answers: answers.map(([number]) => number), items, settled, ...packed };
    this.#port.postMessage(frame, packed.bytes ? [packed.bytes] : []);
  }

  /** Separates what can be cloned from what cannot. A message that cannot fails here; for an answer that cannot, the asker gets an error. */
  #cloneable(
    messages: readonly Message[],
    answers: readonly (readonly [number, unknown])[],
  ): {
    readonly sent: readonly Message[];
    readonly others: readonly (readonly [number, unknown])[];
    readonly failed: readonly Item[];
  } {
    const sent = messages.filter(({ number, msg }) => {
      const error = this.#errorOf('the message', msg);
      if (error) this.#posted--;
      if (error) this.#unsendable(number, error);
      return error === undefined;
    });
    const failed: Item[] = [];
    const others = answers.filter(([number, value]) => {
      const error = this.#errorOf('the answer', value);
      if (error) failed.push(['failed', number, portable(error)]);
      return error === undefined;
    });
    return { sent, others, failed };
  }

  #errorOf(what: string, value: unknown): Error | undefined {
    try {
      this.#port.tryOut(value);
      return undefined;
    } catch (error) {
      return notCloned(what, value, error);
    }
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.flush);
  }
}

/** Numbers as ranges: the first and the last of each. Most numbers follow the one before. */
class Rows {
  #rows: number[] = [];

  add(number: number): void {
    const end = this.#rows.length - 1;
    if (end > 0 && this.#rows[end] === number - 1) this.#rows[end] = number;
    else this.#rows.push(number, number);
  }

  take(): readonly number[] {
    const rows = this.#rows;
    if (rows.length > 0) this.#rows = [];
    return rows;
  }
}

/** Hands the contents of a frame to the receiver. */
export function receive(frame: Frame, to: Receiver): void {
  const { ways, heads, answers, items, settled } = frame;
  for (const [id, way] of ways) to.way(id, way);
  const values = unpack(frame);
  const count = heads.length / 3;
  for (let index = 0; index < count; index++) {
    const [number = 0, wayId = 0, asked] = [heads[index * 3], heads[index * 3 + 1], heads[index * 3 + 2]];
    to.message({ number, wayId, how: asked === 1 ? 'ask' : 'send', msg: values[index] });
  }
  answers.forEach((number, index) => to.answer(number, values[count + index]));
  for (const item of items) to.take(item);
  for (let row = 0; row < settled.length; row += 2) to.settled(settled[row] ?? 0, settled[row + 1] ?? -1);
}
