import type { IncomingMessage } from 'node:http';
import type { Clock } from '@sputnikjs/core';
import { Parts } from './parts.js';
import { Refused } from '../answer/refusals.js';

/** How much of all bodies may be held, and how fast they must come. */
export interface BodyLimits {
  readonly maxBodyBytes: number;
  /** Most bytes of all bodies held at once. */
  readonly maxHeldBytes: number;
  /** Refuses a body that is slower than this, in bytes a second, over five seconds. */
  readonly minBodyBytesPerSecond: number;
}

/** Time over which the speed of a body is measured, in milliseconds. */
const WINDOW_MS = 5_000;
/** A body that sends nothing for so long gives way to others, in milliseconds. */
const STALL_MS = 1_000;

/** What is held for a request. */
interface Held {
  readonly client: string;
  bytes: number;
  /** The part of these for the answer. */
  answerBytes: number;
  /** Number of users: the gateway itself, and the producer for each message. */
  uses: number;
  /** The request is answered, or its client is gone. */
  isOver: boolean;
  /** Set while its body comes in. */
  coming: Coming | undefined;
}

interface Coming {
  /** When the last bytes came. */
  at: number;
  windowSince: number;
  windowBytes: number;
  readonly refuse: (error: Refused) => void;
}

/**
 * Reads bodies, and counts how many bytes of all of them are held. A body is held from its first byte until its request is answered and the
 * producer has finished with its messages.
 */
export class Bodies {
  readonly #limits: BodyLimits;
  readonly #clock: Clock;
  readonly #held = new Map<IncomingMessage, Held>();
  readonly #bytesOf = new Map<string, number>();
  /** Requests that were answered, or gone, before their bodies were read: what still comes of them is not held. */
  readonly #released = new WeakSet<IncomingMessage>();
  #bytes = 0;
  #answerBytes = 0;

  constructor(limits: BodyLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  /** How many bytes are held now. */
  get heldBytes(): number {
    return this.#bytes;
  }

  /**
   * Resolves with the body of a request of `client`. Rejects with TOO_LARGE; with FULL if there is no room for it now; or with REQUEST_TIMEOUT if
   * it comes too slowly. The rest of a refused body is read and discarded. Never settles if the client leaves first.
   */
  read(request: IncomingMessage, client: string): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const { maxBodyBytes } = this.#limits;
      const parts = new Parts();
      const now = this.#clock.now();
      const refuse = (error: Refused): void => {
        held.coming = undefined;
        request.off('data', take).resume();
        parts.drop();
        this.release(request);
        reject(error);
      };
      const coming: Coming = { at: now, windowSince: now, windowBytes: 0, refuse };
      const held: Held = { client, bytes: 0, answerBytes: 0, uses: 0, isOver: false, coming };
      const take = (chunk: Buffer): void => {
        if (held.isOver) return;
        // guard: a body is no larger than it may be
        if (held.bytes + chunk.length > maxBodyBytes) return refuse(tooLarge(maxBodyBytes));
        // guard: all bodies together are bounded
        if (!this.#hasRoom(chunk.length, held)) return refuse(full('for the body'));
        this.#count(held, chunk.length);
        coming.at = this.#clock.now();
        coming.windowBytes += chunk.length;
        parts.add(chunk);
      };
      // guard: what comes of an answered request is not held
      if (this.#released.has(request)) return;
      // guard: a body that is announced too large is not read
      if (Number(request.headers['content-length'] ?? 0) > maxBodyBytes) return refuse(tooLarge(maxBodyBytes));
      this.#held.set(request, held);
      request.on('data', take);
      request.once('end', () => {
        held.coming = undefined;
        resolve(parts.take());
      });
    });
  }

