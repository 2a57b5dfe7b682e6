import { monitorEventLoopDelay, performance, type EventLoopUtilization, type IntervalHistogram } from 'node:perf_hooks';

const RESOLUTION_MS = 20;
/** How long a measurement counts. */
const WINDOW_MS = 10_000;

/** How late the event loop is. */
export interface LoopDelay {
  /** In seconds, without the usual time of a timer. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /** The share of time in which the loop was busy, from 0 to 1. */
  readonly utilization: number;
}

/**
 * Measures how late the event loop is, over the last ten to twenty seconds. Utilisation shows how busy it is, but not a single callback that
 * holds up all others.
 */
export class LoopDelayMonitor {
  #current: IntervalHistogram = started();
  #before: IntervalHistogram | undefined;
  #utilization: EventLoopUtilization = performance.eventLoopUtilization();
  #lastUtilization = 0;
  #turnsAt: number = performance.now() + WINDOW_MS;

  /** Call it often: it begins a new window when it is time. */
  tick(): void {
    if (performance.now() < this.#turnsAt) return;
    this.#turnsAt = performance.now() + WINDOW_MS;
    this.#before?.disable();
    this.#before = this.#current;
    this.#current = started();
    const now = performance.eventLoopUtilization();
    this.#lastUtilization = performance.eventLoopUtilization(now, this.#utilization).utilization;
    this.#utilization = now;
  }

  read(): LoopDelay {
    const windows = [this.#before, this.#current].filter((one) => one !== undefined && one.count > 0);
    const late = (ns: number): number => Math.max(0, ns / 1e9 - RESOLUTION_MS / 1000);
    const worst = (of: (window: IntervalHistogram) => number): number =>
      late(Math.max(0, ...windows.map((window) => of(window as IntervalHistogram))));
    const utilization =
      this.#before === undefined
        ? performance.eventLoopUtilization(performance.eventLoopUtilization(), this.#utilization).utilization
        : this.#lastUtilization;
    return {
      p50: worst((window) => window.percentile(50)),
      p99: worst((window) => window.percentile(99)),
      max: worst((window) => window.max),
      utilization,
    };
  }

  close(): void {
    this.#current.disable();
    this.#before?.disable();
  }
}

function started(): IntervalHistogram {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  return histogram;
}
