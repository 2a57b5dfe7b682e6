import type { Msg } from '@nats-io/transport-node';

/** How the acknowledgement of a stream begins; an error comes before the stream's name. */
export const TAKEN: Buffer = Buffer.from('{"stream":');
const NO_RESPONDERS = 503;

/** What is to be done about an error of the server's, by its err_code. */
const ADVICE: Readonly<Record<number, string>> = {
  10023: 'make room, or raise the limits of the server (jetstream: max_file_store, max_memory_store)',
  10028: 'make room, or raise the limits of the account',
  10047: 'make room, or raise the limits of the server (jetstream: max_file_store, max_memory_store)',
  10054: 'raise max_msg_size of the stream',
  10077: 'make room, or raise maxBytes (max_bytes) of the stream',
};

/** Says at a glance that a stream has the message, as nearly all replies do. */
export function isTaken({ data }: Msg): boolean {
  for (let i = 0; i < TAKEN.length; i++) if (data[i] !== TAKEN[i]) return false;
  return true;
}

/**
 * What any other reply to a message for `target` says: a stream has it, or why it has not. Others may subscribe to the subject, too, and
 * answer something: that is unknown, and a stream's answer may still come.
 */
export function ackOf(reply: Msg, target: string): 'taken' | 'unknown' | Error {
  const { data } = reply;
  if (data.length === 0 && reply.headers?.code === NO_RESPONDERS) {
    const advice = 'create one ("streams" of the connector does), or set "jetstream": false for core NATS';
    return new Error(`no stream takes the subject "${target}", or the server has no JetStream; ${advice}`);
  }
  const { error, stream } = objectOf(reply);
  if (error === undefined) return typeof stream === 'string' ? 'taken' : 'unknown';
  const { description = 'no reason given', err_code: code = 0 } = error;
  const advice = ADVICE[code] === undefined ? '' : `; ${ADVICE[code]}`;
  return new Error(`the stream refuses the message for "${target}": ${description} (${code})${advice}`);
}

interface Answer {
  readonly stream?: unknown;
  readonly error?: { readonly description?: string; readonly err_code?: number };
}

function objectOf(reply: Msg): Answer {
  try {
    return Object(reply.json()) as Answer;
  } catch {
    return {};
  }
}
