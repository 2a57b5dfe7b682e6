import { performance, type EventLoopUtilization } from 'node:perf_hooks';
import { Worker } from 'node:worker_threads';
import { WORKER } from '../own-files.js';
import { chain } from '../text.js';
import { HELD, SENT } from './counted.js';
import { beatOf, watchPulse } from './pulse.js';
import type { ThreadData } from './thread-data.js';
import type { Frame } from '../remote/wire.js';

/** The shortest time over which the load of a thread is measured, in milliseconds. */
const LEAST_MS = 1_000;

/** What a thread is started with. */
export interface ThreadOptions {
  readonly data: Omit<ThreadData, 'counts' | 'beats' | 'beatMs'>;
  /** How large its heap may get, in megabytes; Node's own limit unless given. */
  readonly heapMb: number | undefined;
  /** How long its loop may stand still, in milliseconds. */
  readonly mostMs: number;
  readonly onFrame: (frame: Frame) => void;
  /** Called when the thread ends and nobody has asked it to. */
  readonly onDeath: (error: Error) => void;
}

/** A thread that runs a satellite. */
export class Thread {
  readonly #worker: Worker;
  readonly #counts = new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT));
  readonly #unwatch: () => void;
  readonly #ended: Promise<void>;
  #measured: EventLoopUtilization | undefined;
  #utilization = 0;
  #measuredAt = 0;
  #isEnding = false;
  /** Why it ends, if it has given a reason. */
  #reason: Error | undefined;

  constructor({ data, heapMb, mostMs, onFrame, onDeath }: ThreadOptions) {
    const beats = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
    const beatMs = beatOf(mostMs);
    const workerData: ThreadData = { ...data, counts: this.#counts, beats, beatMs };
    const resourceLimits = heapMb === undefined ? {} : { maxOldGenerationSizeMb: heapMb };
    this.#worker = new Worker(WORKER, { workerData, resourceLimits, name: data.path });
    this.#worker.on('message', onFrame);
    this.#worker.on('error', (error: unknown) => (this.#reason ??= uncaught(error, heapMb)));
    this.#ended = new Promise((resolve) =>
      this.#worker.on('exit', (code) => {
        this.#unwatch();
        if (!this.#isEnding) onDeath(this.#reason ?? new Error(`something in the thread called process.exit(${code})`));
        resolve();
      }),
    );
    this.#unwatch = watchPulse(beats, beatMs, (ms) => {
      const text = `the thread is stuck: its event loop has stood still for ${(ms / 1000).toFixed(1)} s, and it is terminated; look for a loop that never yields`;
      this.#reason ??= new Error(text);
      // guard: a thread that is stuck is ended
      void this.#worker.terminate();
    });
  }

  postMessage(frame: Frame, transfer: readonly ArrayBuffer[]): void {
    this.#worker.postMessage(frame, transfer);
  }

  tryOut(value: unknown): void {
    structuredClone(value);
  }

  /** How many messages only this thread has; and how many it has meant to send. */
  get counts(): { readonly held: number; readonly sent: number } {
    return { held: this.#counts[HELD] ?? 0, sent: this.#counts[SENT] ?? 0 };
  }

  /** The share of time in which its event loop was busy, since the last call or for at least a second. */
  get utilization(): number {
    const now = performance.now();
    if (now - this.#measuredAt < LEAST_MS) return this.#utilization;
    const measured = this.#worker.performance.eventLoopUtilization();
    const before = this.#measured;
    this.#utilization = before
      ? this.#worker.performance.eventLoopUtilization(measured, before).utilization
      : measured.utilization;
    this.#measured = measured;
    this.#measuredAt = now;
    return this.#utilization;
  }

  /** Ends it; resolves when it has ended. */
  async end(): Promise<void> {
    this.#isEnding = true;
    await this.#worker.terminate();
    await this.#ended;
  }
}

function uncaught(error: unknown, heapMb: number | undefined): Error {
  const { code } = Object(error) as { readonly code?: unknown };
  if (code !== 'ERR_WORKER_OUT_OF_MEMORY')
    return new Error(`uncaught error in the thread: ${chain(error)}`, { cause: error });
  const limit = heapMb === undefined ? '' : ` of ${heapMb} MB`;
  return new Error(`the heap of the thread${limit} is full; find what fills it, or raise "heapMb"`, {
    cause: error,
  });
}
