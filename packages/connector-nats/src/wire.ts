import type { AckReader } from './ack-reader.js';
import type { Outgoing } from './outgoing.js';

/** How messages and their acknowledgements pass the library by. */
export interface Wire {
  readonly outgoing: Outgoing;
  /** Sees what the server sends before the library does. */
  reader?: AckReader;
}
