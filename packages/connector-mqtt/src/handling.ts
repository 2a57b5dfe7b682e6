import { systemClock } from '@sputnikjs/core';
import type { ConsumedMessage, MessageHandler } from '@sputnikjs/messaging';
import { Fifo } from '@sputnikjs/messaging/connector';
import { matches } from './topic.js';

/** A message that the server has sent. */
export interface Delivery {
  message: ConsumedMessage;
  /** The packet identifier; none at QoS 0. */
  readonly id: number | undefined;
  readonly bytes: number;
  /** Handlers that have not handled it yet. */
  open: number;
  /** Some handler is not going to handle it. */
  abandoned: boolean;
}

/** From a handler's rejection to its next try, in milliseconds: doubles, up to the second. */
const RETRY_MS = [1000, 30_000] as const;

/** Has one handler handle the messages of one subscription, a bounded number at once, each until it succeeds. */
export class Handling {
  readonly filter: string;
  readonly #handler: MessageHandler;
  readonly #limit: number;
  /** Told of each delivery when it is over, and whether it was handled. */
  readonly #done: (delivery: Delivery, handled: boolean) => void;
  readonly #waiting = new Fifo<Delivery>();
  readonly #stop = new AbortController();
  #running = 0;
  #idle = (): void => {};

  constructor(
    filter: string,
    handler: MessageHandler,
    limit: number,
    done: (delivery: Delivery, handled: boolean) => void,
  ) {
    this.filter = filter;
    this.#handler = handler;
    this.#limit = limit;
    this.#done = done;
  }

  get stopped(): boolean {
    return this.#stop.signal.aborted;
  }

  /** How many messages wait for the handler. */
  get waiting(): number {
    return this.#waiting.size;
  }

  matches(topic: string): boolean {
    return matches(this.filter, topic);
  }

  give(delivery: Delivery): void {
    if (this.stopped) return this.#done(delivery, false);
    this.#waiting.push(delivery);
    this.#next();
  }

  /** Takes no more, and abandons what is not begun; resolves when what is begun is over. May be called again. */
  stop(): Promise<void> {
    this.#stop.abort();
    for (const delivery of this.#waiting.drain()) this.#done(delivery, false);
    return new Promise((resolve) => {
      const others = this.#idle;
      this.#idle = () => {
        others();
        resolve();
      };
      if (this.#running === 0) this.#idle();
    });
  }

  #next(): void {
    while (this.#running < this.#limit) {
      const delivery = this.#waiting.shift();
      if (delivery === undefined) return;
      this.#running++;
      void this.#handle(delivery);
    }
  }

  async #handle(delivery: Delivery): Promise<void> {
    let handled = false;
    for (let wait: number = RETRY_MS[0]; !handled; wait = Math.min(wait * 2, RETRY_MS[1])) {
      try {
        await this.#handler(delivery.message);
        handled = true;
      } catch {
        // whoever rejects knows why; here it only means: not yet
        await systemClock.sleep(wait, this.#stop.signal);
        if (this.stopped) break;
        delivery.message = { ...delivery.message, redelivered: true };
      }
    }
    this.#running--;
    this.#done(delivery, handled);
    if (this.stopped && this.#running === 0) this.#idle();
    else this.#next();
  }
}
