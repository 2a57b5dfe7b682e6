/** A thread whose loop stands still for so many beats at least is stuck. */
const BEATS = 8;

/** How often it beats, in milliseconds, where standing still for `mostMs` is too long. */
export function beatOf(mostMs: number): number {
  return mostMs / BEATS;
}

/** Has this thread beat. */
export function beat(beats: Int32Array, beatMs: number): void {
  const add = (): void => void Atomics.add(beats, 0, 1);
  add();
  setInterval(add, beatMs).unref();
}

/** Says of a thread how long it has stood still, from its first beat on. */
export class PulseReader {
  readonly #beats: Int32Array;
  readonly #beatMs: number;
  #last = 0;
  #stillMs = 0;
  #at: number;

  /** `now` is in milliseconds, as in {@link look}. */
  constructor(beats: Int32Array, beatMs: number, now: number) {
    this.#beats = beats;
    this.#beatMs = beatMs;
    this.#at = now;
  }

  /** To be called once a beat. Returns for how long it has stood still where that is too long, else undefined. */
  look(now: number): number | undefined {
    // not more than we saw ourselves: a process that was stopped is not stuck
    const more = Math.min(now - this.#at, 2 * this.#beatMs);
    this.#at = now;
    const count = Atomics.load(this.#beats, 0);
    // guard: a thread that goes on is let be
    this.#stillMs = count === this.#last && count > 0 ? this.#stillMs + more : 0;
    this.#last = count;
    return this.#stillMs < this.#beatMs * BEATS ? undefined : this.#stillMs;
  }
}

/** Watches another thread from outside. Calls `stuck` once if it stands still for too long. Returns what ends that. */
export function watchPulse(beats: Int32Array, beatMs: number, stuck: (ms: number) => void): () => void {
  const reader = new PulseReader(beats, beatMs, performance.now());
  const timer = setInterval(() => {
    const ms = reader.look(performance.now());
    if (ms === undefined) return;
    clearInterval(timer);
    stuck(ms);
  }, beatMs);
  timer.unref();
  return () => clearInterval(timer);
}
