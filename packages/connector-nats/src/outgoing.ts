import type { Socket } from 'node:net';

/** What is collected before it is sent, at the most, in bytes; a longer message goes alone. */
const PIECE = 16 * 1024;
/** How much memory is taken at once, in bytes. */
const SLAB = 64 * 1024;
/** Of a character of a string, as UTF-8. */
const MAX_BYTES = 3;
const [CR, LF] = [13, 10];

/** A message in NATS's terms; its subject has neither white space nor line breaks. */
export interface Publication {
  readonly subject: string;
  readonly payload: Uint8Array | string;
  /** How long the payload is on its way, in bytes. */
  readonly size: number;
  /** As they are on their way (ADR-4). */
  readonly headers: Uint8Array | undefined;
}

/**
 * Writes messages to the server. The library encodes each in four pieces, which it joins later; one buffer for all that is sent before the
 * event loop goes on takes a third of the CPU time (decision 0010).
 */
export class Outgoing {
  readonly #socket: Socket;
  #slab = Buffer.allocUnsafeSlow(SLAB);
  /** Where what is not yet sent begins in the slab, and ends. */
  #start = 0;
  #end = 0;
  #scheduled = false;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Sends a message, after those before it, before the event loop goes on. Answers to it go to `reply`. */
  publish({ subject, payload, size, headers }: Publication, reply = ''): void {
    const total = size + (headers?.length ?? 0);
    const line =
      headers === undefined
        ? `PUB ${subject} ${reply} ${total}\r\n`
        : `HPUB ${subject} ${reply} ${headers.length} ${total}\r\n`;
    this.#makeRoom(MAX_BYTES * line.length + total + 2);
    const slab = this.#slab;
    let at = this.#end;
    at += slab.write(line, at);
    if (headers !== undefined) {
      slab.set(headers, at);
      at += headers.length;
    }
    if (typeof payload === 'string') slab.write(payload, at);
    else slab.set(payload, at);
    at += size;
    slab[at++] = CR;
    slab[at++] = LF;
    this.#end = at;
    if (this.#scheduled) return;
    this.#scheduled = true;
    process.nextTick(() => {
      this.#scheduled = false;
      this.flush();
    });
  }

  /** Hands over to the socket what is not yet sent. */
  flush(): void {
    if (this.#start === this.#end) return;
    this.#socket.write(this.#slab.subarray(this.#start, this.#end));
    this.#start = this.#end;
  }

  #makeRoom(bytes: number): void {
    if (this.#end - this.#start + bytes > PIECE) this.flush();
    if (this.#end + bytes <= this.#slab.length) return;
    this.flush();
    // the socket may still need what it was given
    this.#slab = Buffer.allocUnsafeSlow(Math.max(SLAB, bytes));
    this.#start = this.#end = 0;
  }
}
