import type { Clock, Logger } from '@sputnikjs/core';
import type { Job } from './job.js';

/** Delay from one try at a full server to the next, in milliseconds: doubles each time, from the first value to the second. */
const ROOM_MS = [100, 2_000] as const;

/** A target without room: the message that tries again, and the refusal. */
interface FullTarget {
  probe: Job | undefined;
  readonly refusal: unknown;
}

/** The targets that the server has no room for. After a pause one message tries again for each; the others wait behind it. */
export class FullTargets {
  readonly #targets = new Map<string, FullTarget>();
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #tryAgain: () => void;
  #pauseMs: number = ROOM_MS[0];
  #cancelTry: (() => void) | undefined;

  /** `tryAgain` is called after each pause. */
  constructor(clock: Clock, log: Logger, tryAgain: () => void) {
    this.#clock = clock;
    this.#log = log;
    this.#tryAgain = tryAgain;
  }

  has(target: string): boolean {
    return this.#targets.has(target);
  }

  refusalOf(target: string): unknown {
    return this.#targets.get(target)?.refusal;
  }

  /** The server has no room for a message. */
  refused(job: Job, refusal: unknown): void {
    const { target } = job.message;
    if (this.#targets.has(target)) this.endProbe(job);
    else {
      this.#targets.set(target, { probe: undefined, refusal });
      const text = `the server has no room for "${target}"; messages wait, and senders are slowed down`;
      this.#log.warn({ event: 'serverFull', target, error: refusal }, text);
    }
    this.#pause();
  }

  /** Makes a waiting message the one that tries for its target. False if another does. */
  beginProbe(job: Job): boolean {
    const full = this.#targets.get(job.message.target);
    if (!job.waits || full === undefined || full.probe !== undefined) return false;
    full.probe = job;
    return true;
  }

  /** If it was this message that tried, another has to. */
  endProbe(job: Job): void {
    const full = this.#targets.get(job.message.target);
    if (full?.probe === job) full.probe = undefined;
  }

  /** The server has taken a message. True if it was the one that tried: its target has room. */
  taken(job: Job): boolean {
    const { target } = job.message;
    if (this.#targets.get(target)?.probe !== job) return false;
    this.#targets.delete(target);
    this.#pauseMs = ROOM_MS[0];
    this.#log.info({ event: 'serverHasRoom', target }, `the server has room for "${target}" again`);
    return true;
  }

  /** Forgets all targets, as at each new connection. */
  clear(): void {
    this.#targets.clear();
    this.#pauseMs = ROOM_MS[0];
    this.stop();
  }

  /** Tries no more for now. */
  stop(): void {
    this.#cancelTry?.();
    this.#cancelTry = undefined;
  }

  #pause(): void {
    // guard: what a full server refuses is tried again
    this.#cancelTry ??= this.#clock.after(this.#pauseMs, () => this.#endPause());
  }

  #endPause(): void {
    this.#cancelTry = undefined;
    this.#pauseMs = Math.min(2 * this.#pauseMs, ROOM_MS[1]);
    this.#tryAgain();
    if (this.#targets.size > 0) this.#pause();
  }
}
