import { Readable } from 'node:stream';

/** A message as aedes keeps it for a subscriber. What follows a QoS 2 message has neither topic nor payload, nor counter. */
export interface KeptPacket {
  readonly brokerCounter?: number | undefined;
  readonly topic?: string | undefined;
  readonly payload?: Uint8Array | string | undefined;
  messageId?: number | undefined;
}

interface Entry {
  packet: KeptPacket;
  readonly counter: number;
  readonly bytes: number;
  /** A later one with the same packet identifier: aedes gives identifiers out again after 65,535 messages. */
  next?: Entry | undefined;
}

interface Shelf {
  /** In the order they came. */
  readonly entries: Map<number, Entry>;
  readonly byId: Map<number, Entry>;
  bytes: number;
}

interface Identified {
  readonly id: string;
}

/** What a kept message takes beside its topic and payload, about. */
const OVERHEAD = 300;

/**
 * What the broker keeps for clients with a persistent session, connected or not: the part of aedes' persistence of that name.
 * Aedes' own knows no bounds, and searches all that is kept for each message. Here it takes `maxBytes` for each connected
 * client, which aedes then disconnects, and for all that are away together, whose further messages are dropped and counted.
 */
export class Sessions {
  readonly #maxBytes: number;
  readonly #isConnected: (clientId: string) => boolean;
  readonly #onDrop: (clientId: string) => void;
  readonly #shelves = new Map<string, Shelf>();
  readonly #dropped = new Map<string, number>();
  #bytes = 0;

  /** `onDrop` is told of the first message that is dropped for a client. */
  constructor(maxBytes: number, isConnected: (clientId: string) => boolean, onDrop: (clientId: string) => void) {
    this.#maxBytes = maxBytes;
    this.#isConnected = isConnected;
    this.#onDrop = onDrop;
  }

  /** How many messages are kept for a client. */
  kept(clientId: string): number {
    return this.#shelves.get(clientId)?.entries.size ?? 0;
  }

  /** The clients that messages are kept for. */
  clients(): readonly string[] {
    return [...this.#shelves.keys()];
  }

  /** How many messages were dropped, by client. */
  get dropped(): ReadonlyMap<string, number> {
    return this.#dropped;
  }

  /** Has a broker keep its messages here. */
  serve(persistence: object): void {
    Object.assign(persistence, {
      outgoingEnqueue: async ({ clientId }: { readonly clientId: string }, packet: KeptPacket) =>
        this.#put(clientId, packet),
      outgoingEnqueueCombi: async (takers: readonly { readonly clientId: string }[], packet: KeptPacket) => {
        for (const { clientId } of takers) this.#put(clientId, packet);
      },
      outgoingUpdate: async ({ id }: Identified, packet: KeptPacket) => this.#update(id, packet),
      outgoingClearMessageId: async ({ id }: Identified, packet: KeptPacket) => this.#take(id, packet.messageId ?? 0),
      outgoingStream: ({ id }: Identified) =>
        Readable.from([...(this.#shelves.get(id)?.entries.values() ?? [])].map(({ packet }) => packet)),
    });
  }

  #put(clientId: string, packet: KeptPacket): void {
    const { brokerCounter: counter = 0, topic = '', payload = '' } = packet;
    const shelf = this.#shelves.get(clientId) ?? { entries: new Map(), byId: new Map(), bytes: 0 };
    const bytes = OVERHEAD + topic.length + payload.length;
    const held = this.#isConnected(clientId) ? shelf.bytes : this.#bytes;
    if (held + bytes > this.#maxBytes) {
      const before = this.#dropped.get(clientId) ?? 0;
      this.#dropped.set(clientId, before + 1);
      if (before === 0) this.#onDrop(clientId);
      return;
    }
    this.#shelves.set(clientId, shelf);
    shelf.entries.set(counter, { packet: { ...packet, messageId: undefined }, counter, bytes });
    shelf.bytes += bytes;
    this.#bytes += bytes;
  }

  /** A message is about to be sent under an identifier, or the second half of a QoS 2 message instead of it. */
  #update(clientId: string, packet: KeptPacket): void {
    const { brokerCounter = -1, messageId = 0 } = packet;
    const shelf = this.#shelves.get(clientId);
    const entry = shelf?.entries.get(brokerCounter);
    if (shelf !== undefined && entry !== undefined) {
      if (entry.packet.messageId === messageId) return;
      entry.packet.messageId = messageId;
      const earlier = last(shelf.byId.get(messageId));
      if (earlier === undefined) shelf.byId.set(messageId, entry);
      else earlier.next = entry;
      return;
    }
    const first = shelf?.byId.get(messageId);
    if (first === undefined) throw new Error('too many messages of this client are unacknowledged');
    first.packet = packet;
  }

  /** A message is acknowledged, or not wanted any more. */
  #take(clientId: string, messageId: number): KeptPacket | undefined {
    const shelf = this.#shelves.get(clientId);
    const entry = shelf?.byId.get(messageId);
    if (shelf === undefined || entry === undefined) return undefined;
    if (entry.next === undefined) shelf.byId.delete(messageId);
    else shelf.byId.set(messageId, entry.next);
    // it may have been sent twice, when its client came back just then
    if (!shelf.entries.delete(entry.counter)) return undefined;
    shelf.bytes -= entry.bytes;
    this.#bytes -= entry.bytes;
    if (shelf.entries.size === 0) this.#shelves.delete(clientId);
    return entry.packet;
  }
}

function last(entry: Entry | undefined): Entry | undefined {
  let at = entry;
  while (at?.next !== undefined) at = at.next;
  return at;
}
