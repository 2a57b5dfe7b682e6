import type { Expiring } from './deadlines.js';
import type { BlockDescriptor } from './descriptor.js';
import { SputnikError, type ErrorCode } from './errors.js';
import type { Sender } from './mail.js';

/** Who was asked. */
export interface About {
  readonly block: BlockDescriptor;
  readonly callback: 'onMsg' | 'onMsgs';
}

/** One `ask`: settles once, with the answer or with why there is none (M5). */
export class Question<F> implements Sender<F>, Expiring {
  readonly from: () => F;
  at = 0;
  line: Expiring['line'] = undefined;
  readonly #about: () => About;
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (error: SputnikError) => void;
  #isOpen = true;
  /** Leaves the queue of those that wait for room. */
  #leave: (() => void) | undefined = undefined;
  #forgetSignal: (() => void) | undefined = undefined;

  constructor(
    about: () => About,
    from: () => F,
    resolve: (value: unknown) => void,
    reject: (error: SputnikError) => void,
  ) {
    this.#about = about;
    this.from = from;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  /** Gives up when the signal aborts; at once if it has. */
  heed(signal: AbortSignal): void {
    const giveUp = (): void => void this.fail('ASK_ABORTED', signal.reason);
    if (signal.aborted) return giveUp();
    signal.addEventListener('abort', giveUp);
    this.#forgetSignal = () => signal.removeEventListener('abort', giveUp);
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** It waits for room. `leave` is called if it ends before it is accepted. */
  waits(leave: () => void): void {
    this.#leave = leave;
  }

  /** There was room. */
  accepted(): void {
    this.#leave = undefined;
  }

  answer(value: unknown): void {
    if (this.#end()) this.#resolve(value);
  }

  /** False if it had settled before. */
  fail(code: ErrorCode, cause?: unknown): boolean {
    if (!this.#end()) return false;
    this.#reject(new SputnikError(code, undefined, { ...this.#about(), cause }));
    return true;
  }

  /** What was accepted may be handled all the same; what never was is safe to ask again. */
  expire(): void {
    this.fail(this.#leave ? 'ASK_REFUSED' : 'ASK_TIMEOUT');
  }

  #end(): boolean {
    if (!this.#isOpen) return false;
    this.#isOpen = false;
    this.line?.delete(this);
    this.#forgetSignal?.();
    this.#leave?.();
    return true;
  }
}
