import type { Clock } from '@sputnikjs/core';
import { Link, receive, type Receiver } from '../remote/link.js';
import type { Frame } from '../remote/wire.js';
import { textOf } from '../text.js';
import { frameOf, serialized } from './frame.js';
import { FrameStream } from './frame-stream.js';
import { packetFrom, packetOf } from './packet.js';

/** How a packet gets to another process. */
export interface Way {
  /** The name of the session. */
  readonly session: string;
  /** The largest packet, in bytes. */
  readonly mostBytes: number;
  send(packet: Uint8Array): void;
}

/** What a talk is made of. */
export interface TalkOptions {
  readonly way: Way;
  readonly clock: Clock;
  readonly receiver: Receiver;
  /** Is told of messages that cannot be sent. */
  readonly unsendable: (number: number, error: Error) => void;
  /** The other side does not know the session, or has sent what nobody understands: nothing more comes. */
  readonly broken: (reason: string) => void;
}

/** What two processes tell each other: as two threads do, over packets that may be lost. */
export class Talk {
  readonly link: Link;
  readonly session: string;
  /** Its largest packet, in bytes. */
  readonly mostBytes: number;
  readonly #stream: FrameStream;
  readonly #options: TalkOptions;
  #heardAt: number;

  constructor(options: TalkOptions) {
    const { way, clock, receiver, unsendable, broken } = options;
    this.#options = options;
    this.session = way.session;
    this.mostBytes = way.mostBytes;
    this.#heardAt = clock.now();
    this.#stream = new FrameStream({
      send: (packet) => way.send(packet),
      mostBytes: way.mostBytes,
      clock,
      tooLarge: () => broken('it sends a frame that does not end'),
      onFrame: (bytes) => {
        try {
          receive(frameOf(bytes), receiver);
        } catch (error) {
          broken(`it has sent data that cannot be read: ${textOf(error)}`);
        }
      },
    });
    const port = { postMessage: (frame: Frame) => this.#stream.write(serialized(frame)), tryOut: serialized };
    this.link = new Link(port, unsendable);
  }

  take(bytes: Uint8Array): void {
    const packet = packetFrom(bytes);
    if (packet === undefined) return;
    this.#heardAt = this.#options.clock.now();
    if (packet.unknown) this.#options.broken('it does not know the session any more');
    else this.#stream.take(packet);
  }

  /** For how long nothing was heard of the other side, in milliseconds. */
  get silentMs(): number {
    return this.#options.clock.now() - this.#heardAt;
  }

  /** Bytes of a frame that has not come to its end. */
  get begunBytes(): number {
    return this.#stream.begunBytes;
  }

  /** True when the other side has all that was posted. */
  get isEmpty(): boolean {
    return this.#stream.isEmpty;
  }

  ping(): void {
    this.#stream.ping();
  }

  /** The connection is there again: what is under way may be lost. */
  resume(): void {
    this.#heardAt = this.#options.clock.now();
    this.#stream.resend();
    this.ping();
  }

  close(): void {
    this.#stream.close();
  }
}

/** Whether these bytes begin a session. */
export function isBeginning(bytes: Uint8Array): boolean {
  return packetFrom(bytes)?.piece?.number === 1;
}

/** Whether these bytes say that the session is not known: nobody answers that. */
export function isUnknown(bytes: Uint8Array): boolean {
  return packetFrom(bytes)?.unknown !== false;
}

/** Says that a session is not known. */
export const UNKNOWN_SESSION: Uint8Array = packetOf({ unknown: true });
