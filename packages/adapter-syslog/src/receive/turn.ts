/** What a message costs beside its octets, in octets. */
const EACH = 100;

/**
 * What may be done in one turn of the event loop, in octets of messages: then others have theirs, such as an HTTP server beside a receiver
 * that is flooded.
 */
export class Turn {
  readonly #most: number;
  readonly #onNext: () => void;
  #spent = 0;
  #isScheduled = false;

  /** `onNext` is called in the turn after one in which something was done, or was to be done soon. */
  constructor(most: number, onNext: () => void) {
    this.#most = most;
    this.#onNext = onNext;
  }

  get isOver(): boolean {
    return this.#spent >= this.#most;
  }

  spend(octets: number): void {
    this.#spent += EACH + octets;
    this.soon();
  }

  /** Says that there is something to do in the next turn. */
  soon(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.#next);
  }

  readonly #next = (): void => {
    this.#isScheduled = false;
    this.#spent = 0;
    this.#onNext();
  };
}
