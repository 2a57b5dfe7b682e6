import type { Channel } from 'rabbitmq-client';

/** What the library calls on a channel with the properties of each message that comes. Its types leave it out. */
interface HeaderTaker {
  _onHeader(frame: { readonly fields: { contentEncoding?: string } }): void;
}

/**
 * Has the channel hand bodies over as bytes. The library parses JSON and decodes text, which does not give the same bytes again, and has no
 * option against it; it leaves alone what has a content encoding.
 */
export function keepBytes(channel: Channel): Channel {
  const taker = channel as unknown as HeaderTaker;
  const take = taker._onHeader.bind(channel);
  taker._onHeader = (frame) => {
    // guard: bytes stay as they are
    frame.fields.contentEncoding ||= 'identity';
    take(frame);
  };
  return channel;
}
