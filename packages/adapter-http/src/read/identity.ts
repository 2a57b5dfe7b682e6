import { createHash } from 'node:crypto';

/** Whose a message is, and where it goes: within that its key, or what stands for one, has to be unique. */
export interface Scope {
  /** The name of the token; empty where there are no tokens, since addresses change from one try to the next. */
  readonly token: string;
  readonly target: string;
}

/** AMQP has room for so much. */
const LONGEST_ID = 255;

/**
 * The id that a message has on the server, which may have one of them for all targets. No two inputs have one id: each part is
 * percent-encoded, so that the colons between them are ours. Readable unless it is too long; then it is a hash.
 */
export function idOf(kind: 'key' | 'item' | 'event', { token, target }: Scope, ...parts: string[]): string {
  const id = [kind, token, target, ...parts].map(encodeURIComponent).join(':');
  return id.length <= LONGEST_ID ? id : `sha256:${createHash('sha256').update(id).digest('hex')}`;
}
