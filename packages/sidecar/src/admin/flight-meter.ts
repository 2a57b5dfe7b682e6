import type {
  BlockDescriptor,
  Clock,
  FlightStatus,
  LandingReport,
  MessageObserver,
  SputnikEvent,
} from '@sputnikjs/core';
import { chain } from '../text.js';
import { BlockMeter } from './block-meter.js';
import { LoopDelayMonitor } from './loop-delay.js';
import { Rates } from './rates.js';
import { ServerRecord } from './server-record.js';

const TICK_MS = 250;

/** Where messages were lost, and why, as the last event said it. */
interface Loss {
  count: number;
  text: string;
}

/** Measures a flight: its observer, its listener, and what ticks beside it. */
export class FlightMeter implements MessageObserver {
  readonly server: ServerRecord = new ServerRecord();
  readonly loop: LoopDelayMonitor = new LoopDelayMonitor();
  readonly rates: Rates = new Rates();
  /** Where messages failed and no sender knows, by responsibility. */
  readonly failed: Map<string, Loss> = new Map();
  readonly startedAt: number = Date.now();
  launchedAt: number | undefined;
  landing: { readonly cause: string; readonly since: number; waitsFor: readonly string[] } | undefined;
  report: LandingReport | undefined;
  /** The failure that ended the flight. */
  fatal: string | undefined;
  readonly #clock: Clock;
  readonly #meters = new Map<BlockDescriptor, BlockMeter>();
  readonly #status: () => FlightStatus | undefined;
  #cancel: () => void = () => {};

  constructor(clock: Clock, status: () => FlightStatus | undefined) {
    this.#clock = clock;
    this.#status = status;
    this.#tick();
  }

  accepted(msg: object, from: BlockDescriptor, to: BlockDescriptor): void {
    this.#meterOf(to).accepted(msg, from);
  }

  begun(msg: object, to: BlockDescriptor): void {
    this.#meterOf(to).begun(msg);
  }

  settled(msg: object, to: BlockDescriptor): void {
    this.#meterOf(to).settled(msg);
  }

  take(event: SputnikEvent): void {
    this.server.take(event);
    switch (event.type) {
      case 'launched':
        this.launchedAt = Date.now();
        break;
      case 'failed': {
        const text = `${event.block.responsibility} failed in ${event.callback}: ${chain(event.error)}`;
        if (event.decision === 'shutdown') this.fatal ??= text;
        if (event.lost > 0) this.#lose(event.block.responsibility, event.lost, text);
        break;
      }
      case 'landing':
        this.landing = {
          cause: event.cause.reason === undefined ? event.cause.kind : chain(event.cause.reason),
          since: Date.now(),
          waitsFor: [],
        };
        break;
      case 'waiting':
        if (this.landing)
          this.landing.waitsFor = event.for.map(({ block, callback }) => `${block.responsibility}.${callback}`);
        break;
      case 'landed':
        this.report = event.report;
        break;
      default:
    }
  }

  /** What was measured of the blocks that took messages, by responsibility. */
  get meters(): ReadonlyMap<string, BlockMeter> {
    return new Map([...this.#meters].map(([{ responsibility }, meter]) => [responsibility, meter]));
  }

  close(): void {
    this.#cancel();
    this.loop.close();
  }

  #lose(block: string, count: number, text: string): void {
    const loss = this.failed.get(block);
    this.failed.set(block, { count: (loss?.count ?? 0) + count, text });
  }

  #meterOf(block: BlockDescriptor): BlockMeter {
    const known = this.#meters.get(block);
    if (known !== undefined) return known;
    const meter = new BlockMeter(this.#clock);
    this.#meters.set(block, meter);
    return meter;
  }

  #tick(): void {
    this.#cancel = this.#clock.after(TICK_MS, () => this.#tick());
    this.loop.tick();
    const counts = new Map<string, number>();
    for (const { responsibility, accepted, handled, rejected } of this.#status()?.blocks ?? [])
      for (const [what, count] of Object.entries({ accepted, handled, rejected }))
        counts.set(`${what} ${responsibility}`, count);
    for (const [{ responsibility }, meter] of this.#meters) {
      meter.tick();
      for (const [from, { count }] of meter.senders) counts.set(`${from.responsibility} → ${responsibility}`, count);
    }
    this.rates.take(this.#clock.now(), counts);
  }
}
