import type { Socket } from 'node:net';
import type { Client } from 'aedes';

/** What aedes does not declare of a client and we rely on; its version is pinned, and tests show it. */
export interface ClientInternals {
  readonly subscriptions: Readonly<Record<string, { readonly qos: number } | undefined>>;
  /** Handles a message for a subscription of QoS 1 or 2; asks `authorizeForward`, unless it is a duplicate, before it returns. */
  deliverQoS: (packet: unknown, done: () => void) => void;
}

/** A client of the broker, from its first byte to the end of its socket. */
export interface Subscriber {
  readonly client: Client & ClientInternals;
  readonly socket: Socket;
  /** Messages sent with QoS 1 or 2 and not yet acknowledged, with a clean session. */
  unacknowledged: number;
  /** Bytes that the system had taken when it last took any, and when that was. */
  taken: { readonly bytes: number; readonly at: number };
}

/** The clients of the broker. */
export type Subscribers = ReadonlyMap<Client, Subscriber>;
