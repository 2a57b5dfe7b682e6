import type { ServerResponse } from 'node:http';
import type { Clock } from '@sputnikjs/core';
import type { Consumption } from '../read/consumption.js';
import { FORMATS, type Lines } from './lines.js';

/** Why an answer to a reader ended. */
export type End = 'complete' | 'left' | 'slow' | 'gaveWay' | 'gap' | 'landing';

/** Something is written to readers of events as often, so that who has gone is noticed, and proxies keep the connection. */
const BEAT_MS = 15_000;

/** What a reader needs. */
export interface ReaderParts {
  readonly clock: Clock;
  /** Bytes that may wait to be taken. */
  readonly maxReaderBytes: number;
  /** How long a message may wait for room. */
  readonly readerTimeoutMs: number;
  /** It has room again, or is over. */
  readonly changed: (reader: Reader) => void;
  /** Called once, with the number of messages that were written and not taken. */
  readonly ended: (reader: Reader, why: End, unread: number) => void;
}

/** One answer to a request to consume: messages are written to it as long as its client takes them. */
export class Reader {
  /** Its token, or its address. */
  readonly client: string;
  readonly asked: Consumption;
  readonly #response: ServerResponse;
  readonly #parts: ReaderParts;
  #last: string | undefined;
  #left: number;
  /** Written, and not taken by the system. */
  #unread = 0;
  #end: End | undefined;
  #isGone = false;
  #cancelWait = (): void => {};
  #cancelBeat = (): void => {};
  #cancelCut: (() => void) | undefined;

  constructor(client: string, asked: Consumption, response: ServerResponse, parts: ReaderParts) {
    this.client = client;
    this.asked = asked;
    this.#response = response;
    this.#parts = parts;
    this.#last = asked.after;
    this.#left = asked.max;
  }

  /** Sends the head of the answer; from then on it is written to. */
  begin(): void {
    const { type } = FORMATS[this.asked.format];
    const response = this.#response;
    response.writeHead(200, { 'content-type': type, 'cache-control': 'no-store', connection: 'close' });
    response.flushHeaders();
    response.on('close', () => this.#over('left'));
    response.on('error', () => {});
    // Who ends its half has no more to say, or is gone: which, nobody can tell before the next message.
    const { socket } = response.req;
    // of one whose machine has gone nothing is heard
    socket.setKeepAlive(true, BEAT_MS);
    if (socket.readableEnded) return this.finish('left');
    socket.once('end', () => this.finish('left'));
    const { waitMs } = this.asked;
    if (waitMs !== Infinity) this.#cancelWait = this.#parts.clock.after(waitMs, () => this.finish('complete'));
    this.#beat();
  }

  get isOver(): boolean {
    return this.#end !== undefined;
  }

  /** What it may resume after: the id of the last message that was written to it; undefined if there is none. */
  get last(): string | undefined {
    return this.#last;
  }

  /** Whether it may be written to. If not, it is cut unless its client takes what waits, in time. */
  hasRoom(): boolean {
    // guard: what a reader has not taken is bounded
    if (this.#response.writableLength < this.#parts.maxReaderBytes) return true;
    // guard: a reader that takes nothing is cut
    this.#cancelCut ??= this.#parts.clock.after(this.#parts.readerTimeoutMs, () => this.cut('slow'));
    return false;
  }

  write(lines: Lines): void {
    this.#unread++;
    this.#last = lines.id ?? this.#last;
    this.#response.write(lines[this.asked.format](), (error) => {
      if (error) return;
      this.#unread--;
      if (this.#response.writableLength < this.#parts.maxReaderBytes) this.#hasRoomAgain();
    });
    if (--this.#left === 0) this.finish('complete');
  }

  /** Ends the answer when what was written is taken. */
  finish(why: End): void {
    if (this.#end !== undefined) return;
    this.#end = why;
    this.#stopTimers();
    this.#response.end();
    this.#parts.changed(this);
  }

  /** Closes the connection. */
  cut(why: End): void {
    this.#over(why);
    this.#response.destroy();
  }

  #hasRoomAgain(): void {
    if (this.#cancelCut === undefined) return;
    this.#cancelCut();
    this.#cancelCut = undefined;
    this.#parts.changed(this);
  }

  #beat(): void {
    const { beat } = FORMATS[this.asked.format];
    if (beat === '') return;
    this.#cancelBeat = this.#parts.clock.after(BEAT_MS, () => {
      if (this.#response.writableLength === 0) this.#response.write(beat);
      this.#beat();
    });
  }

  #over(why: End): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#end ??= why;
    this.#stopTimers();
    this.#parts.ended(this, this.#end, this.#unread);
    this.#parts.changed(this);
  }

  #stopTimers(): void {
    this.#cancelWait();
    this.#cancelBeat();
    this.#cancelCut?.();
  }
}
