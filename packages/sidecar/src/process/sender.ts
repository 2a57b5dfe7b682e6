import { SputnikError } from '@sputnikjs/core';
import type { Acknowledgements } from '../remote/acknowledgements.js';
import { Inbox, type Outcomes } from '../remote/inbox.js';
import type { Link } from '../remote/link.js';
import { portable } from '../remote/portable.js';
import type { Item, Message, Way } from '../remote/wire.js';
import type { DestinationOf } from '../satellite/level.js';

/** So many of its messages may be under way, and so many that were refused are remembered: more than any process has. */
const [MOST_OPEN, MOST_REFUSED] = [65_536, 65_536];

/** Another process that sends messages here: each is taken once, in however many sessions it comes. */
export class Sender implements Outcomes {
  readonly #inbox: Inbox;
  readonly #isLeaving: () => boolean;
  /** Where it hears what becomes of its messages; undefined between two sessions. */
  #link: Link | undefined;
  #last = 0;
  /** Taken, and without an outcome. */
  readonly #open = new Set<number>();
  readonly #refused = new Set<number>();
  #duplicates = 0;
  #endedAt: number | undefined;

  /** `isLeaving` says whether this process lands. */
  constructor(destinationOf: DestinationOf, acknowledgements: Acknowledgements, isLeaving: () => boolean) {
    this.#isLeaving = isLeaving;
    this.#inbox = new Inbox(destinationOf, this, acknowledgements);
  }

  /** It has begun a session. */
  begin(link: Link): void {
    this.#link = link;
    this.#endedAt = undefined;
  }

  /** That session has ended, at this time. */
  end(link: Link, now: number): void {
    if (this.#link !== link) return;
    this.#link = undefined;
    this.#endedAt = now;
  }

  /** For how long it has had no session, in milliseconds; 0 while messages of it have no outcome. */
  goneMs(now: number): number {
    return this.#open.size > 0 ? 0 : now - (this.#endedAt ?? now);
  }

  /** Messages that came again, and were taken before. */
  get duplicates(): number {
    return this.#duplicates;
  }

  way(id: number, way: Way): void {
    this.#inbox.way(id, way);
  }

  take(message: Message): void {
    const { number } = message;
    // guard: a message that comes again is not handled again
    if (number <= this.#last) return this.#repeat(message);
    // guard: a process that heeds no window does not fill the memory
    if (this.#open.size >= MOST_OPEN) throw new RangeError('more messages than a process may have under way');
    this.#last = number;
    this.#open.add(number);
    this.#inbox.take(message);
  }

  /** It lands: nothing more is taken. */
  refuse({ number }: Message): void {
    this.#link?.post(['refused', number]);
  }

  /** Gives back what has no outcome, and says that all else is done. */
  leave(): void {
    for (const number of this.#open) this.#link?.post(['refused', number]);
    this.#link?.post(['left', this.#last]);
    this.#link?.flush();
  }

  /** It has come before: what became of it is said again. */
  #repeat({ number, how }: Message): void {
    this.#duplicates++;
    if (this.#open.has(number)) return;
    if (this.#refused.has(number)) this.#link?.post(['refused', number]);
    else if (how === 'send') this.#link?.settle(number);
    else this.#link?.post(['failed', number, portable(new SputnikError('ASK_ENDED'))]);
  }

  #remember(number: number): void {
    const [oldest = number] = this.#refused;
    if (this.#refused.size >= MOST_REFUSED) this.#refused.delete(oldest);
    this.#refused.add(number);
  }

  settle(number: number): void {
    this.#open.delete(number);
    this.#link?.settle(number);
  }

  drop(number: number): void {
    // guard: what a landing had no time for goes to the next instance
    if (this.#isLeaving()) this.post(['refused', number]);
    else this.settle(number);
  }

  answer(number: number, value: unknown): void {
    this.#open.delete(number);
    this.#link?.answer(number, value);
  }

  post(item: Item): void {
    if (item[0] === 'refused') this.#remember(item[1]);
    if (item[0] === 'refused' || item[0] === 'failed') this.#open.delete(item[1]);
    this.#link?.post(item);
  }
}
