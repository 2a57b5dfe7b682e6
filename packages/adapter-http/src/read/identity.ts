import { createHash } from 'node:crypto';

/** Sender and target of a message. Within these, its key, or what stands for one, must be unique. */
export interface Scope {
  /** Name of the token; empty if the gateway has no tokens, since addresses change between tries. */
  readonly token: string;
  readonly target: string;
}

/** Longest id in AMQP. */
const LONGEST_ID = 255;

/**
 * Returns the id of a message on the server, which may use one id space for all targets. Different inputs have different ids: each part is
 * percent-encoded, so that colons only separate them. The id is readable, or a hash if that would be too long.
 */
export function idOf(kind: 'key' | 'item' | 'event', { token, target }: Scope, ...parts: string[]): string {
  const id = [kind, token, target, ...parts].map(encodeURIComponent).join(':');
  return id.length <= LONGEST_ID ? id : `sha256:${createHash('sha256').update(id).digest('hex')}`;
}
