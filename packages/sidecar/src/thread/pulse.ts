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

/** Watches another thread from outside, from its first beat on. Calls `stuck` once if it stands still for too long. Returns what ends that. */
export function watchPulse(beats: Int32Array, beatMs: number, stuck: (ms: number) => void): () => void {
  let [last, stillMs, at] = [0, 0, performance.now()];
  const timer = setInterval(() => {
    const now = performance.now();
    // not more than we saw ourselves: a process that was stopped is not stuck
    const more = Math.min(now - at, 2 * beatMs);
    at = now;
    const count = Atomics.load(beats, 0);
    // guard: a thread that goes on is let be
    stillMs = count === last && count > 0 ? stillMs + more : 0;
    last = count;
    if (stillMs < beatMs * BEATS) return;
    clearInterval(timer);
    stuck(stillMs);
  }, beatMs);
  timer.unref();
  return () => clearInterval(timer);
}
