import type { MessageProducer, ProduceMessage, ProduceResult, Production } from '../contract.js';
import { Fifo } from './fifo.js';
import { produceBy } from './produce-by.js';

/** Holds a message while it is under way. */
interface Slot {
  production: Production | undefined;
}

/**
 * The producing half of a connection. A bounded number of messages is under way at once; the others wait, in the order of the calls. Each
 * message settles once: by {@link settle}, or, when the connection ends, by {@link end}.
 *
 * @example
 * import { Outbox } from '@sputnikjs/messaging/connector';
 * const sent: string[] = [];
 * const outbox = new Outbox(1, ({ target }) => sent.push(target));
 * const first = outbox.produce({ target: 'a', payload: 'hello' });
 * void outbox.produce({ target: 'b', payload: 'hello' });
 * console.log(sent.join()); // a
 * // the server has the first one; its key is what push returned
 * outbox.settle(1);
 * await first;
 * console.log(sent.join()); // a,b
 */
export class Outbox<Key> implements MessageProducer {
  readonly #window: number;
  readonly #send: (message: ProduceMessage) => Key;
  /**
   * Messages sent and not yet acknowledged, in slots that are emptied when they leave: a `Map` moves to a new table again and again, and what the
   * old ones held may live until a full collection.
   */
  readonly #sent = new Map<Key, Slot>();
  /** Messages not yet sent. */
  readonly #waiting = new Fifo<Production>();
  #end: Error | undefined;
  #sending = false;

  /**
   * At most `window` messages are under way. `send` sends a message and returns its key: what the server's answer identifies it by, unique
   * among those under way. If `send` throws, the message is refused with that error. Throws a RangeError for a window below 1.
   */
  constructor(window: number, send: (message: ProduceMessage) => Key) {
    if (!(window >= 1)) throw new RangeError(`the window of an outbox must be at least 1 message, not ${window}`);
    this.#window = window;
    this.#send = send;
  }

  produce(message: ProduceMessage): Promise<ProduceResult | void> {
    return produceBy(this, message);
  }

  submit(production: Production): void {
    if (this.#end !== undefined) return production.settle(this.#end);
    // guard: who submits while others wait does not overtake them
    if (!this.#isFree || this.#waiting.size > 0) return this.#waiting.push(production);
    this.#sendNow(production);
    this.#sendOn();
  }

  /** Returns the message under way with this key. */
  get(key: Key): ProduceMessage | undefined {
    return this.#sent.get(key)?.production?.message;
  }

  /** Returns the keys of all messages under way, in the order of sending. */
  keys(): IterableIterator<Key> {
    return this.#sent.keys();
  }

  /**
   * Settles a message: the server has accepted it, perhaps with a result, or refused it with an error. Returns false if no message with this
   * key is under way.
   */
  settle(key: Key, outcome?: ProduceResult | Error): boolean {
    const slot = this.#sent.get(key);
    if (slot?.production === undefined) return false;
    const { production } = slot;
    slot.production = undefined;
    this.#sent.delete(key);
    production.settle(outcome);
    this.#sendOn();
    return true;
  }

  /** The server accepts no messages for now: rejects those that are not under way. `send` must refuse later ones. */
  refuseWaiting(refusal: (message: ProduceMessage) => Error): void {
    for (const production of this.#waiting.drain()) production.settle(refusal(production.message));
  }

  /** The connection is over: rejects all messages that are not settled, and all later ones. Only the first call counts. */
  end(error: Error): void {
    this.#end ??= error;
    const open = Array.from(this.#sent.values(), ({ production }) => production);
    this.#sent.clear();
    for (const production of [...open, ...this.#waiting.drain()]) production?.settle(this.#end);
  }

  /** False inside `send`: what it calls, such as `settle` or `end`, must not send the next message before this one is sent. */
  get #isFree(): boolean {
    return !this.#sending && this.#sent.size < this.#window;
  }

  #sendOn(): void {
    while (this.#waiting.size > 0 && this.#isFree) this.#sendNow(this.#waiting.shift() as Production);
  }

  #sendNow(production: Production): void {
    this.#sending = true;
    let refusal: Error | undefined;
    try {
      const key = this.#send(production.message);
      if (this.#end === undefined) this.#sent.set(key, { production });
    } catch (error) {
      refusal = error as Error;
    }
    this.#sending = false;
    const error = this.#end ?? refusal;
    if (error !== undefined) production.settle(error);
  }
}
