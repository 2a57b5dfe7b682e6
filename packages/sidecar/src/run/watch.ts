import { closeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import type { Logger } from '@sputnikjs/core';
import { errorPrefix } from '../log/stderr.js';
import { WATCHER } from '../own-files.js';
import { COUNT, STUCK_MS, type Beats } from './beats.js';
import { LISTENING } from './thread-signals.js';

const STDERR = 2;
/** A loop that stands still for less time is only late, on a busy machine. In milliseconds. */
const LEAST_MS = 2_000;
/** The thread does almost nothing: with less room it takes 3 MB less. */
const SMALL = { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 1, codeRangeSizeMb: 1, stackSizeMb: 1 };
/** The longest interval between two beats of the loop after a signal. */
const BEAT_MS = 1_000;

/** A loop that was stuck. */
export interface StuckLoop {
  /** For how long, in milliseconds. */
  readonly ms: number;
  /** The function and its place, if it is JavaScript. */
  readonly at: string | undefined;
}

/** The options of a watch. */
export interface WatchOptions {
  /** How long the loop may stand still after a signal, in milliseconds. */
  readonly mostMs: number;
  /** Aborts at a signal. */
  readonly soon: AbortSignal;
  readonly log: Logger;
}

/**
 * Ends the process with `process.exit(1)` if its event loop is stuck for some time after a signal. A synchronous loop cannot be stopped on
 * its own thread, and no signal gets through to it. So another thread listens to the signals, too. It sleeps until there is one.
 */
export class Watch {
  readonly #options: WatchOptions;
  readonly #worker: Worker;
  readonly #shared = new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT));
  readonly #beatMs: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: WatchOptions) {
    this.#options = options;
    const mostMs = Math.max(options.mostMs, LEAST_MS);
    this.#beatMs = Math.min(mostMs / 8, BEAT_MS);
    const workerData: Beats = { mostMs, beatMs: this.#beatMs, errorPrefix: errorPrefix(), shared: this.#shared };
    // nothing of how this process was started is for this thread
    const alone = { env: {}, execArgv: [...LISTENING] };
    this.#worker = new Worker(WATCHER, { ...alone, workerData, resourceLimits: SMALL });
    this.#worker.on('message', this.#cannotListen).on('error', this.#cannotListen).unref();
    if (options.soon.aborted) this.#signalled();
    else options.soon.addEventListener('abort', this.#signalled);
    process.on('exit', this.#exit);
  }

  /** The stuck loop because of which the process ends, if it does. Call it at the exit. */
  get stuck(): StuckLoop | undefined {
    const ms = Atomics.load(this.#shared, STUCK_MS);
    return ms === 0 ? undefined : { ms, at: interrupted() };
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#options.soon.removeEventListener('abort', this.#signalled);
    process.off('exit', this.#exit);
    await this.#worker.terminate();
  }

  /** Only a loop that goes on gets here. */
  readonly #signalled = (): void => {
    this.#timer ??= setInterval(() => Atomics.add(this.#shared, COUNT, 1), this.#beatMs).unref();
    this.#worker.postMessage('watch');
  };

  readonly #cannotListen = (error: unknown): void => {
    const text =
      'in this version of Node the watching thread gets no signals: a signal does not end the process while its event loop is stuck';
    this.#options.log.warn({ event: 'watchDeaf', error }, text);
  };

  readonly #exit = (): void => {
    // Node would say there that it waits for a debugger: that is the thread by which we got here, and has gone
    if (Atomics.load(this.#shared, STUCK_MS) > 0) closeSync(STDERR);
  };
}

/** Where the main thread was when it was interrupted: the first function that does not belong to Node or Sputnik. */
function interrupted(): string | undefined {
  const frames = (new Error('where').stack ?? '').split('\n').map((line) => line.trim());
  const below = frames.slice(frames.findIndex((line) => line.startsWith('at <anonymous>:')) + 1);
  return below.find((line) => !/\((node:|<anonymous>)/.test(line))?.replace(/^at /, '');
}
