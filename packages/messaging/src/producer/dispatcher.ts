import { Line, type BlockContext } from '@sputnikjs/core';
import type { ProduceMessage, Production } from '../contract.js';
import { hasCode } from '../has-code.js';
import type { Sending } from '../traces/index.js';
import { givenUp, lostUnderWay, undelivered } from '../undelivered.js';
import type { Connected } from './connected.js';
import { FullTargets } from './full-targets.js';
import { Job, type Call, type Outcome } from './job.js';

/** A message is given up when so many connections ended after it was sent alone. */
const MOST_CUTS = 3;

/** One way of a message to the server. An object with a method, since a closure for each message costs three times the memory. */
class Attempt implements Production {
  readonly #job: Job;
  readonly #over: Connected;
  readonly #dispatcher: Dispatcher;

  constructor(job: Job, over: Connected, dispatcher: Dispatcher) {
    this.#job = job;
    this.#over = over;
    this.#dispatcher = dispatcher;
  }

  get message(): ProduceMessage {
    return this.#job.message;
  }

  settle(outcome?: Outcome): void {
    this.#dispatcher.settled(this.#job, this.#over, outcome);
  }
}

/**
 * Sends messages to the server, in the order in which they came, over one connection after another, until each has ended. Messages that were
 * under way when a connection ended are suspects: one of them may be the reason. They go first, one at a time, then more at once.
 */
export class Dispatcher {
  readonly #landing: AbortSignal;
  /** Messages not on the server, in the order in which they came. */
  readonly #open = new Line<Job>();
  readonly #suspects = new Set<Job>();
  readonly #full: FullTargets;
  #over: Connected | undefined;

  constructor({ landing, clock, log }: Pick<BlockContext, 'landing' | 'clock' | 'log'>) {
    this.#landing = landing;
    this.#full = new FullTargets(clock, log, () => this.#probe());
  }

  get isConnected(): boolean {
    return this.#over !== undefined;
  }

  /** Adds a message. It goes at once if none has to go before it. */
  add(mail: Sending, call: Call): void {
    const { target, whenFull } = mail.msg;
    // guard: messages wait behind those for the same full target
    const waits = this.#full.has(target) && whenFull !== 'reject';
    const job = new Job(mail, call, waits);
    this.#open.join(job);
    if (this.#over !== undefined && !waits && this.#suspects.size === 0) this.#attempt(job, this.#over);
  }

  connected(over: Connected): void {
    this.#over = over;
    this.#full.clear();
    this.#suspects.clear();
    for (const job of this.#open) if (job.sentOver !== undefined) this.#suspects.add(job);
    this.#sendOn(over);
  }

  disconnected(): void {
    this.#over = undefined;
    this.#full.clear();
    // guard: what may not wait for the server ends when that is lost
    for (const job of this.#held()) if (job.message.whenAway === 'reject') this.#end(job, lostUnderWay(job.message));
  }

  /** Ends all messages: they will not be delivered. */
  failAll(): void {
    this.#full.stop();
    for (const job of this.#held()) this.#end(job, undelivered(job.message, this.#full.refusalOf(job.message.target)));
  }

  /** What has become of a message over a connection. */
  settled(job: Job, over: Connected, outcome: Outcome): void {
    if (!(outcome instanceof Error)) {
      this.#end(job, outcome);
      this.#cleared(job, over);
      if (this.#full.taken(job)) this.#sendWaiting(job.message.target, over);
      return;
    }
    // guard: what may not wait for room is refused at once
    if (hasCode(outcome, 'SERVER_FULL') && job.message.whenFull !== 'reject') {
      this.#wait(job, over, outcome);
      return this.#cleared(job, over);
    }
    // guard: what the server did not take is tried again
    if (!isLoss(outcome)) {
      this.#cleared(job, over);
      this.#end(job, outcome);
      // it says nothing about room
      return this.#full.endProbe(job);
    }
    // its turn comes again with the next connection, unless it has come already
    if (this.#over === over) this.#over = undefined;
    if (over.sent === 1 && ++job.cuts === MOST_CUTS) this.#end(job, givenUp(job.message, MOST_CUTS, outcome));
    else if (this.#isOver) this.#failWith(job, outcome);
  }

  /** A copy: those that are met may end meanwhile. */
  #held(): readonly Job[] {
    return [...this.#open];
  }

  /** True if there will be no more connection. */
  get #isOver(): boolean {
    return this.#landing.aborted && this.#over === undefined;
  }

  #attempt(job: Job, over: Connected): void {
    // it may have ended while those before it were sent
    if (job.line === undefined) return;
    job.waits = false;
    job.sentOver = over;
    over.sent++;
    over.submit(new Attempt(job, over, this));
  }

  /** The server has the message, or it fails. What comes after that is too late. */
  #end(job: Job, outcome: Outcome): void {
    this.#suspects.delete(job);
    if (this.#open.leave(job)) job.end(outcome);
  }

  /** The connection survived this suspect: twice as many may go next. */
  #cleared(job: Job, over: Connected): void {
    this.#suspects.delete(job);
    if (job.triedOver !== over) return;
    job.triedOver = undefined;
    over.tried--;
    over.window *= 2;
    if (this.#over === over) this.#sendOn(over);
  }

  /** Sends suspects first; when there are none left, the messages that were not sent yet. */
  #sendOn(over: Connected): void {
    // guard: messages are sent in order
    for (const job of this.#suspects) {
      if (over.tried >= over.window) return;
      if (job.sentOver === over) continue;
      over.tried++;
      job.triedOver = over;
      this.#attempt(job, over);
    }
    if (this.#suspects.size > 0) return;
    for (const job of this.#held())
      if (this.#over === over && job.sentOver !== over && !this.#full.has(job.message.target)) this.#attempt(job, over);
  }

  /** The server has no room for a message: it keeps its place, and later ones for the same target wait behind it. */
  #wait(job: Job, over: Connected, refusal: unknown): void {
    if (this.#isOver) return this.#failWith(job, refusal);
    if (this.#over !== over) return;
    job.waits = true;
    this.#full.refused(job, refusal);
  }

  /** For each full target, the message that has waited longest tries again. */
  #probe(): void {
    for (const job of this.#held())
      if (this.#over !== undefined && this.#full.beginProbe(job)) this.#attempt(job, this.#over);
  }

  /** The server has room for a target again. */
  #sendWaiting(target: string, over: Connected): void {
    for (const job of this.#held()) {
      if (this.#over !== over || this.#full.has(target)) return;
      if (job.waits && job.message.target === target) this.#attempt(job, over);
    }
  }

  /** There will be no more connection: this message fails, and so do those that wait for room. */
  #failWith(job: Job, cause: unknown): void {
    this.#end(job, undelivered(job.message, cause));
    for (const other of this.#held()) if (other.waits) this.#end(other, undelivered(other.message, cause));
  }
}

/** True if the connection ended or the connector gave up. Not left as AbortError: in a landing the core takes that for no failure (F3). */
function isLoss(error: unknown): boolean {
  return hasCode(error, 'CONNECTION_LOST') || (error instanceof Error && error.name === 'AbortError');
}
