import type { Answer } from './answer.js';

/** So much of the time may go into making answers; and so many milliseconds at once. */
const [SHARE, AT_ONCE_MS] = [0.25, 250];

/**
 * The last answer of each endpoint, which is the same for all who ask. Each request gets a fresh one, until making them takes too much of the
 * time: then the last one is given again. So whoever asks without end does not keep the process from its work.
 */
export class LastAnswers {
  readonly #now: () => number;
  readonly #answers = new Map<string, Promise<Answer>>();
  readonly #underWay = new Set<string>();
  /** How much of the time was used lately, in milliseconds; it shrinks with time. */
  #usedMs = 0;
  #at: number;

  constructor(now: () => number) {
    this.#now = now;
    this.#at = now();
  }

  /** The answer of an endpoint, by its key: what `make` returns, or what it has returned before. */
  get(key: string, make: () => Answer | Promise<Answer>): Promise<Answer> {
    const last = this.#answers.get(key);
    // guard: answers take no more than their part of the time
    if (last !== undefined && (this.#underWay.has(key) || this.#used() > AT_ONCE_MS)) return last;
    const answer = this.#make(key, make);
    this.#answers.set(key, answer);
    return answer;
  }

  async #make(key: string, make: () => Answer | Promise<Answer>): Promise<Answer> {
    this.#underWay.add(key);
    const begun = this.#now();
    try {
      const { body, ...rest } = await make();
      return { ...rest, body: Buffer.from(body) };
    } catch (error) {
      this.#answers.delete(key);
      throw error;
    } finally {
      this.#usedMs = this.#used() + this.#now() - begun;
      this.#underWay.delete(key);
    }
  }

  #used(): number {
    const now = this.#now();
    this.#usedMs = Math.max(0, this.#usedMs - (now - this.#at) * SHARE);
    this.#at = now;
    return this.#usedMs;
  }
}
