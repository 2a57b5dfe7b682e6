import { SputnikError, type ConfFactory, type ConnectAttempt, type ServerConnector } from '@sputnikjs/core';
import type {
  ConsumedMessage,
  MessageConsumer,
  MessageHandler,
  MessageProducer,
  MessagingConnection,
  ProduceMessage,
  ProduceResult,
  Subscription,
} from '@sputnikjs/messaging';

/** What is under way on one connection. */
interface Pending {
  readonly message: ProduceMessage;
  readonly settle: (error?: unknown, result?: ProduceResult) => void;
}

/**
 * A message server inside the process, with its connector: takes messages at QoS "at least once", can be dropped and
 * restored, can hold its acknowledgements back, and delivers what was not acknowledged again.
 */
export class InProcessServer implements ServerConnector<MessagingConnection> {
  /** Targets that there is no room for. */
  readonly full: Set<string> = new Set();
  /** What was refused for want of room. */
  readonly refused: string[] = [];
  /** So many subscriptions in a row find no queue. */
  missing = 0;
  /** Targets and payloads of all messages that arrived, in their order. */
  readonly arrived: string[] = [];
  readonly acknowledged: string[] = [];
  disconnects = 0;
  stops = 0;
  /** Acknowledgements wait for {@link acknowledge}. */
  holding = false;
  /** Produce calls under way when the connection ends are told so. */
  tellsLoss = true;
  #up = true;
  #connections = 0;
  #lost: ((reason?: unknown) => void) | undefined;
  #pending = new Set<Pending>();
  #orphans: Pending[] = [];
  readonly #queue: ConsumedMessage[] = [];
  #subscriber: { readonly connection: number; readonly handler: MessageHandler; readonly limit: number } | undefined;
  #underWay = 0;
  readonly #watchers = new Set<() => void>();

  connect(_config: ConfFactory, attempt: ConnectAttempt): MessagingConnection {
    if (!this.#up) throw new Error('the server is down');
    this.#lost = attempt.lost;
    const id = ++this.#connections;
    return { producer: this.#producer(id), consumer: this.#consumer(id) };
  }

  isConnected(): boolean {
    return this.#up;
  }

  disconnect(): void {
    this.disconnects++;
    this.#subscriber = undefined;
  }

  /** The server goes away. */
  drop(): void {
    this.#up = false;
    this.#subscriber = undefined;
    this.#orphans = [...this.#pending];
    this.#pending.clear();
    if (this.tellsLoss) this.tellLoss();
    this.#lost?.('dropped');
  }

  /** Rejects what was under way when the server went away. */
  tellLoss(): void {
    for (const { settle } of this.#orphans.splice(0)) settle(new SputnikError('CONNECTION_LOST'));
  }

  restore(): void {
    this.#up = true;
  }

  acknowledge(error?: unknown, result?: ProduceResult): void {
    for (const { settle } of this.#pending) settle(error, result);
    this.#pending.clear();
  }

  /** Puts messages into the queue that consumers get. */
  deliver(...payloads: readonly string[]): void {
    for (const text of payloads) this.#queue.push({ source: 'queue', payload: Buffer.from(text), redelivered: false });
    this.#dispatch();
  }

  /** Resolves when the condition holds; looked at whenever something happens here. */
  async until(condition: () => boolean): Promise<void> {
    if (condition()) return;
    await new Promise<void>((resolve) => {
      const look = (): void => {
        if (!condition()) return;
        this.#watchers.delete(look);
        resolve();
      };
      this.#watchers.add(look);
    });
  }

  get subscribed(): boolean {
    return this.#subscriber !== undefined;
  }

  #changed(): void {
    for (const look of this.#watchers) look();
  }

  #producer(id: number): MessageProducer {
    return {
      produce: async (message) => {
        if (!this.#up || id !== this.#connections) throw new SputnikError('CONNECTION_LOST');
        if (message.target === 'forbidden') throw new Error('not allowed to publish');
        if (this.full.has(message.target)) {
          this.refused.push(`${message.target}:${String(message.payload)}`);
          throw new SputnikError('SERVER_FULL', 'no room');
        }
        if (message.target === 'fatal') {
          this.drop();
          this.restore();
          throw new SputnikError('CONNECTION_LOST');
        }
        this.arrived.push(`${message.target}:${String(message.payload)}`);
        const acknowledged = new Promise<ProduceResult | void>((resolve, reject) => {
          const settle: Pending['settle'] = (error, result) => (error === undefined ? resolve(result) : reject(error));
          this.#pending.add({ message, settle });
        });
        if (!this.holding) this.acknowledge();
        this.#changed();
        const result = await acknowledged;
        this.acknowledged.push(String(message.payload));
        this.#changed();
        return result;
      },
    };
  }

  #consumer(connection: number): MessageConsumer {
    return {
      consume: async (source, handler, { maxUnacknowledged = 256 } = {}): Promise<Subscription> => {
        if (source === 'forbidden') throw new SputnikError('BAD_CONFIG', 'not allowed to subscribe');
        if (this.missing > 0 && this.missing--) throw new Error('there is no such queue');
        if (!this.#up) throw new SputnikError('CONNECTION_LOST');
        this.#subscriber = { connection, handler, limit: maxUnacknowledged };
        this.#dispatch();
        this.#changed();
        return {
          stop: async () => {
            this.stops++;
            this.#subscriber = undefined;
            this.#changed();
            await this.until(() => this.#underWay === 0);
          },
        };
      },
    };
  }

  #dispatch(): void {
    const subscriber = this.#subscriber;
    if (subscriber === undefined) return;
    while (this.#underWay < subscriber.limit) {
      const message = this.#queue.shift();
      if (message === undefined) return;
      this.#underWay++;
      void this.#handle(subscriber.handler, message);
    }
  }

  async #handle(handler: MessageHandler, message: ConsumedMessage): Promise<void> {
    try {
      await handler(message);
      this.acknowledged.push(Buffer.from(message.payload).toString());
    } catch {
      this.#queue.push({ ...message, redelivered: true });
    }
    this.#underWay--;
    this.#changed();
    this.#dispatch();
  }
}
