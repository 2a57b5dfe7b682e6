/** So many targets are counted by name: senders may choose the names. */
const MOST_TARGETS = 100;
const OTHERS = 'others';

type Counts = Record<'accepted' | 'failed' | 'dropped', number>;

/** Messages by the target that they were to be produced to, and those that were not. */
export class TargetCounts {
  readonly #counts = new Map<string, Counts>();

  count(msg: { readonly target?: unknown }, what: keyof Counts): void {
    const name = typeof msg.target === 'string' ? msg.target : OTHERS;
    const known = this.#counts.get(name) ?? this.#add(name);
    known[what]++;
  }

  entries(): Iterable<readonly [target: string, counts: Readonly<Counts>]> {
    return this.#counts;
  }

  #add(name: string): Counts {
    // guard: so many targets are told apart
    if (this.#counts.size >= MOST_TARGETS && name !== OTHERS) return this.#counts.get(OTHERS) ?? this.#add(OTHERS);
    const counts = { accepted: 0, failed: 0, dropped: 0 };
    this.#counts.set(name, counts);
    return counts;
  }
}
