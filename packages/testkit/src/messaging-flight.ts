import {
  defineBlock,
  Sputnik,
  type BlockCommunicator,
  type BlockDefinition,
  type BlockFactories,
  type Flight,
  type LandingReport,
  type ServerConnector,
  type SputnikEvent,
} from '@sputnikjs/core';
import {
  consumerBlock,
  PRODUCER,
  producerBlock,
  RECEIVER,
  type MessagingConnection,
  type ProduceMessage,
  type ProduceResult,
} from '@sputnikjs/messaging';
import { textOf } from './messages.js';
import type { TrialConnection } from './messaging-trial.js';

/** What a flight copies, from where to where. */
export interface Copying {
  readonly source: string;
  readonly target: string;
  readonly maxUnacknowledged: number;
  /** Called when the server has a copy; the message itself is acknowledged when this resolves. */
  readonly copied: (payload: string) => Promise<void>;
}

/** Heartbeats come, and are given up, after this time, in milliseconds. */
const HEARTBEAT_MS = 500;
const CONNECT_MS = 1_000;
/** A server may take long to come back; nothing here is to fail by a time-out of its own. */
const ASK_MS = 240_000;

function copierBlock({ target, maxUnacknowledged, copied }: Copying): BlockDefinition {
  return defineBlock({
    name: 'copier',
    address: RECEIVER,
    needs: { producer: PRODUCER },
    make: (_config, { producer }) => ({
      mailbox: { concurrency: maxUnacknowledged },
      async onMsg(message) {
        await producer.ask({ target, payload: message.payload }, { timeoutMs: ASK_MS });
        await copied(textOf(message));
      },
    }),
  });
}

/** The events of a flight, to wait for. */
class Events {
  readonly #events: SputnikEvent[] = [];
  #watchers: (() => void)[] = [];

  readonly add = (event: SputnikEvent): void => {
    this.#events.push(event);
    for (const wake of this.#watchers.splice(0)) wake();
  };

  of<T extends SputnikEvent['type']>(type: T): readonly Extract<SputnikEvent, { readonly type: T }>[] {
    return this.#events.filter((event): event is Extract<SputnikEvent, { readonly type: T }> => event.type === type);
  }

  async reach(type: SputnikEvent['type'], times: number): Promise<void> {
    while (this.of(type).length < times) await new Promise<void>((resolve) => this.#watchers.push(resolve));
  }
}

/** A real satellite in real time: the ready block `producer` on the connector on trial, and, if it copies, the block `consumer`. */
export class MessagingFlight {
  readonly #flight: Flight;
  readonly #events: Events;
  readonly #producer: BlockCommunicator<ProduceMessage, ProduceResult | void>;

  /** Prepares it and launches it; there may be no server yet. */
  static async launch(connector: ServerConnector<TrialConnection>, copying?: Copying): Promise<MessagingFlight> {
    const events = new Events();
    let self: BlockCommunicator | undefined;
    const blockFactories: BlockFactories<MessagingConnection> = {
      producer: producerBlock,
      consumer: consumerBlock,
      ...(copying && { copier: copierBlock(copying) }),
      test: () => ({ init() {}, run: (own) => void (self = own), finish() {} }),
    };
    const configs: Record<string, object | undefined> = {
      consumer: copying && { source: copying.source, maxUnacknowledged: copying.maxUnacknowledged },
    };
    const copiers = copying ? [{ name: 'copier' }, { name: 'consumer' }] : [];
    const flight = await new Sputnik<MessagingConnection>({
      appBlocks: [{ name: 'producer' }, ...copiers, { name: 'test' }],
      blockFactories,
      config: (name) => configs[name],
      connector: connector as ServerConnector<MessagingConnection>,
      // signals are the test runner's
      finisher: () => ({ init() {}, run() {}, finish() {} }),
      timeouts: { connectMs: CONNECT_MS, heartbeatMs: HEARTBEAT_MS },
      onEvent: events.add,
    }).prepare();
    // the report has it
    flight.launch().catch(() => {});
    const producer = self?.communicator(PRODUCER);
    if (producer === undefined) throw new Error('the flight was not launched');
    return new MessagingFlight(flight, events, producer);
  }

  private constructor(
    flight: Flight,
    events: Events,
    producer: BlockCommunicator<ProduceMessage, ProduceResult | void>,
  ) {
    this.#flight = flight;
    this.#events = events;
    this.#producer = producer;
  }

  /** Settles as `ask` of the block `producer` does: resolves when the server has taken responsibility. */
  produce(target: string, payload: string): Promise<ProduceResult | void> {
    return this.#producer.ask({ target, payload }, { timeoutMs: ASK_MS });
  }

  /** Resolves when there were so many events of this type. */
  event(type: SputnikEvent['type'], times: number): Promise<void> {
    return this.#events.reach(type, times);
  }

  /** What the attempts to connect failed with. */
  get failures(): readonly unknown[] {
    return this.#events.of('connectFailed').map(({ error }) => error);
  }

  /** How often the connection was lost. */
  get losses(): number {
    return this.#events.of('disconnected').length;
  }

  land(): Promise<LandingReport> {
    return this.#flight.shootDown('the test lands it');
  }
}
