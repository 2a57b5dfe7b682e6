import type { ServerResponse } from 'node:http';
import type { BlockContext, Metric } from '@sputnikjs/core';
import { consumerOf } from '@sputnikjs/messaging';
import type { ProblemLog } from '@sputnikjs/messaging/net';
import { Refused } from '../answer/refusals.js';
import type { Consumption } from '../read/consumption.js';
import { Channel } from './channel.js';
import { Reader, type End, type ReaderParts } from './reader.js';

/** What may be consumed, and by how many. */
export interface ConsumeLimits extends Pick<ReaderParts, 'maxReaderBytes' | 'readerTimeoutMs'> {
  readonly sources: readonly string[];
  readonly maxReaders: number;
}

/** All sources that are served, and their readers. */
export class Hub {
  readonly #limits: ConsumeLimits;
  readonly #context: Pick<BlockContext, 'log' | 'clock' | 'waitUntil'>;
  readonly #channels: ReadonlyMap<string, Channel>;
  readonly #cuts = { slow: 0, gaveWay: 0 };
  #unread = 0;
  #isLanding = false;

  constructor(limits: ConsumeLimits, context: Pick<BlockContext, 'log' | 'clock' | 'waitUntil'>) {
    this.#limits = limits;
    this.#context = context;
    this.#channels = new Map(limits.sources.map((source) => [source, new Channel(source, context)]));
  }

  connected(connection: unknown): void {
    const consumer = consumerOf(connection);
    for (const channel of this.#channels.values()) channel.connected(consumer);
  }

  disconnected(): void {
    for (const channel of this.#channels.values()) channel.disconnected();
  }

  /** Ends all answers, and gives back to the server what nobody got. */
  async land(): Promise<void> {
    this.#isLanding = true;
    for (const reader of this.#readers()) reader.finish('landing');
    await Promise.all([...this.#channels.values()].map((channel) => channel.end()));
  }

  /**
   * Answers with the messages of a source, from now on. Rejects with a refusal if there is none of that name, the server is away, or no place
   * is left. Resolves with false if the client has gone meanwhile.
   */
  async read(asked: Consumption, client: string, response: ServerResponse, problemLog: ProblemLog): Promise<boolean> {
    const channel = this.#channels.get(asked.source);
    if (channel === undefined)
      throw new Refused('NOT_FOUND', `the gateway does not serve the source "${asked.source}"`);
    this.#checkPlace(client);
    await channel.open();
    // others may have come meanwhile
    this.#checkPlace(client);
    if (response.destroyed) return false;
    const { remoteAddress, remotePort } = response.req.socket;
    const reader = new Reader(client, asked, response, {
      ...this.#limits,
      clock: this.#context.clock,
      changed: () => channel.pump(),
      ended: (ended, why, unread) => {
        channel.remove(ended);
        this.#unread += unread;
        this.#tell(why, { source: asked.source, remoteAddress, remotePort, unread }, problemLog);
      },
    });
    this.#makePlace(client);
    reader.begin();
    channel.add(reader);
    return true;
  }

  metrics(): readonly Metric[] {
    const channels = [...this.#channels.values()];
    const written = channels.reduce((sum, channel) => sum + channel.written, 0);
    const waiting = channels.reduce((sum, channel) => sum + channel.waiting, 0);
    const cut = (why: 'slow' | 'gaveWay'): Metric => ({
      name: 'readers_cut_total',
      type: 'counter',
      help: 'Readers that were cut, because they were too slow or their client had most readers.',
      labels: { why },
      value: this.#cuts[why],
    });
    return [
      { name: 'readers', type: 'gauge', help: 'Requests that consume.', value: this.#readers().length },
      {
        name: 'waiting_messages',
        type: 'gauge',
        help: 'Messages from the server that wait for readers.',
        value: waiting,
      },
      {
        name: 'written_total',
        type: 'counter',
        help: 'Messages written to readers, for each of them.',
        value: written,
      },
      {
        name: 'missed_total',
        type: 'counter',
        help: 'Of these, the messages that a reader had not taken when it left or was cut.',
        value: this.#unread,
      },
      cut('slow'),
      cut('gaveWay'),
    ];
  }

  #readers(): Reader[] {
    return [...this.#channels.values()].flatMap(({ readers }) => [...readers]);
  }

  /** Throws LANDING; throws FULL if there are too many readers, and no client has more of them than this one. */
  #checkPlace(client: string): void {
    if (this.#isLanding) throw new Refused('LANDING', 'nothing is consumed any more');
    if (this.#readers().length < this.#limits.maxReaders || this.#oldestOfMost(client)) return;
    throw new Refused('FULL', `there are already ${this.#limits.maxReaders} readers ("maxReaders")`);
  }

  #makePlace(client: string): void {
    // guard: readers are bounded
    if (this.#readers().length >= this.#limits.maxReaders) this.#oldestOfMost(client)?.cut('gaveWay');
  }

  /** The oldest reader of the client that has most, if it would have more than this one even without it. */
  #oldestOfMost(client: string): Reader | undefined {
    const counts = new Map<string, number>();
    const readers = this.#readers();
    for (const reader of readers) counts.set(reader.client, (counts.get(reader.client) ?? 0) + 1);
    const [most, count] = [...counts].toSorted(([, a], [, b]) => b - a)[0] ?? ['', 0];
    // guard: nobody keeps others out by reading much
    if (count <= (counts.get(client) ?? 0) + 1) return undefined;
    return readers.find((reader) => reader.client === most);
  }

  #tell(
    why: End,
    about: { source: string; remoteAddress: string | undefined; remotePort: number | undefined; unread: number },
    problemLog: ProblemLog,
  ): void {
    if (why !== 'slow' && why !== 'gaveWay') return;
    this.#cuts[why]++;
    const { readerTimeoutMs, maxReaders } = this.#limits;
    const text =
      why === 'slow'
        ? `a reader was cut: it took nothing for ${readerTimeoutMs} ms while a message waited for it`
        : `a reader was cut: there are ${maxReaders} ("maxReaders"), and its client has most of them`;
    problemLog.note('readerCut', text, about);
  }
}
