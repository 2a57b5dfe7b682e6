import type { Msg, Subscription } from '@nats-io/transport-node';
import { systemClock } from '@sputnikjs/core';
import type { Peer, PeerListener } from '@sputnikjs/messaging';
import type { NatsLink } from '../link/link.js';
import { addressOf, sessionSubject } from './subjects.js';

/** What the server answers where nobody subscribes. */
const NO_RESPONDERS = 503;
/** Larger ones would hold others up for long. */
const MOST_BYTES = 256 * 1024;

/** What has come for a process so far, as the discovery of services tells it. */
export interface Traffic {
  packets: number;
  /** Messages that are no packets: what else somebody has published there. */
  others: number;
  /** What the last one of these was; empty if there was none. */
  lastOther: string;
  /** What the listener took for all packets. */
  handlingMs: number;
}

/**
 * The packets of a process. Each goes to the subject of its receiver and the session, with that of its sender and the session as the place
 * for a reply: so it says whom it is from, and there the server says that nobody subscribes.
 */
export class Packets {
  /** Where the process takes packets. */
  readonly address: string;
  readonly mostBytes: number;
  readonly traffic: Traffic = { packets: 0, others: 0, lastOther: '', handlingMs: 0 };
  readonly #link: NatsLink;
  readonly #listener: PeerListener;
  readonly #subject: RegExp;
  readonly #subscription: Subscription;

  constructor(link: NatsLink, self: Peer, listener: PeerListener) {
    this.address = addressOf(self);
    this.mostBytes = Math.min(link.nats.info?.max_payload ?? MOST_BYTES, MOST_BYTES);
    this.#link = link;
    this.#listener = listener;
    this.#subject = sessionSubject(self.whole);
    this.#subscription = link.nats.subscribe(this.subject, {
      callback: (error, message) => {
        // an error is a permission that is missing; the link tells that
        if (error === null) this.#received(message);
      },
    });
  }

  /** The subjects of all sessions of this process. */
  get subject(): string {
    return `${this.address}.*`;
  }

  send(to: string, session: string, bytes: Uint8Array): void {
    const publication = { headers: '', headersSize: 0, payload: bytes, payloadSize: bytes.length };
    this.#link.wire.outgoing.publish({ subject: `${to}.${session}`, ...publication }, `${this.address}.${session}`);
  }

  stop(): void {
    this.#subscription.unsubscribe();
  }

  #received({ subject, reply = '', data: bytes, headers }: Msg): void {
    const session = subject.slice(this.address.length + 1);
    if (bytes.length === 0) {
      if (headers?.code === NO_RESPONDERS) this.#listener.unreachable(session);
      return;
    }
    const [, from, theirs] = this.#subject.exec(reply) ?? [];
    // guard: what no process of the whole has sent is no packet
    if (from === undefined || theirs !== session) return this.#stranger(subject, reply);
    const begun = systemClock.now();
    this.traffic.packets++;
    this.#listener.packet({ session, bytes, from });
    this.traffic.handlingMs += systemClock.now() - begun;
  }

  #stranger(subject: string, reply: string): void {
    this.traffic.others++;
    const place = reply === '' ? 'without a reply subject' : `with the reply subject ${JSON.stringify(reply)}`;
    this.traffic.lastOther = `a message at ${JSON.stringify(subject)} is no packet: it came ${place}`;
  }
}
