import type { TestContext } from 'node:test';
import type { FoundPeer, Membership, Packet, Peer, PeerListener } from '@sputnikjs/messaging';
import { Collector, type StandaloneConnector } from '@sputnikjs/testkit';
import type { NatsMessaging } from '@sputnikjs/connector-nats';
import { open } from './helpers.js';

/** How long one question waits for its answers. */
const WITHIN_MS = 100;

/** A process that has joined, and what has come for it. */
export interface Member extends StandaloneConnector<NatsMessaging> {
  readonly self: Peer;
  readonly membership: Membership;
  readonly packets: Collector<Packet>;
  readonly unreachable: Collector<string>;
}

let ids = 0;

/** What a listener hears. */
export function heard(): Pick<Member, 'packets' | 'unreachable'> & { readonly listener: PeerListener } {
  const [packets, unreachable] = [new Collector<Packet>(), new Collector<string>()];
  const listener: PeerListener = {
    packet: (packet) => packets.add(packet),
    unreachable: (session) => unreachable.add(session),
  };
  return { packets, unreachable, listener };
}

/** What processes say of how they write. */
export const WRITES = { format: '1.15', version: '0.2.0' } as const;

/** Joins with a connection of its own. */
export async function member(
  t: TestContext,
  url: string,
  satellite = '',
  raw: object = {},
  whole = 'demo',
): Promise<Member> {
  const opened = await open(t, { url, jetstream: false, ...raw });
  const self = { whole, satellite, id: `p${++ids}`, ...WRITES };
  const { listener, ...ears } = heard();
  return { ...opened, ...ears, self, membership: await opened.connection.peers.join(self, listener) };
}

/** Asks until those have answered that are there; all who have answered then. */
export async function foundBy(
  { membership }: Pick<Member, 'membership'>,
  satellites: readonly string[],
  there: readonly Member[],
): Promise<readonly FoundPeer[]> {
  for (;;) {
    const found = await membership.find(satellites, WITHIN_MS);
    const addresses = new Set(found.map(({ address }) => address));
    if (there.every((one) => addresses.has(one.membership.address))) return sorted(found);
  }
}

/** These, as they are found. */
export function found(...members: readonly Member[]): readonly FoundPeer[] {
  return sorted(members.map(({ self, membership: { address } }) => ({ ...self, address })));
}

function sorted(peers: readonly FoundPeer[]): readonly FoundPeer[] {
  return peers.toSorted((one, other) => (one.address < other.address ? -1 : 1));
}

/** What is sent where it does not matter what. */
export const BYTE: Uint8Array = Buffer.from('x');
