const SLICE_MS = 2;
const LONGEST_STEP = 32;

/**
 * Says when busy mailboxes yield to timers and I/O: after slices of 2 ms that all mailboxes of a flight share, since two
 * blocks that send to each other without end would otherwise each begin a slice of its own for ever (M6).
 */
export class Pacer {
  #sliceEnds = 0;
  #looked = 0;
  /** Messages from one look at the clock to the next: more while they are quick. */
  #step = 1;
  #credit = 0;
  readonly #waiting: (() => void)[] = [];

  /** True if one more message may be handled now; otherwise `defer`. */
  mayGoOn(): boolean {
    if (this.#credit > 0) {
      this.#credit--;
      return true;
    }
    const now = performance.now();
    if (now >= this.#sliceEnds) return false;
    const quick = now - this.#looked < SLICE_MS / 8;
    this.#step = quick ? Math.min(LONGEST_STEP, this.#step * 2) : Math.max(1, this.#step >> 1);
    this.#looked = now;
    this.#credit = this.#step - 1;
    return true;
  }

  /** Calls `resume` in a later turn of the event loop: first come, first served, each with a slice or a share of one. */
  defer(resume: () => void): void {
    if (this.#waiting.push(resume) === 1) setImmediate(this.#turn);
  }

  readonly #turn = (): void => {
    this.#looked = performance.now();
    this.#sliceEnds = this.#looked + SLICE_MS;
    // The first message is free, then the clock is looked at: a slow one ends the slice.
    this.#credit = 1;
    this.#step = 1;
    const present = this.#waiting.length;
    let resumed = 0;
    // guard: M6 those that wait take turns
    do this.#waiting[resumed++]?.();
    while (resumed < present && performance.now() < this.#sliceEnds);
    this.#waiting.splice(0, resumed);
    if (this.#waiting.length > 0) setImmediate(this.#turn);
  };
}
