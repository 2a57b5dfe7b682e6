import { SputnikError } from '@sputnikjs/core';
import { ByNumber, type Numbered } from './by-number.js';
import type { Link } from './link.js';
import type { Way } from './wire.js';

/** A message that the other side has not settled. */
interface UnderWay extends Numbered {
  readonly wayId: number;
  readonly msg: object;
  readonly how: 'send' | 'ask';
  readonly resolve: (answer?: unknown) => void;
  readonly reject: (error: unknown) => void;
  /** Aborts when the flight of the stand-ins lands. */
  readonly landing: AbortSignal;
  /** The other side has refused it. It waits for the next thread. */
  refused: boolean;
  /** It was posted to a thread before. */
  posted: boolean;
}

/** Why an `ask` got no answer although the block did not fail: dropped, ended, timed out or aborted. */
export class Unanswered extends Error {}

/** Numbers messages and keeps each one until it is settled. */
export class Carrier {
  /** Undefined while there is no thread to post to. */
  #link: Link | undefined;
  #last = 0;
  /** The other side takes nothing more, and still says what becomes of what it has. */
  #isPaused = false;
  #isClosing = false;
  /** Messages that are not settled, in the order of their numbers. */
  readonly #underWay = new ByNumber<UnderWay>();
  readonly #ways: Way[] = [];

  carry(wayId: number, msg: object, how: 'send' | 'ask', landing: AbortSignal): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const one: UnderWay = {
        number: ++this.#last,
        wayId,
        msg,
        how,
        resolve,
        reject,
        landing,
        refused: false,
        posted: false,
      };
      this.#underWay.add(one);
      if (this.#link) this.#post(one);
      else if (this.#isClosing) this.#giveUp();
    });
  }

  /** Adds a way, and returns its number. */
  add(way: Way): number {
    const id = this.#ways.push(way) - 1;
    this.#link?.way(id, way);
    return id;
  }

  #post(one: UnderWay): void {
    one.posted = true;
    const { number, wayId, how, msg } = one;
    this.#link?.message({ number, wayId, how, msg });
  }

  open(link: Link): number {
    this.#link = link;
    this.#isPaused = false;
    this.#ways.forEach((way, id) => link.way(id, way));
    let again = 0;
    // guard: what a thread that is gone has not settled goes to the next one, in order
    for (const one of this.#underWay) {
      if (one.posted) again++;
      one.refused = false;
      this.#post(one);
    }
    return again;
  }

  pause(): void {
    this.#isPaused = true;
    this.#link = undefined;
    if (this.#isClosing) this.#giveUp();
  }

  shut(): void {
    this.#isPaused = false;
    this.#link = undefined;
    if (this.#isClosing) this.#giveUp();
  }

  /** Nobody is there to ask: questions that nobody has had are answered so. */
  refuseQuestions(): void {
    for (const { number, how, posted } of this.#underWay)
      if (how === 'ask' && !posted) this.failed(number, new SputnikError('ASK_UNREACHABLE'));
  }

  answered(number: number, answer: unknown): void {
    this.#underWay.remove(number)?.resolve(answer);
  }

  /** Those from the first number to the last that are under way. */
  settled(first: number, last: number): void {
    // guard: a range of any length takes no longer than there are messages
    if (last - first < this.#underWay.size)
      for (let number = first; number <= last; number++) this.#underWay.remove(number)?.resolve();
    else
      for (const { number } of this.#underWay)
        if (number >= first && number <= last) this.#underWay.remove(number)?.resolve();
  }

  failed(number: number, error: unknown): void {
    const isOfAsk =
      error instanceof SputnikError &&
      ['ASK_DROPPED', 'ASK_ENDED', 'ASK_TIMEOUT', 'ASK_ABORTED', 'ASK_UNREACHABLE'].includes(error.code);
    this.#underWay.remove(number)?.reject(isOfAsk ? new Unanswered('', { cause: error }) : error);
  }

  refused(number: number): void {
    const one = this.#underWay.get(number);
    if (one) one.refused = true;
    if (this.#isClosing) this.#giveUp();
  }

  landed(lastTaken: number): void {
    this.#isPaused = false;
    this.#link = undefined;
    for (const { number, how, refused } of this.#underWay) {
      if (refused || number > lastTaken) continue;
      if (how === 'ask') this.failed(number, new SputnikError('ASK_ENDED'));
      else this.settled(number, number);
    }
    if (this.#isClosing) this.#giveUp();
  }

  close(): void {
    this.#isClosing = true;
    this.#giveUp();
  }

  /** Drops every message that no thread holds. */
  #giveUp(): void {
    for (const { number, refused, posted, landing } of this.#underWay) {
      const isThere = posted && !refused && (this.#link !== undefined || this.#isPaused);
      if (!isThere) this.#underWay.remove(number)?.reject(landing.reason);
    }
  }
}
