import type { BlockStatus, LandingReport, Logger } from '@sputnikjs/core';
import type { Level } from '../satellite/level.js';
import type { Room } from '../satellite/waiting-room.js';
import type { Outbox } from '../remote/outbox.js';
import type { ThreadSatellite } from './thread-satellite.js';

/** Where messages for a satellite in a thread wait: in its outbox, which all of them pass. */
export class ThreadRoom implements Room {
  readonly #outbox: Outbox;
  readonly #level: Level;
  readonly #log: Logger;
  readonly #path: string;
  /** The current one. */
  #made: ThreadSatellite | undefined;

  constructor(outbox: Outbox, level: Level, path: string, log: Logger) {
    this.#outbox = outbox;
    this.#level = level;
    this.#path = path;
    this.#log = log;
  }

  /** Sets the satellite that a start or a restart has made. */
  set made(made: ThreadSatellite) {
    this.#made = made;
  }

  open(_to: Level, emptied: () => void): void {
    emptied();
    const link = this.#made?.link;
    if (link === undefined) return;
    const count = this.#outbox.open(link);
    if (count === 0) return;
    const fields = { event: 'redelivered', satellite: this.#path, count };
    this.#log.info(
      fields,
      `satellite ${this.#path} gets ${count} messages again, which it had not handled when it ended`,
    );
  }

  shut(): Level {
    this.#outbox.shut();
    return this.#level;
  }

  get blocks(): readonly BlockStatus[] {
    return this.#outbox.blocks;
  }

  close(withinMs?: number): Promise<LandingReport> {
    return this.#outbox.close(withinMs);
  }

  get isIdle(): boolean {
    return this.#outbox.isIdle;
  }

  idle(): Promise<void> {
    return this.#outbox.idle();
  }
}
