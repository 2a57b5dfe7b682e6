import type { Outcome } from '@sputnikjs/core';

/** So many targets are told apart: senders may choose their names. */
const MOST_TARGETS = 100;
const OTHERS = 'others';

/** What became of messages, by the target that they were to be produced to. */
export class TargetCounts {
  readonly #counts = new Map<string, Record<Outcome, number>>();

  count(msg: { readonly target?: unknown }, how: Outcome): void {
    const name = typeof msg.target === 'string' ? msg.target : OTHERS;
    const known = this.#counts.get(name) ?? this.#add(name);
    known[how]++;
  }

  entries(): Iterable<readonly [target: string, counts: Readonly<Record<Outcome, number>>]> {
    return this.#counts;
  }

  #add(name: string): Record<Outcome, number> {
    // guard: so many targets are told apart
    if (this.#counts.size >= MOST_TARGETS && name !== OTHERS) return this.#counts.get(OTHERS) ?? this.#add(OTHERS);
    const counts = { handled: 0, failed: 0, dropped: 0 };
    this.#counts.set(name, counts);
    return counts;
  }
}
