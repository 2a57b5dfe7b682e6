import type { ServerResponse } from 'node:http';
import type { BlockContext, Metric } from '@sputnikjs/core';
import { consumerOf, type MessagingConnection } from '@sputnikjs/messaging';
import type { ProblemLog } from '@sputnikjs/messaging/net';
import { MessageSpans } from '@sputnikjs/messaging/traces';
import { Refused } from '../answer/refusals.js';
import type { Consumption } from '../read/consumption.js';
import { Channel } from './channel.js';
import { Ends } from './ends.js';
import { checkPlace, makePlace } from './places.js';
import { Reader, type ReaderParts } from './reader.js';
import type { Begun } from './reading.js';
import { Resumed } from './resumed.js';

/** What may be consumed, and by how many. */
export interface ConsumeLimits extends Pick<ReaderParts, 'maxReaderBytes' | 'readerTimeoutMs'> {
  readonly sources: readonly string[];
  readonly maxReaders: number;
}

/** A source: those who share what comes, and those who read by themselves what the server keeps. */
interface Served {
  readonly channel: Channel;
  readonly resumed: Resumed;
}

/** All sources that are served, and their readers. */
export class Hub {
  readonly #limits: ConsumeLimits;
  readonly #context: Pick<BlockContext, 'log' | 'clock' | 'waitUntil'>;
  readonly #spans = new MessageSpans();
  readonly #served: ReadonlyMap<string, Served>;
  readonly #ends: Ends;
  /** Readers that are about to resume. */
  #beginning = 0;
  #isLanding = false;

  constructor(limits: ConsumeLimits, context: Pick<BlockContext, 'log' | 'clock' | 'waitUntil'>) {
    this.#limits = limits;
    this.#context = context;
    this.#ends = new Ends(limits);
    const serve = (source: string): Served => {
      const resumed = new Resumed(source, this.#spans, context);
      return { resumed, channel: new Channel(source, () => resumed.isKept(), this.#spans, context) };
    };
    this.#served = new Map(limits.sources.map((source) => [source, serve(source)]));
  }

  /** To be called at init. */
  open(): Promise<void> {
    return this.#spans.open(this.#context.log);
  }

  connected(connection: unknown): void {
    const consumer = consumerOf(connection);
    const { replayer } = connection as Partial<MessagingConnection>;
    this.#spans.connected(connection);
    for (const { channel, resumed } of this.#served.values()) {
      channel.connected(consumer);
      resumed.connected(replayer);
    }
  }

  disconnected(): void {
    for (const { channel, resumed } of this.#served.values()) {
      resumed.disconnected();
      for (const reader of channel.disconnected()) resumed.add(reader);
    }
  }

  /** Ends all answers, and gives back to the server what nobody got. */
  async land(): Promise<void> {
    this.#isLanding = true;
    for (const reader of this.#readers()) reader.finish('landing');
    await Promise.all([...this.#served.values()].flatMap(({ channel, resumed }) => [channel.end(), resumed.end()]));
  }

  /**
   * Answers with the messages of a source: from now on, or after one that the client has. Rejects with a refusal if there is none of that name, the
   * server is away or does not have all of them, or no place is left. Resolves with false if the client has gone meanwhile.
   */
  async read(asked: Consumption, client: string, response: ServerResponse, problemLog: ProblemLog): Promise<boolean> {
    const served = this.#served.get(asked.source);
    if (served === undefined) throw new Refused('NOT_FOUND', `the gateway does not serve the source "${asked.source}"`);
    this.#checkPlace(client);
    const { after } = asked;
    const begun = await this.#begin(served, after);
    let reader: Reader | undefined;
    try {
      // others may have come meanwhile
      this.#checkPlace(client);
      if (!response.destroyed) reader = this.#admit(served, asked, client, response, problemLog);
    } finally {
      // guard: a replay that nobody is going to read ends
      if (reader === undefined) begun?.over.abort();
    }
    if (reader === undefined) return false;
    if (after === undefined) served.channel.add(reader);
    else served.resumed.add(reader, begun);
    return true;
  }

  metrics(): readonly Metric[] {
    const all = [...this.#served.values()];
    const written = all.reduce((sum, { channel, resumed }) => sum + channel.written + resumed.written, 0);
    const waiting = all.reduce((sum, { channel }) => sum + channel.waiting, 0);
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
      ...this.#ends.metrics(),
    ];
  }

  #readers(): Reader[] {
    return [...this.#served.values()].flatMap(({ channel, resumed }) => [...channel.readers, ...resumed.readers]);
  }

  #checkPlace(client: string): void {
    if (this.#isLanding) throw new Refused('LANDING', 'nothing is consumed any more');
    checkPlace(this.#readers(), this.#limits.maxReaders, client);
  }

  /** Begins to consume; or, for who resumes, a replay of its own, unless the server is away. */
  async #begin({ channel, resumed }: Served, after: string | undefined): Promise<Begun | undefined> {
    if (after === undefined) {
      await channel.open();
      return undefined;
    }
    const { maxReaders } = this.#limits;
    // guard: those who are about to resume are bounded
    if (this.#beginning >= maxReaders)
      throw new Refused('FULL', `${maxReaders} others are about to resume ("maxReaders")`);
    this.#beginning++;
    try {
      return await resumed.begin(after);
    } finally {
      this.#beginning--;
    }
  }

  /** Begins an answer. */
  #admit(
    { channel, resumed }: Served,
    asked: Consumption,
    client: string,
    response: ServerResponse,
    problemLog: ProblemLog,
  ): Reader {
    const { remoteAddress, remotePort } = response.req.socket;
    const reader = new Reader(client, asked, response, {
      ...this.#limits,
      clock: this.#context.clock,
      changed: (changed) => {
        channel.pump();
        resumed.changed(changed);
      },
      ended: (ended, why, unread) => {
        channel.remove(ended);
        resumed.remove(ended);
        this.#ends.note(why, { source: asked.source, remoteAddress, remotePort, unread }, problemLog);
      },
    });
    makePlace(this.#readers(), this.#limits.maxReaders, client);
    reader.begin();
    return reader;
  }
}
