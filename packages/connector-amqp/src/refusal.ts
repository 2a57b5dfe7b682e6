import type { Publication } from './publication.js';

/** How large the server lets messages be, in bytes, as far as we know. */
export interface SizeLimit {
  bytes: number;
}

/** The server's own limit unless its configuration has another. */
export const DEFAULT_LIMIT = 134_217_728;

/** The error for the sender of a message under way, if this message is to blame. */
export type Blame = (publication: Publication) => Error | undefined;

/** The error of a message that is larger than the server allows. */
export function tooLarge({ envelope, body }: Publication, limit: SizeLimit): Error | undefined {
  if (body.length <= limit.bytes) return undefined;
  const text = `the message for "${envelope.routingKey}" has ${body.length} bytes; the server takes ${limit.bytes}`;
  return new Error(`${text} (max_message_size)`);
}

/**
 * Whom to blame when the server closed the channel: sent again they would end the next one, too. `isFirst` says that it has answered
 * nothing on this channel before. A limit that it names is remembered.
 */
export function blameFor(cause: Error, isFirst: boolean, limit: SizeLimit): Blame {
  const size = /message size \d+ is larger than configured max size (\d+)/.exec(cause.message)?.[1];
  if (size !== undefined) {
    // guard: the limit that the server names is remembered
    limit.bytes = Number(size);
    return (publication) => tooLarge(publication, limit);
  }
  const topic = between(cause.message, "access to topic '", "' in exchange '");
  const isForbidden = isFirst && cause.message.includes('ACCESS_REFUSED');
  return ({ envelope: { routingKey } }) => {
    if (topic === undefined ? !isForbidden : topic !== routingKey) return undefined;
    const text = `may not publish to "${routingKey}": ${cause.message}; give the user the permission on the server`;
    return new Error(text, { cause });
  };
}

/** What stands behind `before`, up to the last `behind`; undefined if they are not both there. */
function between(text: string, before: string, behind: string): string | undefined {
  const start = text.indexOf(before);
  const end = text.lastIndexOf(behind);
  return start === -1 || end < start + before.length ? undefined : text.slice(start + before.length, end);
}
