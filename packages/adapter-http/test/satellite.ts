import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import type { TestContext } from 'node:test';
import {
  defineBlock,
  Sputnik,
  SputnikError,
  type ConnectAttempt,
  type Flight,
  type Logger,
  type MailboxOptions,
  type ServerConnector,
} from '@sputnikjs/core';
import { PRODUCER, type ProduceMessage } from '@sputnikjs/messaging';
import { httpgateway } from '@sputnikjs/adapter-http';

/** A server that is there or not, as the test says. */
export class TestServer implements ServerConnector<string> {
  #isUp: boolean;
  #lost: (reason?: unknown) => void = () => undefined;

  constructor(isUp: boolean) {
    this.#isUp = isUp;
  }

  connect(_: unknown, attempt: ConnectAttempt): string {
    if (!this.#isUp) throw new Error('the server is down');
    this.#lost = attempt.lost;
    return 'connection';
  }

  isConnected(): boolean {
    return this.#isUp;
  }

  disconnect(): void {}

  drop(): void {
    this.#isUp = false;
    this.#lost('dropped');
  }

  restore(): void {
    this.#isUp = true;
  }
}

/** A message that the producer holds until the test has decided. */
export interface Held {
  readonly message: ProduceMessage;
  readonly take: () => void;
  readonly refuse: (why: unknown) => void;
}

/** What was logged. */
export interface Logged {
  readonly event?: string;
  readonly url?: string;
  readonly text?: string | undefined;
}

/** A satellite of the gateway, a producer that the test answers for, and a server. */
export interface Satellite {
  readonly flight: Flight;
  readonly server: TestServer;
  readonly url: string;
  readonly port: number;
  /** What the gateway logged. */
  readonly logged: Logged[];
  /** The next message that the producer gets. */
  readonly next: () => Promise<Held>;
  /** From now on the producer takes every message at once. */
  readonly takeAll: () => void;
  /** Resolves when the producer has seen what is given happen. */
  readonly seen: (what: 'onServerConnect' | 'onServerDisconnect') => Promise<unknown>;
}

export interface SatelliteOptions {
  readonly config?: object;
  readonly mailbox?: MailboxOptions;
  readonly isServerUp?: boolean;
}

/** Prepares a satellite on a free port; it lands when the test is over. */
export async function prepare(t: TestContext, options: SatelliteOptions = {}): Promise<Satellite> {
  const { config = {}, mailbox = { concurrency: 100 }, isServerUp = true } = options;
  const news = new EventEmitter();
  const logged: Logged[] = [];
  const held: Held[] = [];
  let takesAll = false;

  const producer = defineBlock({
    name: 'producer',
    address: PRODUCER,
    make: () => {
      let isAway = true;
      const underWay = new Set<(why: unknown) => void>();
      return {
        mailbox,
        onMsg: (message) =>
          new Promise((resolve, reject) => {
            if (isAway && message.whenAway === 'reject') return reject(new SputnikError('SERVER_AWAY'));
            if (takesAll) return resolve();
            underWay.add(reject);
            held.push({ message, take: resolve, refuse: reject });
            news.emit('held');
          }),
        onServerConnect() {
          isAway = false;
          news.emit('onServerConnect');
        },
        onServerDisconnect() {
          isAway = true;
          for (const lose of underWay) lose(new SputnikError('CONNECTION_LOST'));
          news.emit('onServerDisconnect');
        },
        onError: () => 'continue',
      };
    },
  });
  const note = (fields: object, text?: string): void => void logged.push({ ...fields, text });
  const log: Logger = { debug: note, info: note, warn: note, error: note };
  const server = new TestServer(isServerUp);
  const flight = await new Sputnik<string>({
    config: (name) => (name === 'httpgateway' ? { port: 0, ...config } : undefined),
    appBlocks: [{ name: 'producer' }, { name: 'httpgateway' }],
    blockFactories: { producer, httpgateway },
    connector: server,
    log,
  }).prepare();
  t.after(() => flight.shootDown());
  const { url } = logged.find(({ event }) => event === 'listening') ?? assert.fail('it does not say where it listens');
  assert.ok(url);
  return {
    flight,
    server,
    url,
    logged,
    port: Number(new URL(url).port),
    next: async () => {
      if (held.length === 0) await once(news, 'held');
      return held.shift() ?? assert.fail();
    },
    takeAll: () => void (takesAll = true),
    seen: (what) => once(news, what),
  };
}

/** Prepares and launches a satellite; resolves when the producer knows whether the server is there. */
export async function fly(t: TestContext, options: SatelliteOptions = {}): Promise<Satellite> {
  const satellite = await prepare(t, options);
  const connected = options.isServerUp === false ? undefined : satellite.seen('onServerConnect');
  void satellite.flight.launch();
  await connected;
  return satellite;
}
