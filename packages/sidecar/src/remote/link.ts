import { notCloned } from '../clone/not-cloned.js';
import { pack, unpack } from '../clone/packing.js';
import { portable } from './portable.js';
import type { Frame, Item, Message, Way } from './wire.js';

/** So many messages and answers are posted at once at most, so that the other side begins meanwhile. */
const MOST = 256;

/** Where frames are posted. */
export interface Port {
  postMessage(frame: Frame, transfer: readonly ArrayBuffer[]): void;
  /** Throws if the value cannot be posted. */
  tryOut(value: unknown): void;
}

/** Who is told what comes. */
export interface Receiver {
  way(id: number, way: Way): void;
  message(message: Message): void;
  answer(number: number, value: unknown): void;
  take(item: Item): void;
  settled(number: number): void;
}

/** One side of what joins two threads, or processes. What is posted in one turn goes as one. */
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

  /** `unsendable` is told of messages that nobody would have thought cannot be cloned. */
  constructor(port: Port, unsendable: (number: number, error: Error) => void) {
    this.#port = port;
    this.#unsendable = unsendable;
  }

  /** How many messages it has posted. */
  get messages(): number {
    return this.#posted;
  }

  /** Messages with this number for `way` follow. */
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

  /** Has the other side forget a message. */
  settle(number: number): void {
    this.#settled.add(number);
    this.#schedule();
  }

  /** Posts what there is. */
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
      this.#send(ways, sent, others, [...items.map((item) => portable(item) as Item), ...failed], settled);
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

  /** Those that can be cloned; of the others, the messages fail here, and who asked is told. */
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

/** Numbers, of which many follow one another: as rows, by their first and last. */
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

/** Hands on what a frame brings. */
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
  for (let row = 0; row < settled.length; row += 2)
    for (let number = settled[row] ?? 0; number <= (settled[row + 1] ?? -1); number++) to.settled(number);
}
