import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { SputnikError } from '@sputnikjs/core';
import {
  PRODUCER,
  type ConsumedMessage,
  type MessageHandler,
  type MessageReplayer,
  type MessagingConnection,
} from '@sputnikjs/messaging';
import { echoBlock, testFlight, type TestFlight } from '@sputnikjs/testkit';
import { httpgateway } from '@sputnikjs/adapter-http';

/** What became of a message that was delivered. */
export type Fate = 'under way' | 'acknowledged' | 'given back';

/** A server whose messages the test delivers. It tells who is subscribed, and what became of each message. */
export class Source {
  /** Calls of `consume` and `stop`, in order. */
  readonly calls: string[] = [];
  readonly fates: Fate[] = [];
  /** If set, subscriptions are refused with this. */
  refusal: Error | undefined;
  /** If set, what is delivered is kept, too, with the sequences 1, 2, 3, …: the server has a replayer. */
  kept: Kept | undefined;
  #handler: MessageHandler | undefined;
  #underWay: Promise<unknown>[] = [];

  readonly connection = (): MessagingConnection => ({
    ...(this.kept && { replayer: this.kept.replayer() }),
    producer: { produce: async () => {} },
    consumer: {
      consume: async (source, handler) => {
        this.calls.push(`consume ${source}`);
        if (this.refusal) throw this.refusal;
        this.#handler = handler;
        return {
          stop: async () => {
            this.calls.push(`stop ${source}`);
            await Promise.all(this.#underWay);
          },
        };
      },
    },
  });

  /** Hands over messages; returns their places among all fates. */
  deliver(...messages: (string | Uint8Array | Partial<ConsumedMessage>)[]): void {
    const handler = this.#handler;
    if (!handler && !this.kept) throw new Error('nobody is subscribed');
    for (const given of messages) {
      const more = typeof given === 'string' || given instanceof Uint8Array ? { payload: Buffer.from(given) } : given;
      const index = this.fates.push('under way') - 1;
      const plain = { source: 'news', payload: Buffer.alloc(0), redelivered: false, ...more };
      const message = this.kept?.add(plain) ?? plain;
      if (!handler) continue;
      const settled = handler(message).then(
        () => (this.fates[index] = 'acknowledged'),
        () => (this.fates[index] = 'given back'),
      );
      this.#underWay.push(settled);
    }
  }
}

/** What a server keeps, and who reads it again. */
export class Kept {
  /** False if it is a source of which the server keeps nothing. */
  isKept = true;
  /** Messages up to this one are removed. */
  first = 0;
  /** If set, replays are refused with this. */
  refusal: Error | undefined;
  /** If set, replays that are asked for wait for it. */
  held: Promise<void> | undefined;
  readonly #messages: ConsumedMessage[] = [];
  readonly #open = new Set<symbol>();
  /** Ends the replays of a connection that is lost. */
  #lost = new AbortController();
  #wake: (() => void)[] = [];

  /** Replays that have begun and not ended. */
  get open(): number {
    return this.#open.size;
  }

  add(message: ConsumedMessage): ConsumedMessage {
    const numbered = { sequence: `${this.#messages.length + 1}`, ...message };
    this.#messages.push(numbered);
    this.tell();
    return numbered;
  }

  /** The connection is lost. */
  lose(): void {
    this.#lost.abort();
    this.tell();
  }

  /** Has those who wait look again. */
  tell(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }

  replayer(): MessageReplayer {
    const { signal: lost } = (this.#lost = new AbortController());
    return {
      keeps: async () => this.isKept,
      replay: async (source, after, signal) => {
        await this.held;
        if (lost.aborted) throw new SputnikError('CONNECTION_LOST');
        if (this.refusal) throw this.refusal;
        const place = Number(after);
        if (!(place >= this.first)) throw new SputnikError('CANNOT_RESUME', `"${source}" has no message ${after}`);
        const replay = Symbol('replay');
        this.#open.add(replay);
        const end = (): void => void this.#open.delete(replay);
        signal.addEventListener('abort', () => {
          end();
          this.tell();
        });
        return this.#messagesBehind(place, signal, lost, end);
      },
    };
  }

  async *#messagesBehind(
    place: number,
    signal: AbortSignal,
    lost: AbortSignal,
    end: () => void,
  ): AsyncGenerator<ConsumedMessage> {
    try {
      for (let at = place; !signal.aborted;) {
        if (lost.aborted) throw new SputnikError('CONNECTION_LOST');
        if (this.refusal) throw this.refusal;
        if (at < this.first) throw new SputnikError('CANNOT_RESUME');
        const message = this.#messages[at];
        if (message === undefined) await new Promise<void>((resolve) => this.#wake.push(resolve));
        else {
          at++;
          yield message;
        }
      }
    } finally {
      end();
    }
  }
}

/** A gateway that serves the source `news`, on a clock that the test moves. */
export interface Serving {
  readonly flight: TestFlight;
  readonly source: Source;
  readonly url: string;
  readonly port: number;
  readonly metric: (name: string, labels?: Readonly<Record<string, string>>) => number;
  /** Resolves when a metric has that value. */
  readonly until: (name: string, value: number) => Promise<void>;
}

export async function serve(
  config: object = {},
  gateway: object = {},
  produce: () => Promise<void> = async () => {},
  source: Source = new Source(),
): Promise<Serving> {
  const own = { port: 0, consume: { sources: ['news', 'a/b #'], ...config }, ...gateway };
  const flight = await testFlight({
    blocks: { [PRODUCER]: echoBlock(produce), httpgateway },
    config: { httpgateway: own },
    connection: source.connection,
    timeouts: { landingMs: 60_000 },
  });
  const url = String(flight.recorder.logs.find(({ event }) => event === 'listening')?.['url']);
  const metric: Serving['metric'] = (name, labels = {}) =>
    flight
      .metrics()
      .flatMap(({ metrics }) => metrics)
      .filter((one) => one.name === name)
      .filter((one) => Object.entries(labels).every(([label, value]) => one.labels?.[label] === value))
      .reduce((sum, { value }) => sum + value, 0);
  return {
    flight,
    source,
    url,
    port: Number(new URL(url).port),
    metric,
    async until(name, value) {
      while (metric(name) !== value) await turn();
    },
  };
}

/** A reader over a bare connection, that shares no code with the gateway. */
export class RawReader {
  readonly socket: Socket;
  /** What has come. */
  text = '';
  /** Resolves when the connection is closed. */
  readonly closed: Promise<unknown>;

  constructor(t: TestContext, port: number, path = '/consume/news', ...headers: readonly string[]) {
    this.socket = connect({ port, host: '127.0.0.1' });
    this.socket.on('error', () => {});
    this.socket.on('data', (bytes) => (this.text += bytes.toString()));
    this.closed = once(this.socket, 'close');
    this.socket.write([`GET ${path} HTTP/1.1`, 'host: a', ...headers, '', ''].join('\r\n'));
    t.after(() => this.socket.destroy());
  }

  /** Resolves when this has come. */
  async came(text: string): Promise<void> {
    while (!this.text.includes(text)) {
      if (this.socket.closed) throw new Error(`closed before ${text}: ${this.text}`);
      await turn();
    }
  }

  /** The ids of the events that have come. */
  get ids(): readonly string[] {
    return [...this.text.matchAll(/^id: (.*)$/gm)].map(([, id = '']) => id);
  }

  get payloads(): readonly string[] {
    return [...this.text.matchAll(/"payload":"([^"]*)"/g)].map(([, payload = '']) => payload);
  }
}

export { SputnikError, turn };
