/**
 * A growable first-in, first-out queue of pairs that allocates nothing per entry. Look at the head, then `advance`. Its fields are `private`,
 * not `#`, as in all that each message passes (outcomes, workers, mailbox): that is a tenth of a burst on Node 20 (bench).
 */
export class Ring<A, B> {
  /** The parts of each entry side by side; as many as a power of two. */
  private slots: (A | B | undefined)[] = Array.from({ length: 64 });
  private head = 0;
  /** Entries in the queue. */
  size = 0;

  push(first: A, second: B): void {
    if (this.size * 2 === this.slots.length) {
      const inOrder = [...this.slots.slice(this.head), ...this.slots.slice(0, this.head)];
      this.slots = inOrder.concat(Array.from({ length: inOrder.length }));
      this.head = 0;
    }
    const slots = this.slots;
    const at = (this.head + this.size++ * 2) & (slots.length - 1);
    slots[at] = first;
    slots[at + 1] = second;
  }

  /** The parts of the oldest entry; there must be one. */
  get first(): A {
    return this.slots[this.head] as A;
  }

  get second(): B {
    return this.slots[this.head + 1] as B;
  }

  /** Forgets the oldest entry. */
  advance(): void {
    const slots = this.slots;
    slots[this.head] = slots[this.head + 1] = undefined;
    this.head = (this.head + 2) & (slots.length - 1);
    this.size--;
  }
}
