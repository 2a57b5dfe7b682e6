import type { Clock } from '@sputnikjs/core';
import { Fifo } from '@sputnikjs/messaging/connector';
import { MOST_FRAME_BYTES } from './frame.js';
import { packetOf, roomIn, type Packet, type Piece } from './packet.js';

/** So many bytes are under way at most, so that they do not pile up on their way. */
const WINDOW_BYTES = 1024 * 1024;
/** After so long without a word, in milliseconds, what is under way is sent again; each time twice as long, up to the second. */
const [FIRST_MS, LONGEST_MS] = [500, 4_000];
/** How often the other side may have it sent again, in milliseconds. */
const AGAIN_MS = 100;

/** What a stream is made of. */
export interface FrameStreamOptions {
  /** Sends a packet, which may be lost. */
  readonly send: (packet: Uint8Array) => void;
  /** The largest packet, in bytes. */
  readonly mostBytes: number;
  readonly clock: Clock;
  /** Takes each frame of the other side once, in order. */
  readonly onFrame: (frame: Uint8Array) => void;
  /** Is told of a frame that is larger than any may be. */
  readonly tooLarge: () => void;
}

/** Frames to another process and back: each arrives once and in order, though packets may be lost. */
export class FrameStream {
  readonly #options: FrameStreamOptions;
  /** Not sent yet. */
  readonly #waiting = new Fifo<Piece>();
  /** Sent; the other side has not said that they have come. */
  readonly #underWay = new Fifo<Piece>();
  #underWayBytes = 0;
  #last = 0;
  /** All pieces of the other side have come, up to this number. */
  #come = 0;
  /** Of the frame that comes. */
  #pieces: Uint8Array[] = [];
  #begunBytes = 0;
  #resentAt = -Infinity;
  #askedAgainAfter = -1;
  #owesWord = false;
  #retryMs = FIRST_MS;
  #cancelRetry: (() => void) | undefined;
  #isClosed = false;

  constructor(options: FrameStreamOptions) {
    this.#options = options;
  }

  /** True when all that was written has come. */
  get isEmpty(): boolean {
    return this.#underWay.size + this.#waiting.size === 0;
  }

  /** Bytes of the frame that comes, so far. */
  get begunBytes(): number {
    return this.#begunBytes;
  }

  write(frame: Uint8Array): void {
    const room = roomIn(this.#options.mostBytes);
    for (let at = 0; at < frame.length; at += room) {
      const isLast = at + room >= frame.length;
      this.#waiting.push({ number: ++this.#last, isLast, bytes: frame.subarray(at, at + room) });
    }
    this.#pump();
  }

  /** Takes what has come from the other side. */
  take({ piece, come, again, ping }: Packet): void {
    if (this.#isClosed) return;
    this.#forget(come);
    // guard: a few bytes, again and again, do not have a window sent each time
    if (again && this.#options.clock.now() - this.#resentAt >= AGAIN_MS) this.resend();
    if (piece) this.#take(piece);
    if (ping) this.#owe();
    this.#pump();
  }

  /** Has the other side answer, as a sign of life. */
  ping(): void {
    this.#options.send(packetOf({ come: this.#come, ping: true }));
  }

  /** Sends again what is under way: it may be lost. */
  resend(): void {
    if (this.#isClosed) return;
    this.#resentAt = this.#options.clock.now();
    for (const piece of this.#underWay.drain()) {
      this.#underWay.push(piece);
      this.#send(piece);
    }
    this.#watch();
  }

  /** Nothing more goes or comes. What has come is said at once: the other side may wait for that. */
  close(): void {
    if (this.#owesWord) this.#tell();
    this.#isClosed = true;
    this.#pieces = [];
    this.#begunBytes = 0;
    this.#cancelRetry?.();
  }

  #pump(): void {
    if (this.#isClosed) return;
    const wasEmpty = this.#underWay.size === 0;
    for (let next = this.#waiting.first; next && this.#underWayBytes < WINDOW_BYTES; next = this.#waiting.first) {
      this.#waiting.shift();
      this.#underWay.push(next);
      this.#underWayBytes += next.bytes.length;
      this.#send(next);
    }
    if (wasEmpty) this.#watch();
  }

  #send(piece: Piece): void {
    this.#owesWord = false;
    this.#options.send(packetOf({ piece, come: this.#come }));
  }

  /** The other side has all up to this number. */
  #forget(come: number): void {
    const before = this.#underWay.size;
    for (let first = this.#underWay.first; first && first.number <= come; first = this.#underWay.first) {
      this.#underWay.shift();
      this.#underWayBytes -= first.bytes.length;
    }
    if (this.#underWay.size === before) return;
    this.#retryMs = FIRST_MS;
    this.#watch();
  }

  #take({ number, isLast, bytes }: Piece): void {
    // guard: what is lost on its way is asked for again, once
    if (number > this.#come + 1) {
      if (this.#askedAgainAfter !== this.#come) this.#options.send(packetOf({ come: this.#come, again: true }));
      this.#askedAgainAfter = this.#come;
      return;
    }
    this.#owe();
    // guard: what comes a second time is taken once
    if (number <= this.#come) return;
    this.#come = number;
    this.#pieces.push(bytes);
    this.#begunBytes += bytes.length;
    // guard: a frame that does not end does not fill the memory
    if (this.#begunBytes > MOST_FRAME_BYTES) return this.#options.tooLarge();
    if (!isLast) return;
    const [first = bytes, ...others] = this.#pieces;
    const frame = others.length === 0 ? first : Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#begunBytes = 0;
    this.#options.onFrame(frame);
  }

  /** What has come is said with the next piece, or at the end of this turn. */
  #owe(): void {
    if (this.#owesWord) return;
    this.#owesWord = true;
    setImmediate(() => {
      if (this.#owesWord && !this.#isClosed) this.#tell();
    });
  }

  #tell(): void {
    this.#owesWord = false;
    this.#options.send(packetOf({ come: this.#come }));
  }

  /** Sends again what is under way when nothing is heard of it for long. */
  #watch(): void {
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    if (this.#underWay.size === 0 || this.#isClosed) return;
    this.#cancelRetry = this.#options.clock.after(this.#retryMs, () => {
      this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_MS);
      this.resend();
    });
  }
}
