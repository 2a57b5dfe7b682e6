import type { Outgoing } from './outgoing.js';

/** Takes out of what the server sends what the library need not see. */
export interface WireReader {
  /** What is left of a piece for the library; sometimes nothing. */
  read(piece: Buffer): Iterable<Buffer>;
}

/** How messages and their acknowledgements pass the library by. */
export interface Wire {
  readonly outgoing: Outgoing;
  /** Sees what the server sends before the library does. */
  reader?: WireReader;
  /** Asked after each piece that has come, and been read: why the server has said too much, if it has. */
  tooMuch: () => Error | undefined;
}
