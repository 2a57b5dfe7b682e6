import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { Logger } from '@sputnikjs/core';
import {
  MAX_UNACKNOWLEDGED,
  type ConsumeOptions,
  type MessageConsumer,
  type MessageHandler,
  type Subscription,
} from '@sputnikjs/messaging';
import type { RedisConfig } from './config.js';
import { checkKey } from './entry.js';
import { prepareGroup } from './group.js';
import type { RedisLink } from './link.js';
import { hasCode } from './server-error.js';
import { StreamGroup } from './stream-group.js';
import { StreamSubscription } from './subscription.js';

/** Returns a new consumer name, for a satellite that configures none. */
export function newName(): string {
  return `${hostname()}-${process.pid}-${randomBytes(4).toString('hex')}`;
}

/** Consumes streams in a consumer group: each message goes to one consumer, and to another only if that one fails. */
export class RedisConsumer implements MessageConsumer {
  readonly #link: RedisLink;
  readonly #config: RedisConfig;
  readonly #name: string;
  readonly #log: Logger | undefined;
  /** Names in use, by stream. */
  readonly #names = new Map<string, Set<string>>();
  #dropped = 0;

  constructor(link: RedisLink, config: RedisConfig, name: string, log: Logger | undefined) {
    this.#link = link;
    this.#config = config;
    this.#name = name;
    this.#log = log;
  }

  /** Number of messages that somebody deleted from their stream after we had read them, and before they were handled. */
  get dropped(): number {
    return this.#dropped;
  }

  async consume(
    source: string,
    handler: MessageHandler,
    { maxUnacknowledged = MAX_UNACKNOWLEDGED }: ConsumeOptions = {},
  ): Promise<Subscription> {
    checkKey(source);
    const { group, claimAfterMs } = this.#config;
    await prepareGroup(this.#link, source, this.#config);
    const reader = await this.#link.openReader();
    const name = this.#takeName(source);
    const stream = new StreamGroup(this.#link, reader, source, group, name);
    return new StreamSubscription(this.#link, {
      stream,
      handler,
      places: maxUnacknowledged,
      claimAfterMs,
      dropped: (count) => this.#drop(source, count),
      trouble: (error) => this.#complain(source, error),
      restore: (error) => this.#restore(source, error),
      stopped: () => this.#stopped(stream),
    });
  }

  async #stopped(stream: StreamGroup): Promise<void> {
    stream.close();
    // nobody takes a name up again that was made up; that it stays, where the user may not remove it, does no harm
    if (this.#config.consumerName === undefined) await stream.leave().catch(() => {});
    this.#names.get(stream.name)?.delete(stream.consumer);
  }

  async #restore(source: string, error: unknown): Promise<void> {
    if (!hasCode(error, 'NOGROUP')) throw error;
    await prepareGroup(this.#link, source, this.#config);
    this.#log?.warn({ event: 'groupMade', source }, `the group of "${source}" was missing and has been created again`);
  }

  #drop(source: string, count: number): void {
    this.#dropped += count;
    const text = `${count} messages of "${source}" were deleted on the server before they were handled`;
    this.#log?.warn({ event: 'dropping', source, count }, text);
  }

  /** Logs what failed for now or for good; not a lost connection, which others report. */
  #complain(source: string, error: unknown): void {
    if (this.#link.over !== undefined) return;
    const { code, message } = error as Error & { readonly code?: unknown };
    const fields = { event: 'consumeFailed', code, source, error };
    this.#log?.error(fields, `cannot consume from "${source}": ${message}`);
  }

  /** Returns an unused name: two consumers with one name would take each other's messages for their own earlier ones. */
  #takeName(source: string): string {
    const taken = this.#names.get(source) ?? new Set();
    this.#names.set(source, taken);
    let name = this.#name;
    for (let nth = 2; taken.has(name); nth++) name = `${this.#name}-${nth}`;
    taken.add(name);
    return name;
  }
}
