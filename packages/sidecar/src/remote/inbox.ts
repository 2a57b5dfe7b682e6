import type { BlockCommunicator, SputnikError } from '@sputnikjs/core';
import { fullAddress } from '../folder/address-book.js';
import type { DestinationOf } from '../satellite/level.js';
import type { Acknowledgements, Settles } from './acknowledgements.js';
import { portable } from './portable.js';
import type { Item, Message, Way } from './wire.js';

/** Returns the current handle on a block. It changes when the block's satellite restarts. */
type Handle = () => BlockCommunicator | undefined;

/** Who gets the outcomes of messages. */
export interface Outcomes extends Settles {
  answer(number: number, value: unknown): void;
  post(item: Item): void;
}

/** So many pairs of sender and receiver there may be: more than any satellite has. */
const MOST_WAYS = 65_536;

/** Hands messages from another thread or process to the blocks here, and reports their outcomes. */
export class Inbox {
  readonly #destinationOf: DestinationOf;
  readonly #outcomes: Outcomes;
  /** If given, a message is settled when its handler has settled. Otherwise it is settled as soon as it is accepted. */
  readonly #acknowledgements: Acknowledgements | undefined;
  readonly #ways = new Map<number, { readonly handle: Handle; readonly address: string }>();
  readonly #base: string | undefined;
  #taken = 0;
  #lastTaken = 0;

  /** `base` is the path of the satellite whose blocks the acknowledgements know without a path. */
  constructor(destinationOf: DestinationOf, outcomes: Outcomes, acknowledgements?: Acknowledgements, base?: string) {
    this.#destinationOf = destinationOf;
    this.#outcomes = outcomes;
    this.#acknowledgements = acknowledgements;
    this.#base = base;
  }

  /** How many messages have arrived. */
  get taken(): number {
    return this.#taken;
  }

  /** The number of the last message. */
  get lastTaken(): number {
    return this.#lastTaken;
  }

  way(id: number, way: Way): void {
    if (this.#ways.size >= MOST_WAYS && !this.#ways.has(id)) throw new RangeError('more ways than a satellite has');
    const address = way.path === this.#base ? way.responsibility : fullAddress(way);
    this.#ways.set(id, { handle: handleOf(way, this.#destinationOf), address });
  }

  take({ number, wayId, how, msg }: Message): void {
    this.#taken++;
    this.#lastTaken = number;
    const { handle, address = '' } = this.#ways.get(wayId) ?? {};
    const to = handle?.();
    if (to === undefined) this.#outcomes.post(['refused', number]);
    else if (how === 'ask') this.#ask(number, to, msg as object, address);
    else this.#post(number, to, msg as object, address);
  }

  #post(number: number, to: BlockCommunicator, msg: object, address: string): void {
    const own = this.#acknowledgements;
    own?.expect(msg, address, this.#outcomes, number);
    void to.post(msg).then((isAccepted) => {
      if (!isAccepted) this.#refuse(number, msg);
      else if (own === undefined) this.#outcomes.settle(number);
    });
  }

  #ask(number: number, to: BlockCommunicator, msg: object, address: string): void {
    // the answer acknowledges it
    this.#acknowledgements?.expect(msg, address, this.#outcomes, undefined);
    to.ask(msg, { timeoutMs: Infinity }).then(
      (answer) => this.#outcomes.answer(number, answer),
      (error: unknown) => {
        const { code, cause } = error as Partial<SputnikError>;
        if (code === 'ASK_REFUSED') this.#refuse(number, msg);
        // the stand-in reports the failure again
        else this.#outcomes.post(['failed', number, portable(code === 'ASK_FAILED' ? cause : error)]);
      },
    );
  }

  #refuse(number: number, msg: object): void {
    this.#acknowledgements?.forget(msg);
    this.#outcomes.post(['refused', number]);
  }
}

function handleOf({ path, responsibility, from }: Way, destinationOf: DestinationOf): Handle {
  const current = destinationOf(path);
  let known: unknown;
  let handle: BlockCommunicator | undefined;
  return () => {
    const now = current();
    if (now !== known) handle = now?.communicator(responsibility, from);
    known = now;
    return handle;
  };
}
