import { onAbort } from '../time/abort.js';
import { Line, type LineNode } from '../time/line.js';
import type { Question, Sender } from './question.js';

/** Somebody who waits for room in a mailbox, with a message. */
interface Waiter extends LineNode {
  readonly msg: object;
  readonly sender: Sender;
  readonly weight: number;
  /** There was room, or there never will be. */
  readonly settled: (letIn: boolean) => void;
}

/** What they wait for. */
export interface Room {
  fits(weight: number): boolean;
  accept(msg: object, sender: Sender, weight: number): void;
  onLeft(sender: Sender): void;
}

/** Those who wait for room in a mailbox: first come, first served (M4). */
export class Waiters {
  readonly #line = new Line<Waiter>();
  readonly #room: Room;

  constructor(room: Room) {
    this.#room = room;
  }

  get size(): number {
    return this.#line.size;
  }

  get senders(): readonly Sender[] {
    return Array.from(this.#line, ({ sender }) => sender);
  }

  /** Resolves with whether it was let in. Rejects when the signal aborts first. */
  post(msg: object, sender: Sender, weight: number, signal: AbortSignal | undefined): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const leave = this.#join(msg, sender, weight, (letIn) => {
        // guard: M4 a post that was let in forgets its signal
        forget();
        resolve(letIn);
      });
      // guard: M4 post gives up at its signal
      const forget = onAbort(signal, () => {
        reject(signal?.reason as Error);
        // guard: M4 a post that gives up leaves the line
        leave();
      });
    });
  }

  /** Fails the question if it is not let in. */
  ask(msg: object, question: Question, weight: number): void {
    question.leave = this.#join(msg, question, weight, (letIn) => {
      // guard: M5 what found room may have been handled
      question.leave = undefined;
      // guard: M5 a question that waits for room ends with the block
      if (!letIn) question.fail('ASK_REFUSED');
    });
  }

  /** Lets in those that wait, in turn, while there is room for the next. */
  letIn(): void {
    for (let { first } = this.#line; first && this.#room.fits(first.weight); { first } = this.#line) {
      this.#line.leave(first);
      this.#room.accept(first.msg, first.sender, first.weight);
      first.settled(true);
    }
  }

  /** Sends all away. */
  close(): void {
    for (let { first } = this.#line; first; { first } = this.#line) {
      this.#line.leave(first);
      first.settled(false);
    }
  }

  #join(msg: object, sender: Sender, weight: number, settled: (letIn: boolean) => void): () => void {
    const waiter: Waiter = { msg, sender, weight, settled, before: undefined, after: undefined, line: undefined };
    this.#line.join(waiter);
    return () => {
      if (this.#line.leave(waiter)) this.#room.onLeft(sender);
    };
  }
}
