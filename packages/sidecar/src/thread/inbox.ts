import type { BlockCommunicator, SputnikError } from '@sputnikjs/core';
import { fullAddress } from '../folder/address-book.js';
import type { DestinationOf } from '../satellite/handles.js';
import type { Acknowledgements } from './acknowledgements.js';
import type { Link } from './link.js';
import { portable } from './portable.js';
import type { Item, Way } from './wire.js';

/** Says by now which handle leads to a block: its satellite may be made anew. */
type Handle = () => BlockCommunicator | undefined;

/** Hands messages of another thread to the blocks here, and tells that what became of them. */
export class Inbox {
  readonly #destinationOf: DestinationOf;
  readonly #link: Link;
  /** Where a message counts as settled when its handler has; else it does as soon as it is accepted. */
  readonly #acknowledgements: Acknowledgements | undefined;
  readonly #ways = new Map<number, { readonly handle: Handle; readonly address: string }>();
  #taken = 0;
  #lastTaken = 0;

  constructor(destinationOf: DestinationOf, link: Link, acknowledgements?: Acknowledgements) {
    this.#destinationOf = destinationOf;
    this.#link = link;
    this.#acknowledgements = acknowledgements;
  }

  /** How many messages have come. */
  get taken(): number {
    return this.#taken;
  }

  /** The number of the last one. */
  get lastTaken(): number {
    return this.#lastTaken;
  }

  way(id: number, way: Way): void {
    this.#ways.set(id, { handle: handleOf(way, this.#destinationOf), address: fullAddress(way) });
  }

  take([, number, wayId, how, msg]: Extract<Item, readonly ['msg', ...unknown[]]>): void {
    this.#taken++;
    this.#lastTaken = number;
    const { handle, address = '' } = this.#ways.get(wayId) ?? {};
    const to = handle?.();
    if (to === undefined) this.#link.post(['refused', number]);
    else if (how === 'ask') void this.#ask(number, to, msg as object, address);
    else void this.#post(number, to, msg as object, address);
  }

  async #post(number: number, to: BlockCommunicator, msg: object, address: string): Promise<void> {
    this.#acknowledgements?.expect(msg, address, () => this.#link.settle(number));
    if (!(await to.post(msg))) {
      this.#acknowledgements?.forget(msg);
      this.#link.post(['refused', number]);
    } else if (this.#acknowledgements === undefined) this.#link.settle(number);
  }

  async #ask(number: number, to: BlockCommunicator, msg: object, address: string): Promise<void> {
    // the answer acknowledges it
    this.#acknowledgements?.expect(msg, address, () => {});
    try {
      this.#link.post(['answer', number, await to.ask(msg, { timeoutMs: Infinity })]);
    } catch (error) {
      const { code, cause } = error as Partial<SputnikError>;
      if (code === 'ASK_REFUSED') this.#acknowledgements?.forget(msg);
      if (code === 'ASK_REFUSED') this.#link.post(['refused', number]);
      // the one that stands for the block says again that it failed
      else this.#link.post(['failed', number, portable(code === 'ASK_FAILED' ? cause : error)]);
    }
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
