import type { Socket } from 'node:net';
import type { Aedes, Client } from 'aedes';
import { Sessions } from './sessions.js';

/** What the messages kept for persistent sessions may take, see {@link Sessions}. */
const MAX_KEPT_BYTES = 64 * 1024 * 1024;

/** What aedes does not declare and we rely on; its version is pinned, and tests show it. */
interface BrokerInternals {
  readonly persistence: object;
  readonly clients: Readonly<Record<string, Client | undefined>>;
}
interface ClientInternals {
  readonly subscriptions: Readonly<Record<string, { readonly qos: number } | undefined>>;
  /** Handles a message for a subscription of QoS 1 or 2; asks `authorizeForward`, unless it is a duplicate, before it returns. */
  deliverQoS: (packet: unknown, done: () => void) => void;
}

interface Subscriber {
  readonly socket: Socket;
  /** Messages sent with QoS 1 or 2 and not yet acknowledged, with a clean session. */
  unacknowledged: number;
}

/** Keeps count of what publishers have handed over to the broker and subscribers have not taken yet. */
export class Deliveries {
  readonly #subscribers = new Map<Client, Subscriber>();
  readonly #sessions: Sessions;
  /** What was not delivered to clients that are gone. */
  readonly #lost: string[] = [];
  /** Messages that publishers were told are ours, on their way to the sockets of subscribers. */
  #underWay = 0;
  /** Inside `deliverQoS`, for whom. */
  #delivering: Subscriber | undefined;

  constructor(broker: Aedes) {
    const { persistence, clients } = broker as Aedes & BrokerInternals;
    this.#sessions = new Sessions(MAX_KEPT_BYTES, (id) => clients[id] !== undefined);
    this.#sessions.serve(persistence);
    broker.on('ack', (_packet, client) => {
      const subscriber = this.#subscribers.get(client);
      if (subscriber !== undefined && subscriber.unacknowledged > 0) subscriber.unacknowledged--;
    });
  }

  /** A client has connected. */
  add(client: Client, socket: Socket): void {
    const subscriber: Subscriber = { socket, unacknowledged: 0 };
    this.#subscribers.set(client, subscriber);
    socket.once('close', () => this.#subscribers.delete(client));
    const internals = client as Client & ClientInternals;
    const deliver = internals.deliverQoS;
    internals.deliverQoS = (packet, done) => {
      this.#delivering = subscriber;
      deliver(packet, done);
      this.#delivering = undefined;
    };
  }

  /** Open sockets, of clients of any kind. */
  sockets(): readonly Socket[] {
    return [...this.#subscribers.values()].map(({ socket }) => socket);
  }

  /** A client has published a message. */
  began(): void {
    this.#underWay++;
  }

  /** It is in the sockets of all its subscribers. */
  ended(): void {
    this.#underWay--;
  }

  /** A message is about to be sent to a client. Persistent sessions are counted where they are kept. */
  sending(client: Client, { topic, qos }: { readonly topic: string; readonly qos: number }): void {
    const granted = (client as Client & ClientInternals).subscriptions[topic]?.qos ?? qos;
    if (this.#delivering !== undefined && client.clean && Math.min(granted, qos) > 0) this.#delivering.unacknowledged++;
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
    if (this.#underWay > 0) return false;
    for (const [{ id }, { socket, unacknowledged }] of this.#subscribers)
      if (unacknowledged > 0 || this.#sessions.kept(id) > 0 || socket.writableLength > 0) return false;
    return true;
  }

  /** What is lost if the broker ends now, as text; empty if nothing is. */
  left(): readonly string[] {
    if (this.#underWay > 0) this.#lost.push(`${this.#underWay} on their way to subscribers that do not take them`);
    for (const client of this.#subscribers.keys()) this.dismiss(client);
    for (const id of this.#sessions.clients()) this.#lost.push(`${this.#sessions.kept(id)} kept for client "${id}"`);
    for (const [id, count] of this.#sessions.dropped)
      this.#lost.push(`${count} for client "${id}", dropped earlier since too many were kept`);
    return this.#lost;
  }
}
