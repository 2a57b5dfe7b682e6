import type { BlockDescriptor, MessageObserver, Outcome } from '@sputnikjs/core';

/** Is told what became of a message. */
export interface Settles {
  /** Its handler has settled. */
  settle(number: number): void;
  /** Its mailbox has dropped it. */
  drop(number: number): void;
}

interface Expected {
  /** Of the block that it is for. */
  readonly address: string;
  readonly by: Settles;
  /** Undefined where the answer acknowledges it. */
  readonly number: number | undefined;
}

/** Says of messages from elsewhere when their handlers here have settled. Sees each message pass. */
export class Acknowledgements implements MessageObserver {
  readonly #expected = new Map<object, Expected>();

  expect(msg: object, address: string, by: Settles, number: number | undefined): void {
    this.#expected.set(msg, { address, by, number });
  }

  forget(msg: object): void {
    this.#expected.delete(msg);
  }

  /** Whether the message has come from elsewhere, for this block. */
  isExpected(msg: object, to: BlockDescriptor): boolean {
    return this.#expected.get(msg)?.address === to.responsibility;
  }

  begun(): boolean {
    return true;
  }

  settled(msg: object, to: BlockDescriptor, how: Outcome): void {
    const expected = this.#expected.get(msg);
    if (expected?.address !== to.responsibility) return;
    this.#expected.delete(msg);
    // guard: a message from elsewhere is kept there until its handler has settled
    if (expected.number !== undefined) tell(expected.by, expected.number, how);
  }
}

function tell(by: Settles, number: number, how: Outcome): void {
  if (how === 'dropped') by.drop(number);
  else by.settle(number);
}
