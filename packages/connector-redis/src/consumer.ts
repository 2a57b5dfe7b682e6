import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { Logger } from '@sputnikjs/core';
import type { ConsumedMessage, MessageConsumer, Subscription } from '@sputnikjs/sidecar';
import type { RedisConfig } from './config.js';
import { prepareGroup } from './group.js';
import type { Link } from './link.js';
import { StreamGroup } from './stream-group.js';
import { StreamSubscription } from './subscription.js';

/** How a group knows a satellite whose configuration does not say. */
export function newName(): string {
  return `${hostname()}-${process.pid}-${randomBytes(4).toString('hex')}`;
}

/** Consumes streams by a group: what one consumer of it was given, no other gets, unless that one fails. */
export class Consumer implements MessageConsumer {
  readonly #link: Link;
  readonly #config: RedisConfig;
  readonly #name: string;
  readonly #log: Logger | undefined;
  /** Names in use, by stream. */
  readonly #names = new Map<string, Set<string>>();
  #dropped = 0;

  constructor(link: Link, config: RedisConfig, name: string, log: Logger | undefined) {
    this.#link = link;
    this.#config = config;
    this.#name = name;
    this.#log = log;
  }

  /** Messages that were deleted from their stream after they had come, and before they were handled. */
  get dropped(): number {
    return this.#dropped;
  }

  async consume(
    source: string,
    handler: (message: ConsumedMessage) => Promise<void>,
    { maxUnacknowledged = 256 }: { readonly maxUnacknowledged?: number | undefined } = {},
  ): Promise<Subscription> {
    const { group, consumerName, claimAfterMs, createGroups } = this.#config;
    const prepare = (): Promise<void> => prepareGroup(this.#link, source, this.#config);
    await prepare();
    const reader = await this.#link.openReader();
    const name = this.#takeName(source);
    return new StreamSubscription(this.#link, {
      stream: new StreamGroup(this.#link, reader, source, group, name),
      handler,
      places: maxUnacknowledged,
      claimAfterMs,
      prepare: createGroups ? prepare : undefined,
      log: this.#log,
      dropped: (count) => void (this.#dropped += count),
      ended: async (stream) => {
        stream.close();
        // a name made up for this process nobody takes up again; to have it stay does no harm
        if (consumerName === undefined) await stream.leave().catch(() => {});
        this.#names.get(source)?.delete(name);
      },
    });
  }

  /** Two consumers of the same name would take each other's messages for their own of before. */
  #takeName(source: string): string {
    const taken = this.#names.get(source) ?? new Set();
    this.#names.set(source, taken);
    let name = this.#name;
    for (let nth = 2; taken.has(name); nth++) name = `${this.#name}-${nth}`;
    taken.add(name);
    return name;
  }
}
