import { makeClock, type Clock } from '@sputnikjs/core';
import { randomFrom } from '@sputnikjs/testkit';
import { standIn, type Stand } from './globals.js';

interface Timer {
  readonly at: number;
  readonly callback: () => void;
  readonly owner: string;
}

/** Who sets a timer, unless the framework does. */
export const USER = 'user';

/** Turns of the loop after which a flight counts as endless. */
const ENDLESS = 100_000;

/**
 * All that a flight could know of the process, made repeatable: time stands still until nothing is left to happen, turns of
 * the event loop are ours, and chance comes from a seed. While a flight is in it nothing but ticks and microtasks run, so
 * nobody else sees the globals that stand in.
 */
export class World {
  readonly random: () => number;
  #now = 0;
  #timers: Timer[] = [];
  #immediates: (() => void)[] = [];
  /** What keeps the process alive. */
  readonly #handles = new Set<NodeJS.Timeout>();
  #borrower: string | undefined;
  /** What `performance.now` says: mailboxes look at it to share the processor. */
  #processor = 0;

  readonly #stand: Stand;

  constructor(seed: number) {
    this.random = randomFrom(seed);
    this.#stand = {
      random: this.random,
      now: () => (this.#processor += this.random() < 0.2 ? 1.5 : 0.05),
      immediate: (callback) => void this.#immediates.push(callback),
      set: (handle) => void this.#handles.add(handle),
      cleared: (handle) => void (handle && this.#handles.delete(handle)),
    };
  }

  get now(): number {
    return this.#now;
  }

  /** Real timers of the process that are set. */
  get handles(): number {
    return this.#handles.size;
  }

  /** A clock whose timers belong to `owner`, save those set on behalf of somebody else. */
  clock(owner: string): Clock {
    return makeClock(
      () => this.#now,
      (ms, callback) => this.#set(this.#borrower ?? owner, ms, callback),
    );
  }

  /** Calls `code`; timers that it sets belong to user code. */
  asUser<T>(code: () => T): T {
    this.#borrower = USER;
    try {
      return code();
    } finally {
      this.#borrower = undefined;
    }
  }

  /** Calls `callback` at a time. */
  at(time: number, callback: () => void): void {
    this.#set(USER, time - this.#now, callback);
  }

  /** How many timers are set on behalf of `owner`. */
  pending(owner: string): number {
    return this.#timers.filter((timer) => timer.owner === owner).length;
  }

  /** Begins, and lives until nothing is left to happen or `until` is over; `quiet` is told whenever only time can bring more. */
  async live(begin: () => void, until: number, quiet: () => void): Promise<void> {
    standIn(this.#stand);
    try {
      begin();
      for (let turn = 0; turn < ENDLESS; turn++) {
        await microtasks();
        const [immediate] = this.#immediates;
        const due = this.#timers.find(({ at }) => at <= this.#now);
        if (immediate && !(due && this.random() < 0.5)) {
          this.#immediates.shift();
          immediate();
          continue;
        }
        if (!immediate) quiet();
        const next = due ?? this.#next();
        if (!next || next.at > until) return;
        this.#timers.splice(this.#timers.indexOf(next), 1);
        this.#now = Math.max(this.#now, next.at);
        next.callback();
      }
    } finally {
      standIn(undefined);
      for (const handle of this.#handles) clearTimeout(handle);
    }
  }

  #set(owner: string, ms: number, callback: () => void): () => void {
    const timer = { at: this.#now + Math.max(0, ms), callback, owner };
    this.#timers.push(timer);
    return () => {
      const place = this.#timers.indexOf(timer);
      if (place >= 0) this.#timers.splice(place, 1);
    };
  }

  #next(): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) if (!next || timer.at < next.at) next = timer;
    return next;
  }
}

/** Resolves when no microtask is left: Node takes ticks after them. */
function microtasks(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}
