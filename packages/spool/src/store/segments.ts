import type { Segment } from './segment.js';

/** The segments of a store, in order, and how many bytes they have. */
export class Segments {
  bytes = 0;
  readonly #all: Segment[];

  constructor(all: readonly Segment[]) {
    this.#all = [...all];
    for (const { bytes } of all) this.bytes += bytes;
  }

  get oldest(): Segment | undefined {
    return this.#all[0];
  }

  at(index: number): Segment | undefined {
    return this.#all[index];
  }

  /** The segment that has the message, or those after it. */
  having(sequence: number): Segment | undefined {
    return this.#all.find(({ last }) => last >= sequence);
  }

  /** The last segment that begins with the message after this one, or earlier. */
  endingWith(sequence: number): Segment | undefined {
    return this.#all.findLast(({ first }) => first - 1 <= sequence);
  }

  /** Whether one of them has one of these names. */
  hasOneOf(names: readonly string[]): boolean {
    return this.#all.some(({ name }) => names.includes(name));
  }

  /** Adds the newest one. It replaces one without records, which had its name. */
  add(segment: Segment): void {
    if (this.#all.at(-1)?.name === segment.name) this.bytes -= this.#all.pop()?.bytes ?? 0;
    this.#all.push(segment);
    this.bytes += segment.bytes;
  }

  /** Notes what was written to the newest one. */
  grow(segment: Segment, bytes: number, last: number): void {
    segment.last = last;
    segment.bytes += bytes;
    this.bytes += bytes;
  }

  removeOldest(): void {
    this.bytes -= this.#all.shift()?.bytes ?? 0;
  }
}
