/** From a handler's rejection to its next try, in milliseconds: doubles each time, up to the second. */
const RETRY_MS = [1000, 30_000] as const;

/** How long to wait after so many tries in vain. */
export function retryDelay(tries: number): number {
  return Math.min(RETRY_MS[0] * 2 ** (tries - 1), RETRY_MS[1]);
}

/** Entries whose handler rejected: they wait on the server, and only their ids here. */
export class Failures {
  readonly #failed = new Map<string, { readonly tries: number; readonly due: number }>();

  get size(): number {
    return this.#failed.size;
  }

  has(id: string): boolean {
    return this.#failed.has(id);
  }

  /** It failed that many times by now. */
  add(id: string, tries: number): void {
    this.#failed.set(id, { tries, due: performance.now() + retryDelay(tries) });
  }

  /** Takes out those whose time has come, some at most; how often each has failed. */
  takeDue(most: number): ReadonlyMap<string, number> {
    const now = performance.now();
    const due = new Map<string, number>();
    for (const [id, { tries, due: at }] of this.#failed) {
      if (due.size >= most) break;
      if (at <= now) due.set(id, tries);
    }
    for (const id of due.keys()) this.#failed.delete(id);
    return due;
  }

  /** Takes all out. */
  drain(): readonly string[] {
    const ids = [...this.#failed.keys()];
    this.#failed.clear();
    return ids;
  }

  ids(): Iterable<string> {
    return this.#failed.keys();
  }
}
