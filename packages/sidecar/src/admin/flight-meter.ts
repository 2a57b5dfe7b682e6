import type {
  BlockDescriptor,
  BlockStatus,
  Clock,
  FlightStatus,
  MessageObserver,
  Outcome,
  SputnikEvent,
} from '@sputnikjs/core';
import { producerBlock } from '@sputnikjs/messaging';
import { BlockMeter } from './block-meter.js';
import { FlightRecord } from './flight-record.js';
import { LoopDelayMonitor } from './loop-delay.js';
import { Rates } from './rates.js';
import type { Taps } from './taps.js';
import { TargetCounts } from './target-counts.js';

const TICK_MS = 250;

/** Measures a flight, as its observer and event listener, and with a tick. */
export class FlightMeter implements MessageObserver {
  readonly record: FlightRecord = new FlightRecord();
  readonly loop: LoopDelayMonitor = new LoopDelayMonitor();
  readonly rates: Rates = new Rates();
  /** Counts of messages for the server. */
  readonly targets: TargetCounts = new TargetCounts();
  readonly #clock: Clock;
  /** The same, for what is done for each message: an object is found sooner than a text. */
  readonly #meters = new Map<BlockDescriptor, BlockMeter>();
  /** What was measured of the blocks that took messages, by responsibility. */
  readonly meters: Map<string, BlockMeter> = new Map();
  readonly #status: () => FlightStatus | undefined;
  readonly #taps: Pick<Taps, 'take'>;
  #cancel: () => void = () => {};

  constructor(clock: Clock, status: () => FlightStatus | undefined, taps: Pick<Taps, 'take'>) {
    this.#clock = clock;
    this.#status = status;
    this.#taps = taps;
    this.#tick();
  }

  accepted(msg: object, from: BlockDescriptor, to: BlockDescriptor): void {
    this.#meterOf(to).accepted(msg, from);
    this.#taps.take?.(msg, from, to);
    if (to.name === producerBlock.name) this.targets.count(msg, 'accepted');
  }

  /** Of messages that are not timed nobody needs to know when they are handled. */
  begun(msg: object, to: BlockDescriptor): boolean {
    return this.#meterOf(to).begun(msg);
  }

  settled(msg: object, to: BlockDescriptor, how: Outcome): void {
    this.#meterOf(to).settled(msg);
    if (how !== 'handled' && to.name === producerBlock.name) this.targets.count(msg, how);
  }

  take(event: SputnikEvent): void {
    this.record.take(event);
  }

  /** How long a block has had its oldest message, in milliseconds; 0 if it has none. */
  oldestMsOf({ responsibility, handled, failed, dropped }: BlockStatus): number {
    return this.meters.get(responsibility)?.oldestMs(handled + failed + dropped) ?? 0;
  }

  close(): void {
    this.#cancel();
    this.loop.close();
  }

  #meterOf(block: BlockDescriptor): BlockMeter {
    const known = this.#meters.get(block);
    if (known !== undefined) return known;
    const meter = new BlockMeter(this.#clock);
    this.#meters.set(block, meter);
    this.meters.set(block.responsibility, meter);
    return meter;
  }

  #tick(): void {
    this.#cancel = this.#clock.after(TICK_MS, () => this.#tick());
    this.loop.tick();
    const counts = new Map<string, number>();
    const blocks = new Map(this.#status()?.blocks.map((block) => [block.responsibility, block]));
    for (const { responsibility, accepted, handled, rejected } of blocks.values())
      for (const [what, count] of Object.entries({ accepted, handled, rejected }))
        counts.set(`${what} ${responsibility}`, count);
    for (const [responsibility, meter] of this.meters) {
      meter.tick(blocks.get(responsibility)?.accepted ?? 0);
      for (const [from, { count }] of meter.senders) counts.set(`${from.responsibility} → ${responsibility}`, count);
    }
    this.rates.take(this.#clock.now(), counts);
  }
}
