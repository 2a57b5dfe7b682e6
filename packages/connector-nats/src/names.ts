import { Fifo } from '@sputnikjs/sidecar/connector';

/** A server remembers where some 1,024 subjects go, and takes a quarter longer for those it does not (measured, decision 0010). */
const LASTING = 1000;

/**
 * The names by which acknowledgements tell messages apart: numbers. A message under way has one of its own. Some lasting names are used in
 * turn, each again when its message was acknowledged and the others have had their turn; when none is free a message is named by
 * its own number, once. A name whose message ended otherwise is not used again, for an acknowledgement may still come.
 */
export class Names {
  /** The number of the message that has, or had last, each lasting name; undefined when it is free. */
  readonly #holders = Array.from<number | undefined>({ length: LASTING });
  readonly #free = new Fifo<number>();
  #next = LASTING;
  #isAnsweredOnce = true;

  constructor() {
    for (let name = 0; name < LASTING; name++) this.#free.push(name);
  }

  /** The number of the next message: each is higher than those before. */
  get next(): number {
    return this.#next;
  }

  /** Numbers the next message, and names it. */
  take(): { readonly id: number; readonly name: number } {
    const id = this.#next++;
    const name = this.#free.shift();
    if (name === undefined) return { id, name: id };
    this.#holders[name] = id;
    return { id, name };
  }

  /** The number of the message that has, or had last, this name. */
  holder(name: number): number | undefined {
    return name < LASTING ? this.#holders[name] : name;
  }

  /**
   * An acknowledgement has come: returns the number of its message. Where two come for one message (of two streams, by imports between
   * accounts), the second must not be taken for that of another: no name is used again from then on.
   */
  acknowledged(name: number): number | undefined {
    if (!(name < LASTING)) return name;
    const id = this.#holders[name];
    this.#holders[name] = undefined;
    if (id === undefined) {
      this.#isAnsweredOnce = false;
      this.#free.drain();
    } else if (this.#isAnsweredOnce) this.#free.push(name);
    return id;
  }
}
