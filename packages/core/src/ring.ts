/** Slots of an entry, side by side. */
const WIDTH = 3;

/** A growable first-in, first-out queue of triples that allocates nothing per entry. Look at the head, then `advance`. */
export class Ring<A, B, C> {
  #slots: (A | B | C | undefined)[] = Array.from({ length: 16 * WIDTH });
  #head = 0;
  #used = 0;
  /** Entries in the queue. */
  size = 0;

  push(first: A, second: B, third: C): void {
    if (this.#used === this.#slots.length) this.#grow();
    let at = this.#head + this.#used;
    if (at >= this.#slots.length) at -= this.#slots.length;
    this.#slots[at] = first;
    this.#slots[at + 1] = second;
    this.#slots[at + 2] = third;
    this.#used += WIDTH;
    this.size++;
  }

  /** The parts of the oldest entry; there must be one. */
  get first(): A {
    return this.#slots[this.#head] as A;
  }

  get second(): B {
    return this.#slots[this.#head + 1] as B;
  }

  get third(): C {
    return this.#slots[this.#head + 2] as C;
  }

  /** Forgets the oldest entry. */
  advance(): void {
    const slots = this.#slots;
    const head = this.#head;
    slots[head] = slots[head + 1] = slots[head + 2] = undefined;
    this.#head = head + WIDTH === slots.length ? 0 : head + WIDTH;
    this.#used -= WIDTH;
    this.size--;
  }

  #grow(): void {
    const slots = [...this.#slots.slice(this.#head), ...this.#slots.slice(0, this.#head)];
    this.#slots = slots.concat(Array.from({ length: slots.length }));
    this.#head = 0;
  }
}
