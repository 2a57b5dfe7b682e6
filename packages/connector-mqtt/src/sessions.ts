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

interface StoredMessages {
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
  readonly #stored = new Map<string, StoredMessages>();
  readonly #dropped = new Map<string, number>();
  #bytes = 0;

  /** `onDrop` is called with the first message that is dropped for a client. */
  constructor(maxBytes: number, isConnected: (clientId: string) => boolean, onDrop: (clientId: string) => void) {
    this.#maxBytes = maxBytes;
    this.#isConnected = isConnected;
    this.#onDrop = onDrop;
  }

  /** How many messages are kept for a client. */
  kept(clientId: string): number {
    return this.#stored.get(clientId)?.entries.size ?? 0;
  }

  /** The clients that messages are kept for. */
  clients(): readonly string[] {
    return [...this.#stored.keys()];
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
      outgoingClearMessageId: async ({ id }: Identified, packet: KeptPacket) => this.#remove(id, packet.messageId ?? 0),
      outgoingStream: ({ id }: Identified) =>
        Readable.from([...(this.#stored.get(id)?.entries.values() ?? [])].map(({ packet }) => packet)),
    });
  }

  #put(clientId: string, packet: KeptPacket): void {
    const { brokerCounter: counter = 0, topic = '', payload = '' } = packet;
    const stored = this.#stored.get(clientId) ?? { entries: new Map(), byId: new Map(), bytes: 0 };
    const bytes = OVERHEAD + topic.length + payload.length;
    const held = this.#isConnected(clientId) ? stored.bytes : this.#bytes;
    if (held + bytes > this.#maxBytes) {
      const before = this.#dropped.get(clientId) ?? 0;
      this.#dropped.set(clientId, before + 1);
      if (before === 0) this.#onDrop(clientId);
      return;
    }
    this.#stored.set(clientId, stored);
    stored.entries.set(counter, { packet: { ...packet, messageId: undefined }, counter, bytes });
    stored.bytes += bytes;
    this.#bytes += bytes;
  }

  /** A message is about to be sent under an identifier, or the second half of a QoS 2 message instead of it. */
  #update(clientId: string, packet: KeptPacket): void {
    const { brokerCounter = -1, messageId = 0 } = packet;
    const stored = this.#stored.get(clientId);
    const entry = stored?.entries.get(brokerCounter);
    if (stored !== undefined && entry !== undefined) {
      if (entry.packet.messageId === messageId) return;
      entry.packet.messageId = messageId;
      const earlier = last(stored.byId.get(messageId));
      if (earlier === undefined) stored.byId.set(messageId, entry);
      else earlier.next = entry;
      return;
    }
    const first = stored?.byId.get(messageId);
    if (first === undefined) throw new Error('too many messages of this client are unacknowledged');
    first.packet = packet;
  }

  /** A message is acknowledged, or not wanted any more. */
  #remove(clientId: string, messageId: number): KeptPacket | undefined {
    const stored = this.#stored.get(clientId);
    const entry = stored?.byId.get(messageId);
    if (stored === undefined || entry === undefined) return undefined;
    if (entry.next === undefined) stored.byId.delete(messageId);
    else stored.byId.set(messageId, entry.next);
    // it may have been sent twice, when its client came back just then
    if (!stored.entries.delete(entry.counter)) return undefined;
    stored.bytes -= entry.bytes;
    this.#bytes -= entry.bytes;
    if (stored.entries.size === 0) this.#stored.delete(clientId);
    return entry.packet;
  }
}

function last(entry: Entry | undefined): Entry | undefined {
  let at = entry;
  while (at?.next !== undefined) at = at.next;
  return at;
}
