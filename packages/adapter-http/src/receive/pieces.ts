import type { Socket } from 'node:net';
import type { Turns } from './turns.js';

/**
 * Size of a piece that may begin requests: small, since each request takes a hundred times as much memory, and large enough for most requests to be
 * parsed at once.
 */
const PIECE_BYTES = 512;
/** So many requests of a connection may begin before it is the turn of others. */
const TURN_REQUESTS = 4;

/**
 * Passes what comes over a connection to the HTTP parser in pieces. Node would parse all of one read, 64 kB: two thousand requests, before anybody
 * could say that these are too many.
 */
export class Pieces {
  readonly #socket: Socket;
  readonly #parse: (bytes: Buffer) => void;
  readonly #turns: Turns;
  readonly #mayGoOn: () => boolean;
  readonly #onBytes: () => void;
  /** Bytes left of a body: they begin no request. */
  #bodyLeft = 0;
  /** Requests begun in this turn. */
  #begun = 0;
  /** True while it waits for its turn. */
  #awaitsTurn = false;
  #isHeld = false;
  #isOver = false;

  /** Reads nothing while `mayGoOn` returns false: see {@link goOn}. Calls `onBytes` when something has come. */
  constructor(socket: Socket, turns: Turns, mayGoOn: () => boolean, onBytes: () => void) {
    this.#socket = socket;
    this.#turns = turns;
    this.#mayGoOn = mayGoOn;
    this.#onBytes = onBytes;
    // The one listener of Node's HTTP server. It has the parser read the socket by itself until there is another one.
    const [parse] = socket.listeners('data');
    this.#parse = parse as (bytes: Buffer) => void;
    socket.removeAllListeners('data').on('data', (bytes: Buffer) => this.#take(bytes));
  }

  /** A request begins; `bodyBytes` is the length of its body, if known. */
  begin(bodyBytes: number): void {
    this.#bodyLeft = bodyBytes;
    this.#begun++;
  }

  /** True while what comes waits unread. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** Reads on, if there is room again. */
  goOn(): void {
    if (!this.#isHeld || this.#awaitsTurn || !this.#mayGoOn()) return;
    this.#isHeld = false;
    this.#socket.resume();
  }

  /** Reads and discards everything from now on. */
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
    this.#onBytes();
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
      const size = Math.max(PIECE_BYTES, this.#bodyLeft);
      const piece = at === 0 && bytes.length <= size ? bytes : bytes.subarray(at, at + size);
      at += piece.length;
      this.#bodyLeft = Math.max(0, this.#bodyLeft - piece.length);
      this.#parse.call(this.#socket, piece);
    }
  }
}
