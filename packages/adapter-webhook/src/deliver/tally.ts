import type { Metric } from '@sputnikjs/core';

/** Counts what becomes of messages and attempts. */
export class Tally {
  accepted = 0;
  givenUp = 0;
  deadLetters = 0;
  /** By status; "none" where no answer came. */
  readonly #attempts = new Map<string, number>();

  attempt(status: number | 'none'): void {
    this.#attempts.set(`${status}`, (this.#attempts.get(`${status}`) ?? 0) + 1);
  }

  metrics(): readonly Metric[] {
    const counter = (name: string, help: string, value: number): Metric => ({ name, type: 'counter', help, value });
    return [
      counter('accepted_total', 'Messages that the receiver has accepted.', this.accepted),
      counter('given_up_total', 'Messages that were given up.', this.givenUp),
      counter('dead_letters_total', 'Of these, the messages that went to the dead letter target.', this.deadLetters),
      ...[...this.#attempts].map(([status, value]): Metric => ({
        name: 'attempts_total',
        type: 'counter',
        help: 'Requests to the receiver, by the status of the answer; "none" if none came.',
        labels: { status },
        value,
      })),
    ];
  }
}
