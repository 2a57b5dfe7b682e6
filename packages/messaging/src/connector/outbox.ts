import type { MessageProducer, ProduceMessage, ProduceResult } from '../contract.js';
import { Fifo } from './fifo.js';

interface Job {
  readonly message: ProduceMessage;
  readonly resolve: (result?: ProduceResult) => void;
  readonly reject: (error: Error) => void;
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
  /** Messages sent and not yet acknowledged. */
  readonly #sent = new Map<Key, Job>();
  /** Messages not yet sent. */
  readonly #waiting = new Fifo<Job>();
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
    return new Promise((resolve, reject) => {
      if (this.#end !== undefined) return reject(this.#end);
      const job = { message, resolve, reject };
      if (!this.#isFree) return this.#waiting.push(job);
      this.#sendNow(job);
      this.#sendOn();
    });
  }

  /** Returns the message under way with this key. */
  get(key: Key): ProduceMessage | undefined {
    return this.#sent.get(key)?.message;
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
    const job = this.#sent.get(key);
    if (job === undefined) return false;
    this.#sent.delete(key);
    if (outcome instanceof Error) job.reject(outcome);
    else job.resolve(outcome);
    this.#sendOn();
    return true;
  }

  /** The server accepts no messages for now: rejects those that are not under way. `send` must refuse later ones. */
  refuseWaiting(refusal: (message: ProduceMessage) => Error): void {
    for (const { message, reject } of this.#waiting.drain()) reject(refusal(message));
  }

  /** The connection is over: rejects all messages that are not settled, and all later ones. Only the first call counts. */
  end(error: Error): void {
    this.#end ??= error;
    const jobs = [...this.#sent.values(), ...this.#waiting.drain()];
    this.#sent.clear();
    for (const { reject } of jobs) reject(this.#end);
  }

  /** False inside `send`: what it calls, such as `settle` or `end`, must not send the next message before this one is sent. */
  get #isFree(): boolean {
    return !this.#sending && this.#sent.size < this.#window;
  }

  #sendOn(): void {
    while (this.#waiting.size > 0 && this.#isFree) this.#sendNow(this.#waiting.shift() as Job);
  }

  #sendNow(job: Job): void {
    this.#sending = true;
    try {
      const key = this.#send(job.message);
      if (this.#end === undefined) this.#sent.set(key, job);
      else job.reject(this.#end);
    } catch (error) {
      job.reject(this.#end ?? (error as Error));
    } finally {
      this.#sending = false;
    }
  }
}
