import type { ConfFactory, ConnectAttempt, ServerConnector } from '@sputnikjs/core';
import type { Action, ServerPlan } from './plan.js';
import type { Call, Trace } from './trace.js';
import type { World } from './world.js';

const UNTOLD = { landing: false, signal: false };

/** The server, as the block it is called by in traces. */
export const SERVER = 'server';

/** A connector that connects again without end, in no time, would leave nothing to look at. */
const MOST_ATTEMPTS = 1_000;

/** A server that comes, goes, refuses and hangs by plan. Its connections are the numbers 1, 2, … */
export class FakeServer implements ServerConnector<number> {
  readonly #plan: ServerPlan;
  readonly #world: World;
  readonly #trace: Trace;
  readonly #attempts: ConnectAttempt[] = [];
  #up: boolean;
  #beats = 0;
  #connections = 0;

  constructor(plan: ServerPlan, world: World, trace: Trace) {
    this.#plan = plan;
    this.#world = world;
    this.#trace = trace;
    this.#up = plan.up;
  }

  connect(_config: ConfFactory, attempt: ConnectAttempt): number | Promise<number> {
    const number = this.#attempts.push(attempt);
    const call = this.#enter('connect', number);
    if (number > MOST_ATTEMPTS) return hang();
    const { connects } = this.#plan;
    const plan = connects[(number - 1) % connects.length];
    attempt.signal.addEventListener('abort', () => this.#trace.note({ what: 'told to give up', attempt: number }));
    const answer = (): number => {
      if (plan?.answer === 'refuse' || !this.#up) throw new Error(`attempt ${number} is refused`);
      if (plan?.lost === 'early') this.#lose(number);
      else if (plan?.lost !== undefined) this.#world.at(this.#world.now + plan.lost, () => this.#lose(number));
      return ++this.#connections;
    };
    if (plan?.ms === 0) return this.#now(call, answer);
    const work = plan?.ms === undefined ? hang() : this.#wait(plan.ms).then(answer);
    return this.#later(call, plan?.obeys ? Promise.race([work, obedience(attempt.signal)]) : work);
  }

  isConnected(): boolean | Promise<boolean> {
    const call = this.#enter('isConnected', undefined);
    const { beats } = this.#plan;
    const plan = beats[this.#beats++ % beats.length];
    if (plan?.answer === 'lost') this.#lose(this.#attempts.length);
    const answer = (): boolean => {
      if (plan?.answer === 'throw') throw new Error(`heartbeat ${this.#beats} fails`);
      return this.#up;
    };
    if (plan?.ms === 0) return this.#now(call, answer);
    return this.#later(call, plan?.ms === undefined ? hang() : this.#wait(plan.ms).then(answer));
  }

  disconnect(): void | Promise<void> {
    const call = this.#enter('disconnect', undefined);
    const fail = (): never => {
      throw new Error('disconnect fails');
    };
    switch (this.#plan.disconnect) {
      case 'return':
        return this.#now(call, () => {});
      case 'throw':
        return this.#now(call, fail);
      case 'wait':
        return this.#later(call, this.#wait(20));
      case 'reject':
        return this.#later(call, Promise.resolve().then(fail));
      case 'hang':
        return this.#later(call, hang());
    }
  }

  /** What befalls it from outside. */
  befall(what: Action['do']): void {
    if (what === 'restore') this.#up = true;
    if (what === 'vanish' || what === 'drop') this.#up = false;
    if (what === 'drop' || what === 'blink') this.#lose(this.#attempts.length);
    if (what === 'ghost') this.#lose(this.#attempts.length - 1);
  }

  #lose(attempt: number): void {
    const known = this.#attempts[attempt - 1];
    if (!known) return;
    this.#trace.note({ what: 'lost', attempt });
    known.lost(`attempt ${attempt} is lost`);
  }

  #enter(callback: string, argument: unknown): Call {
    return this.#trace.enter(SERVER, callback, argument, UNTOLD);
  }

  #now<T>(call: Call, answer: () => T): T {
    try {
      const value = answer();
      this.#trace.exit(call, false, value, false);
      return value;
    } catch (error) {
      this.#trace.exit(call, true, error, false);
      throw error;
    }
  }

  #later<T>(call: Call, work: Promise<T>): Promise<T> {
    return work.then(
      (value) => {
        this.#trace.exit(call, false, value, false);
        return value;
      },
      (error: unknown) => {
        this.#trace.exit(call, true, error, false);
        throw error;
      },
    );
  }

  #wait(ms: number): Promise<void> {
    return this.#world.asUser(() => this.#world.clock('server').sleep(ms));
  }
}

/** Never ends. One of its own each time: what waits for a common one would stay with that for ever. */
function hang(): Promise<never> {
  return new Promise(() => {});
}

/** Rejects when the signal aborts, as a well-behaved connect does. */
function obedience(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const obey = (): void => reject(new Error('connect was told to give up'));
    if (signal.aborted) obey();
    else signal.addEventListener('abort', obey);
  });
}
