import { SputnikError } from '@sputnikjs/core';
import type { FoundPeer, Membership, Peer, PeerListener, PeerNetwork } from '@sputnikjs/messaging';
import type { NatsLink } from '../link/link.js';
import { Finder } from './finder.js';
import { Packets } from './packets.js';
import { Permissions } from './permissions.js';
import { Service } from './service.js';
import { addressOf, prefixOf } from './subjects.js';

/** Two addresses, each with a session, have to fit into the 4,096 bytes that servers take as a line; else they end the connection. */
const MAX_ADDRESS = 1900;

/** Joins processes: the discovery of services finds them, and each has a subject for its packets. */
export class NatsPeers implements PeerNetwork {
  readonly #link: NatsLink;

  constructor(link: NatsLink) {
    this.#link = link;
  }

  async join(self: Peer, listener: PeerListener): Promise<Membership> {
    checkAddress(addressOf(self));
    const { nats } = this.#link;
    // the library knows a little earlier
    if (this.#link.over !== undefined || nats.isClosed())
      throw await new Promise((resolve) => this.#link.onEnd(resolve));
    const joined = new Joined(this.#link, self, listener);
    await this.#link.during(joined.begin());
    return joined;
  }
}

class Joined implements Membership {
  readonly #link: NatsLink;
  readonly #packets: Packets;
  readonly #service: Service;
  readonly #finder: Finder;
  readonly #permissions: Permissions;

  constructor(link: NatsLink, self: Peer, listener: PeerListener) {
    this.#link = link;
    this.#packets = new Packets(link, self, listener);
    this.#finder = new Finder(link, self);
    this.#permissions = new Permissions(link, prefixOf(self.whole), this.#finder.inbox);
    this.#service = new Service(link, self, this.#packets);
  }

  get address(): string {
    return this.#packets.address;
  }

  get mostBytes(): number {
    return this.#packets.mostBytes;
  }

  /** Resolves when all subscriptions are there, and the user may publish where others are. If it rejects, nothing is left. */
  async begin(): Promise<void> {
    try {
      await this.#permissions.granted(() => {
        this.#finder.askSelf();
        this.#packets.send(this.address, '0', new Uint8Array());
      });
    } catch (error) {
      this.#permissions.stop();
      this.#packets.stop();
      this.#finder.stop();
      await this.#service.stop();
      throw error;
    }
  }

  send(to: string, session: string, bytes: Uint8Array): void {
    this.#packets.send(to, session, bytes);
  }

  find(satellites: readonly string[], withinMs: number): Promise<readonly FoundPeer[]> {
    return this.#finder.find(satellites, withinMs);
  }

  leave(): Promise<void> {
    return this.#link.over === undefined ? this.#service.stop() : Promise.resolve();
  }
}

function checkAddress(address: string): void {
  if (address.length <= MAX_ADDRESS) return;
  const text = `the names of the satellites are too long for a subject of NATS: ${address.length} bytes, ${MAX_ADDRESS} at most; shorten them`;
  throw new SputnikError('BAD_CONFIG', text);
}
