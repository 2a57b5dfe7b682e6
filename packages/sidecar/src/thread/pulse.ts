/** A thread is stuck if its event loop stands still for at least so many beats. */
const BEATS = 8;

/** The interval between two beats, in milliseconds, if a thread may stand still for `mostMs`. */
export function beatOf(mostMs: number): number {
  return mostMs / BEATS;
}

/** Starts the beats of this thread. */
export function beat(beats: Int32Array, beatMs: number): void {
  const add = (): void => void Atomics.add(beats, 0, 1);
  add();
  setInterval(add, beatMs).unref();
}

/** Measures how long a thread has stood still. Begins at its first beat. */
export class PulseReader {
  readonly #beats: Int32Array;
  readonly #beatMs: number;
  #last = 0;
  #stillMs = 0;
  #at: number;

  /** `now` is in milliseconds, as in {@link read}. */
  constructor(beats: Int32Array, beatMs: number, now: number) {
    this.#beats = beats;
    this.#beatMs = beatMs;
    this.#at = now;
  }

  /** Call it once a beat. If the thread has stood still for too long, returns for how long; otherwise undefined. */
  read(now: number): number | undefined {
    // if the whole process was stopped, this thread saw no time pass either: that does not count
    const more = Math.min(now - this.#at, 2 * this.#beatMs);
    this.#at = now;
    const count = Atomics.load(this.#beats, 0);
    // guard: a thread that goes on is not stuck
    this.#stillMs = count === this.#last && count > 0 ? this.#stillMs + more : 0;
    this.#last = count;
    return this.#stillMs < this.#beatMs * BEATS ? undefined : this.#stillMs;
  }
}

/** Watches a thread from outside. Calls `stuck` once if it stands still for too long. Returns a function that ends the watch. */
export function watchPulse(beats: Int32Array, beatMs: number, stuck: (ms: number) => void): () => void {
  const reader = new PulseReader(beats, beatMs, performance.now());
  const timer = setInterval(() => {
    const ms = reader.read(performance.now());
    if (ms === undefined) return;
    clearInterval(timer);
    stuck(ms);
  }, beatMs);
  timer.unref();
  return () => clearInterval(timer);
}
