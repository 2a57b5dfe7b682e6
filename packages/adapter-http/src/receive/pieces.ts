import type { Socket } from 'node:net';
import type { Turns } from './turns.js';

/** So many bytes may begin requests at once: few, since each request takes a hundred times as much memory. */
const PIECE_BYTES = 256;
/** So many requests of a connection may begin; then it is the turn of others. */
const TURN_REQUESTS = 4;

/**
 * Hands the HTTP parser what comes over a connection piece by piece. Node would parse all that one read has brought, 64 kB: two thousand
 * requests, before anybody could say that these are too many.
 */
export class Pieces {
  readonly #socket: Socket;
  readonly #parse: (bytes: Buffer) => void;
  readonly #turns: Turns;
  readonly #mayGoOn: () => boolean;
  /** Bytes that belong to a body: they begin no request. */
  #bodyLeft = 0;
  /** Requests that have begun since it was our turn. */
  #begun = 0;
  /** It waits for its turn. */
  #awaitsTurn = false;
  #isHeld = false;
  #isOver = false;

  /** What comes waits, unread, while `mayGoOn` says no: see {@link goOn}. */
  constructor(socket: Socket, turns: Turns, mayGoOn: () => boolean) {
    this.#socket = socket;
    this.#turns = turns;
    this.#mayGoOn = mayGoOn;
    // The one listener of Node's HTTP server. It has the parser read the socket by itself until there is another one.
    const [parse] = socket.listeners('data');
    this.#parse = parse as (bytes: Buffer) => void;
    socket.removeAllListeners('data').on('data', (bytes: Buffer) => this.#take(bytes));
  }

  /** A request begins whose body has so many bytes, so far as that is known. */
  begin(bodyBytes: number): void {
    this.#bodyLeft = bodyBytes;
    this.#begun++;
  }

  /** True while what comes waits. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** It may be that there is room again: reads on if so. */
  goOn(): void {
    if (!this.#isHeld || this.#awaitsTurn || !this.#mayGoOn()) return;
    this.#isHeld = false;
    this.#socket.resume();
  }

  /** What comes from now on is read, and thrown away. */
  end(): void {
    this.#isOver = true;
    this.#isHeld = false;
    this.#socket.resume();
  }

  #awaitTurn(): void {
    this.#awaitsTurn = true;
    void this.#turns.next().then(() => {
      this.#awaitsTurn = false;
      this.#begun = 0;
      this.goOn();
    });
  }

  #take(bytes: Buffer): void {
    if (!this.#awaitsTurn) this.#begun = 0;
    for (let at = 0; at < bytes.length;) {
      if (this.#isOver) return;
      // Node, too, pauses the socket while answers, or what reads a body, are slow, and has it go on by itself. We must not do that.
      if (!this.#socket.isPaused()) {
        if (this.#begun >= TURN_REQUESTS && !this.#awaitsTurn) this.#awaitTurn();
        this.#isHeld = this.#awaitsTurn || !this.#mayGoOn();
        if (this.#isHeld) this.#socket.pause();
      }
      if (this.#socket.isPaused()) return this.#socket.unshift(bytes.subarray(at));
      const piece = bytes.subarray(at, at + Math.max(PIECE_BYTES, this.#bodyLeft));
      at += piece.length;
      this.#bodyLeft = Math.max(0, this.#bodyLeft - piece.length);
      this.#parse.call(this.#socket, piece);
    }
  }
}
