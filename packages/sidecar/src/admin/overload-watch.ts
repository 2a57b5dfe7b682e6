import type { BlockStatus, Clock, FlightStatus, Logger } from '@sputnikjs/core';
import { bottleneckOf, fullBlock } from './bottleneck.js';
import { plural } from './durations.js';

/** How often mailboxes are checked, in milliseconds, and after how many checks that do not find it full the overload of one is over. */
const CHECK_MS = 250;
const QUIET_CHECKS = 20;

/** An overload that was logged. */
interface Overload {
  readonly block: string;
  readonly since: number;
  /** Looks since it was seen last. */
  quiet: number;
}

/**
 * Logs which block is overloaded, and when the overload is over. A short burst that fills a mailbox is no overload. While the server is away,
 * nothing is logged: the log already has the loss, which is why mailboxes are full.
 */
export class OverloadWatch {
  readonly #clock: Clock;
  readonly #status: () => FlightStatus | undefined;
  readonly #log: Logger;
  /** The block that was full at the last check. */
  #before: string | undefined;
  #overload: Overload | undefined;
  #cancel: () => void;

  constructor(clock: Clock, status: () => FlightStatus | undefined, log: Logger) {
    this.#clock = clock;
    this.#status = status;
    this.#log = log;
    this.#cancel = clock.after(CHECK_MS, () => this.#check());
  }

  close(): void {
    this.#cancel();
  }

  #check(): void {
    this.#cancel = this.#clock.after(CHECK_MS, () => this.#check());
    const now = this.#status();
    if (now === undefined) return;
    const name = bottleneckOf(now.blocks, now.connection);
    const full = name === 'server' ? undefined : fullBlock(now.blocks);
    if (full !== undefined && name === this.#before && name !== this.#overload?.block) this.#begin(full);
    this.#before = name;
    if (this.#overload === undefined) return;
    this.#overload.quiet = name === this.#overload.block ? 0 : this.#overload.quiet + 1;
    if (this.#overload.quiet >= QUIET_CHECKS) this.#end(this.#overload);
  }

  #begin({ responsibility, depth, capacity }: BlockStatus): void {
    this.#overload = { block: responsibility, since: this.#clock.now(), quiet: 0 };
    const text = `${responsibility} is the bottleneck: ${plural(depth, 'message')} of ${capacity.toLocaleString('en')} wait there`;
    this.#log.warn({ event: 'overloaded', block: responsibility, depth, capacity }, text);
  }

  #end({ block, since }: Overload): void {
    this.#overload = undefined;
    const lastedMs = Math.round(this.#clock.now() - since - QUIET_CHECKS * CHECK_MS);
    this.#log.info({ event: 'overloadOver', block, lastedMs }, `${block} is no longer the bottleneck`);
  }
}
