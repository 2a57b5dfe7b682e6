import type { Clock } from './clock.js';

const EVERY_MS = 1_000;

/** Tells of lost messages at most once a second, however many there are. */
export class DropNotice {
  readonly #clock: Clock;
  readonly #tell: (count: number) => void;
  #untold = 0;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, tell: (count: number) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  add(count: number): void {
    this.#untold += count;
    this.#cancel ??= this.#clock.after(EVERY_MS, () => this.flush());
  }

  /** Tells now what is untold; leaves no timer. */
  flush(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    const count = this.#untold;
    this.#untold = 0;
    if (count > 0) this.#tell(count);
  }
}
