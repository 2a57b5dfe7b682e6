import type { Channel } from 'rabbitmq-client';

/** What the library calls on a channel before the body of a message comes. Its types leave it out. */
interface HeaderTaker {
  _onHeader(frame: { readonly bodySize: number }): void;
}

/** Has the connection end, by an error thrown, at a message that is announced with more bytes: the library puts together whatever is. */
export function boundBodies(channel: Channel, most: number): void {
  const taker = channel as unknown as HeaderTaker;
  const take = taker._onHeader.bind(channel);
  taker._onHeader = (frame) => {
    // guard: a body of more bytes than are taken ends the connection
    if (frame.bodySize > most)
      throw new Error(
        `the server announces a message of ${frame.bodySize} bytes, more than the ${most} of "maxMessageBytes"`,
      );
    take(frame);
  };
}
