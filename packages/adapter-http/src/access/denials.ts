import type { Clock, Logger } from '@sputnikjs/core';
import type { RefusalCode } from '../answer/refusals.js';

/** So often at most is told who was denied, in milliseconds. */
const EVERY_MS = 5_000;

/** Tells of requests without a valid token, and of those that were not allowed: of the first at once, of what follows in numbers. */
export class Denials {
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #counts = new Map<RefusalCode, number>();
  #address: string | undefined;
  #toldAt = -Infinity;

  constructor(log: Logger, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  /** A request from `address` was refused: counts if the refusal is one of these. */
  note(code: RefusalCode, address: string | undefined): void {
    if (code !== 'UNAUTHORIZED' && code !== 'FORBIDDEN') return;
    this.#counts.set(code, (this.#counts.get(code) ?? 0) + 1);
    this.#address = address;
    this.look();
  }

  /** Tells what has come up if it is time. */
  look(): void {
    if (this.#clock.now() - this.#toldAt >= EVERY_MS) this.flush();
  }

  /** Tells what has come up. */
  flush(): void {
    const address = this.#address;
    for (const [code, count] of this.#counts) {
      const requests = `${count} request${count === 1 ? '' : 's'}`;
      const text = `${requests} ${code === 'UNAUTHORIZED' ? 'without a valid token' : 'not allowed'}, the last one from ${address}`;
      this.#log.warn({ event: 'denied', code, count, address }, text);
    }
    if (this.#counts.size > 0) this.#toldAt = this.#clock.now();
    this.#counts.clear();
  }
}
