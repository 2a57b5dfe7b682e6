import type { BlockMetrics, Clock, FlightStatus, Logger, SputnikEvent } from '@sputnikjs/core';
import { FlightRecord } from '../admin/flight-record.js';
import { alive } from '../admin/health.js';
import { cutLine, printable } from '../text.js';
import { Notifier, type Assignments } from './notifier.js';
import { sentenceOf } from './sentence.js';

/** The service manager may hear that a start or a landing goes on every so often, and allows it so much from then on. */
const [EXTEND_EVERY_MS, EXTEND_US] = [10_000, '30000000'];
/** How long a sentence stays at least, and how often losses without an event are looked for, in milliseconds. */
const [SENTENCE_MS, CHECK_MS] = [1_000, 10_000];

/** What is reported to the service manager. */
export interface ServiceOptions {
  readonly environment: NodeJS.ProcessEnv;
  readonly clock: Clock;
  readonly log: Logger;
  readonly flight: () => FlightStatus | undefined;
  readonly metrics: () => readonly BlockMetrics[];
  /** Aborts when a landing is announced. */
  readonly landingSoon: AbortSignal;
}

/**
 * Reports the state of the satellite to the service manager, systemd (sd_notify(3)): ready, landing, how long that may take, a sentence for
 * people and, if there is a watchdog, that the satellite works.
 */
export class ServiceManager {
  readonly #options: ServiceOptions;
  readonly #notifier: Notifier;
  readonly #record = new FlightRecord();
  readonly #cancels = new Set<() => void>();
  #sentence = '';
  /** The last sentence has not stood long enough; something has happened since. */
  #isPaced = false;
  #hasNews = false;

  constructor(options: ServiceOptions) {
    const { environment, clock, log, landingSoon } = options;
    this.#options = options;
    this.#notifier = new Notifier(environment, clock, log);
    this.#tell({ EXTEND_TIMEOUT_USEC: EXTEND_US });
    this.#every(EXTEND_EVERY_MS, () => this.#extend());
    this.#every(CHECK_MS, () => this.#news());
    const watchdogMs = watchdogMsIn(environment);
    if (watchdogMs !== undefined) this.#every(watchdogMs / 2, () => this.#beat());
    landingSoon.addEventListener('abort', this.#announced);
  }

  /** Call it with every event of the flight. */
  take(event: SputnikEvent): void {
    this.#record.take(event);
    if (event.type === 'launched') this.#tell({ READY: '1' });
    else if (event.type === 'landing') this.#tell({ STOPPING: '1', EXTEND_TIMEOUT_USEC: EXTEND_US });
    else if (event.type === 'landed') this.#tell({});
    else this.#news();
  }

  /** Sends what waits. Leaves no timer and no process. */
  async close(): Promise<void> {
    this.#options.landingSoon.removeEventListener('abort', this.#announced);
    for (const cancel of this.#cancels) cancel();
    await this.#notifier.close();
  }

  readonly #announced = (): void => this.#tell({ EXTEND_TIMEOUT_USEC: EXTEND_US });

  /** Only a loop that turns gets here. */
  #beat(): void {
    // guard: the watchdog hears nothing of a satellite that has failed
    if (alive({ record: this.#record }).ok) this.#notifier.notify({ WATCHDOG: '1' });
  }

  #extend(): void {
    const { launchedAt, landing, report } = this.#record;
    const isFlying = launchedAt !== undefined && landing === undefined && !this.#options.landingSoon.aborted;
    // guard: only a start and a landing are given more time
    if (!isFlying && report === undefined) this.#notifier.notify({ EXTEND_TIMEOUT_USEC: EXTEND_US });
  }

  /** Something may have changed: sends a new sentence now, or when the last one has stood for a while. */
  #news(): void {
    this.#hasNews = true;
    if (this.#isPaced) return;
    this.#hasNews = false;
    this.#isPaced = true;
    const sentence = this.#newSentence();
    if (sentence !== undefined) this.#notifier.notify({ STATUS: sentence });
    this.#after(SENTENCE_MS, () => {
      this.#isPaced = false;
      // guard: the last sentence is the true one
      if (this.#hasNews) this.#news();
    });
  }

  /** Sends this at once, with the current sentence. */
  #tell(assignments: Assignments): void {
    const sentence = this.#newSentence();
    this.#notifier.notify({ ...assignments, ...(sentence !== undefined && { STATUS: sentence }) });
  }

  /** The current sentence. Undefined if it was the last one sent. */
  #newSentence(): string | undefined {
    const { flight, metrics, landingSoon } = this.#options;
    const told = { record: this.#record, flight: flight(), metrics: metrics(), landingSoon: landingSoon.aborted };
    const sentence = cutLine(printable(sentenceOf(told)));
    if (sentence === this.#sentence) return undefined;
    this.#sentence = sentence;
    return sentence;
  }

  #every(ms: number, act: () => void): void {
    this.#after(ms, () => {
      act();
      this.#every(ms, act);
    });
  }

  #after(ms: number, act: () => void): void {
    const cancel = this.#options.clock.after(ms, () => {
      this.#cancels.delete(cancel);
      act();
    });
    this.#cancels.add(cancel);
  }
}

/** How often the watchdog expects a report, in milliseconds. Undefined if there is none. */
function watchdogMsIn({ WATCHDOG_USEC, WATCHDOG_PID }: NodeJS.ProcessEnv): number | undefined {
  const ms = Number(WATCHDOG_USEC) / 1000;
  // guard: the watchdog of another process is not ours
  const isOurs = WATCHDOG_PID === undefined || WATCHDOG_PID === `${process.pid}`;
  return isOurs && ms > 0 && ms < Infinity ? ms : undefined;
}
