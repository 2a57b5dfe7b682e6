import { serverFull } from '@sputnikjs/messaging/connector';
import { missedBy, refusal } from './ack.js';
import { codeOf, hasNoAnswer } from './jetstream.js';
import type { Streams } from './streams.js';

/** How often a message is sent again for which a stream was created. */
const MOST_TRIES = 3;

/** The messages under way. */
export interface UnderWay {
  /** Where each goes, by its number, in the order in which they were first sent. */
  targets(): Iterable<readonly [id: number, target: string]>;
  /** Sends one again, unless it is settled. */
  send(id: number): void;
  /** Told what one is refused with. */
  refused(id: number, refusal: Error): void;
}

/**
 * Messages that no stream accepted. If a stream is configured for them, it was deleted: it is created again, once for all of them. Then they are
 * sent again, together with those that the former stream had not acknowledged. Later messages wait behind them, which keeps the order. If no
 * stream is configured for them, they fail with the reason.
 */
export class Misses {
  readonly #streams: Streams;
  readonly #underWay: UnderWay;
  /** How often those were sent that found none. */
  readonly #tries = new Map<number, number>();
  readonly #waiting = new Set<number>();
  /** What is being asked about targets without a stream. */
  readonly #asked = new Map<string, Promise<Error>>();
  #making = false;
  /** What was in the way of a stream, the last time. */
  #failure: Error | undefined;

  constructor(streams: Streams, underWay: UnderWay) {
    this.#streams = streams;
    this.#underWay = underWay;
    streams.onRenewed((takes) => this.#renewed(takes));
  }

  /** True if a new message has to wait behind those that are here. */
  get making(): boolean {
    return this.#making;
  }

  /** Has a message wait that is not sent yet. */
  wait(id: number): void {
    this.#waiting.add(id);
  }

  /** Takes a message that no stream took. */
  add(id: number, target: string): void {
    const tries = this.#tries.get(id) ?? 0;
    if (tries === MOST_TRIES || !this.#streams.cover(target)) return void this.#refuse(id, target);
    this.#tries.set(id, tries + 1);
    this.#waiting.add(id);
    if (!this.#making) void this.#make();
  }

  /** Forgets those before a number, which are settled. */
  prune(first: number): void {
    for (const id of this.#tries.keys()) if (id < first) this.#tries.delete(id);
  }

  #renewed(takes: (target: string) => boolean): void {
    for (const [id, target] of this.#underWay.targets()) if (takes(target)) this.#waiting.add(id);
    if (!this.#making) this.#sendWaiting();
  }

  async #make(): Promise<void> {
    this.#making = true;
    this.#failure = undefined;
    try {
      await this.#streams.prepare();
    } catch (error) {
      this.#failure = error as Error;
    }
    this.#making = false;
    this.#sendWaiting();
  }

  #sendWaiting(): void {
    const ids = [...this.#waiting].toSorted((a, b) => a - b);
    this.#waiting.clear();
    for (const id of ids) this.#underWay.send(id);
  }

  async #refuse(id: number, target: string): Promise<void> {
    const asked = this.#asked.get(target) ?? this.#refusalOf(target).finally(() => this.#asked.delete(target));
    this.#asked.set(target, asked);
    this.#underWay.refused(id, await asked);
  }

  /** In a cluster, or behind a leaf node, a stream may be there and out of reach for now. */
  async #refusalOf(target: string): Promise<Error> {
    if (this.#failure !== undefined && this.#streams.cover(target)) return unmade(target, this.#failure);
    if (!this.#streams.mayBeAway) return missedBy(target);
    try {
      if ((await this.#streams.jetstream.namesFor(target)).length === 0) return missedBy(target);
      return serverFull(`the stream for "${target}" exists, but takes no messages for now: does it have a leader?`);
    } catch (error) {
      return unmade(target, error as Error);
    }
  }
}

/** What a message rejects with when nothing can be done about the stream that is missing. */
function unmade(target: string, error: Error): Error {
  const text = `no stream takes the message for "${target}": ${error.message}`;
  return hasNoAnswer(error) ? serverFull(text, error) : refusal(text, codeOf(error) ?? codeOf(error.cause), error);
}
