import type { Socket } from 'node:net';
import type { Logger } from '@sputnikjs/core';
import { Frames } from './frames.js';

/** Most bytes of packets that are not complete, of all clients together. */
const MOST_PENDING_BYTES = 32 * 1024 * 1024;
/** Most clients, retained messages and the bytes of these, persistent sessions, and subscriptions of a client. */
export const MOST_CLIENTS = 256;
const MOST_RETAINED = 10_000;
const MOST_RETAINED_BYTES = 16 * 1024 * 1024;
const MOST_SESSIONS = 1_000;
export const MOST_SUBSCRIPTIONS = 1_000;

/** What a client has sent of a packet that is not complete. */
interface Pending {
  readonly socket: Socket;
  bytes: number;
}

/** What the clients of an embedded broker may make it keep. The library bounds none of it. */
export class Bounds {
  readonly #maxPacketBytes: number;
  readonly #log: Logger | undefined;
  readonly #pending = new Set<Pending>();
  #pendingBytes = 0;
  /** Sizes by topic. */
  readonly #retained = new Map<string, number>();
  #retainedBytes = 0;
  readonly #sessions = new Set<string>();

  constructor(maxPacketBytes: number, log: Logger | undefined) {
    this.#maxPacketBytes = maxPacketBytes;
    this.#log = log;
  }

  /** Cuts a client that announces too large a packet, and the one that has sent most where packets that are not complete take too much. */
  watch(socket: Socket): void {
    const own: Pending = { socket, bytes: 0 };
    this.#pending.add(own);
    const frames = new Frames();
    const read = socket.read.bind(socket) as (size?: number | null) => Buffer | null;
    // The library reads whatever is there, and puts packets together before it tells anybody.
    socket.read = (size?: number): Buffer | null => {
      const bytes = read(size ?? null);
      if (bytes === null) return null;
      const { length } = frames.take(bytes);
      this.#count(own, frames.pending);
      if (length <= this.#maxPacketBytes && this.#pendingBytes <= MOST_PENDING_BYTES) return bytes;
      const largest = length > this.#maxPacketBytes ? own : this.#largest();
      const text = `a client was disconnected: its packet has ${length} bytes, or too many packets are not complete; a client may send ${this.#maxPacketBytes} ("maxPacketBytes")`;
      this.#log?.warn({ event: 'packetTooLarge', bytes: length }, text);
      largest.socket.destroy();
      return largest === own ? null : bytes;
    };
    socket.once('close', () => {
      this.#count(own, 0);
      this.#pending.delete(own);
    });
  }

  /** True if a message may be retained; an empty one takes back what is. */
  mayRetain(topic: string, bytes: number): boolean {
    const before = this.#retained.get(topic);
    const after = this.#retainedBytes - (before ?? 0) + bytes;
    const isNew = before === undefined && bytes > 0;
    if (after > MOST_RETAINED_BYTES || (isNew && this.#retained.size >= MOST_RETAINED)) {
      this.#log?.warn(
        { event: 'notRetained' },
        'too many messages are retained; others are delivered, and not retained',
      );
      return false;
    }
    this.#retainedBytes = after;
    if (bytes > 0) this.#retained.set(topic, bytes);
    else this.#retained.delete(topic);
    return true;
  }

  /** True if a client may connect with that kind of session. */
  maySession(id: string, isClean: boolean): boolean {
    if (isClean) this.#sessions.delete(id);
    else if (this.#sessions.size < MOST_SESSIONS || this.#sessions.has(id)) this.#sessions.add(id);
    else {
      this.#log?.warn(
        { event: 'sessionRefused' },
        `a client was refused: there are ${MOST_SESSIONS} persistent sessions`,
      );
      return false;
    }
    return true;
  }

  #count(own: Pending, bytes: number): void {
    this.#pendingBytes += bytes - own.bytes;
    own.bytes = bytes;
  }

  #largest(): Pending {
    return [...this.#pending].reduce((most, one) => (one.bytes > most.bytes ? one : most));
  }
}
