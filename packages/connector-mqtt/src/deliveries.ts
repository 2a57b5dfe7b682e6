import type { EventEmitter } from 'node:events';
import type { Logger } from '@sputnikjs/core';
import type { Aedes, Client } from 'aedes';
import { Sessions } from './sessions.js';
import type { Subscriber, Subscribers } from './subscribers.js';

/** What the messages kept for persistent sessions may take, see {@link Sessions}. */
const MAX_KEPT_BYTES = 64 * 1024 * 1024;

/** What aedes does not declare and we rely on; its version is pinned, and tests show it. */
interface BrokerInternals {
  readonly persistence: object;
  readonly clients: Readonly<Record<string, Client | undefined>>;
}

/** Keeps count of what subscribers have not taken yet. */
export class Deliveries {
  readonly #subscribers: Subscribers;
  readonly #sessions: Sessions;
  /** What was not delivered to clients that are gone. */
  readonly #lost: string[] = [];
  /** Inside `deliverQoS`, for whom. */
  #delivering: Subscriber | undefined;

  constructor(broker: Aedes, subscribers: Subscribers, log: Logger | undefined) {
    this.#subscribers = subscribers;
    const { persistence, clients } = broker as Aedes & BrokerInternals;
    this.#sessions = new Sessions(
      MAX_KEPT_BYTES,
      (id) => clients[id] !== undefined,
      (id) =>
        log?.warn({ event: 'dropping', client: id }, 'too many messages are kept for this client; others are dropped'),
    );
    this.#sessions.serve(persistence);
    broker.on('ack', (_packet, client) => {
      const subscriber = this.#subscribers.get(client);
      if (subscriber !== undefined && subscriber.unacknowledged > 0) subscriber.unacknowledged--;
    });
    // not declared either; it would end the process
    const emitter: EventEmitter = broker;
    emitter.on('error', (error: Error) => this.#lost.push(`the broker failed: ${error.message}`));
  }

  /** Counts what is sent to a client that has connected. */
  add(subscriber: Subscriber): void {
    const { client } = subscriber;
    const deliver = client.deliverQoS;
    client.deliverQoS = (packet, done) => {
      this.#delivering = subscriber;
      deliver(packet, done);
      this.#delivering = undefined;
    };
  }

  /** A message is about to be sent to a client. Persistent sessions are counted where they are kept. */
  sending(client: Client, { topic, qos }: { readonly topic: string; readonly qos: number }): void {
    const subscriber = this.#delivering;
    if (subscriber === undefined || !client.clean) return;
    const granted = subscriber.client.subscriptions[topic]?.qos ?? qos;
    if (Math.min(granted, qos) > 0) subscriber.unacknowledged++;
  }

  /** A client is sent away: what it has not acknowledged is lost. */
  dismiss(client: Client): void {
    const subscriber = this.#subscribers.get(client);
    if (subscriber === undefined || subscriber.unacknowledged === 0) return;
    this.#lost.push(`${subscriber.unacknowledged} that client "${client.id}" has not acknowledged`);
    subscriber.unacknowledged = 0;
  }

  /** True when the clients that are connected have taken all that is theirs. */
  isDone(): boolean {
    for (const [{ id }, { socket, unacknowledged }] of this.#subscribers)
      if (unacknowledged > 0 || this.#sessions.kept(id) > 0 || socket.writableLength > 0) return false;
    return true;
  }

  /** What is lost if the broker ends now, as text; empty if nothing is. */
  left(): readonly string[] {
    for (const client of this.#subscribers.keys()) this.dismiss(client);
    for (const id of this.#sessions.clients()) this.#lost.push(`${this.#sessions.kept(id)} kept for client "${id}"`);
    for (const [id, count] of this.#sessions.dropped)
      this.#lost.push(`${count} for client "${id}", dropped earlier since too many were kept`);
    return this.#lost;
  }
}