  /** Reserves bytes for the answer to a request; half of all room is for bodies only. Throws FULL if there is no room now. */
  holdMore(request: IncomingMessage, bytes: number, client: string): void {
    if (this.#released.has(request)) return;
    const held = this.#held.get(request) ?? this.#begin(request, client);
    // guard: answers do not take the room of bodies
    const isTooMuch = this.#answerBytes > 0 && this.#answerBytes + bytes > this.#limits.maxHeldBytes / 2;
    if (isTooMuch || !this.#hasRoom(bytes, held)) throw full('for the answer');
    this.#count(held, bytes);
    held.answerBytes += bytes;
    this.#answerBytes += bytes;
  }

  /** Of a request without a body. */
  #begin(request: IncomingMessage, client: string): Held {
    const held: Held = { client, bytes: 0, answerBytes: 0, uses: 0, isOver: false, coming: undefined };
    this.#held.set(request, held);
    return held;
  }

  /** Keeps the body of the request in use, until the returned function is called. */
  hold(request: IncomingMessage): () => void {
    const held = this.#held.get(request);
    if (!held) return () => {};
    held.uses++;
    return () => {
      held.uses--;
      this.#forget(request, held);
    };
  }

  /** The request is answered, or its client is gone. */
  release(request: IncomingMessage): void {
    const held = this.#held.get(request);
    if (!held) return void this.#released.add(request);
    held.isOver = true;
    held.coming = undefined;
    this.#forget(request, held);
  }

  /** Refuses bodies that come too slowly, except those that we make wait, as `isHeld` says. */
  checkRates(isHeld: (request: IncomingMessage) => boolean): void {
    const now = this.#clock.now();
    const least = (this.#limits.minBodyBytesPerSecond * WINDOW_MS) / 1_000;
    for (const [request, { coming }] of this.#held) {
      if (!coming) continue;
      if (isHeld(request)) coming.at = coming.windowSince = now;
      if (now - coming.windowSince < WINDOW_MS) continue;
      // guard: a body that comes too slowly is refused
      if (coming.windowBytes < least) coming.refuse(tooSlow(this.#limits.minBodyBytesPerSecond));
      coming.windowSince = now;
      coming.windowBytes = 0;
    }
  }

  #count(held: Held, bytes: number): void {
    held.bytes += bytes;
    this.#bytes += bytes;
    const own = (this.#bytesOf.get(held.client) ?? 0) + bytes;
    if (own === 0) this.#bytesOf.delete(held.client);
    else this.#bytesOf.set(held.client, own);
  }

  #forget(request: IncomingMessage, held: Held): void {
    // guard: a body is held as long as its messages are under way
    if (!held.isOver || held.uses > 0 || !this.#held.delete(request)) return;
    this.#count(held, -held.bytes);
    this.#answerBytes -= held.answerBytes;
  }

  /** Returns true if there is room for `bytes` more; if necessary, incomplete bodies give way. */
  #hasRoom(bytes: number, newest: Held): boolean {
    while (this.#bytes + bytes > this.#limits.maxHeldBytes) {
      const coming = this.#nextToGiveWay(bytes, newest);
      if (!coming) return false;
      coming.refuse(full('for the body: it arrived slowly, or its client has sent more than others'));
    }
    return true;
  }

  /** Returns the slowest body of the client that holds most, if that is more than the client of the newest holds, or if the body stalls. */
  #nextToGiveWay(bytes: number, newest: Held): Coming | undefined {
    const now = this.#clock.now();
    const own = (this.#bytesOf.get(newest.client) ?? 0) + bytes;
    let [found, most]: [Coming | undefined, number] = [undefined, 0];
    for (const held of this.#held.values()) {
      const { coming, client } = held;
      if (!coming || held === newest || held.bytes === 0) continue;
      const theirs = this.#bytesOf.get(client) ?? 0;
      // guard: bodies that stall give way
      // guard: bodies of who sends most give way
      const gives = now - coming.at >= STALL_MS || (client !== newest.client && theirs > own);
      if (!gives || theirs < most || (theirs === most && found && coming.at >= found.at)) continue;
      [found, most] = [coming, theirs];
    }
    return found;
  }
}

function tooLarge(most: number): Refused {
  return new Refused('TOO_LARGE', `the gateway takes bodies of up to ${most} bytes`);
}

function tooSlow(rate: number): Refused {
  return new Refused('REQUEST_TIMEOUT', `the body arrived at less than ${rate} bytes a second for five seconds`);
}

function full(what: string): Refused {
  return new Refused('FULL', `there is no room ${what}`);
}
