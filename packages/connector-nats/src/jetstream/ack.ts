import type { Msg } from '@nats-io/transport-node';
import { serverFull } from '@sputnikjs/messaging/connector';

/** How the acknowledgement of a stream begins; an error comes before the stream's name. */
export const TAKEN: Buffer = Buffer.from('{"stream":');
const DUPLICATE = /"duplicate": ?true/;
const NO_RESPONDERS = 503;
const [ZERO, NINE] = [48, 57];

const MAKE_ROOM = 'make room, or raise the limits of the server (jetstream: max_file_store, max_memory_store)';
const LEADER = 'its cluster has no leader for now: check the other servers if this lasts';
const STORE_FAILED = 10077;

/** What is to be done about an error of the server's that passes, by its err_code: the message is not stored, and may be sent again. */
const PASSING: Readonly<Record<number, string>> = {
  10002: 'make room, or raise the limits of the account',
  10008: LEADER,
  10009: LEADER,
  10023: MAKE_ROOM,
  10028: MAKE_ROOM,
  10047: MAKE_ROOM,
  [STORE_FAILED]: 'make room, or raise maxBytes (max_bytes) of the stream',
};

/** About one that stays. */
const ADVICE: Readonly<Record<number, string>> = {
  10054: 'raise max_msg_size of the stream',
};

/** What the reply to a message says of it. Others may subscribe to its subject, too, and answer something: that is unknown. */
export type Ack = 'taken' | 'duplicate' | 'missed' | 'unknown' | Error;

/** Says at a glance that a stream has the message, as nearly all replies do. */
function isTaken({ data }: Msg): boolean {
  for (let i = 0; i < TAKEN.length; i++) if (data[i] !== TAKEN[i]) return false;
  return true;
}

/**
 * True if the stream had the message already, as the acknowledgement between these places says: a plain one ends with a number, which
 * nearly all do.
 */
export function isDuplicate(bytes: Uint8Array, start: number, end: number): boolean {
  const last = bytes[end - 2] ?? 0;
  // guard: a duplicate is told
  if (last >= ZERO && last <= NINE) return false;
  return DUPLICATE.test(Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString());
}

/** What a reply to a message for `target` says; what no stream took is missed. */
export function ackOf(reply: Msg, target: string): Ack {
  const { data } = reply;
  if (isTaken(reply)) return isDuplicate(data, 0, data.length) ? 'duplicate' : 'taken';
  if (data.length === 0 && reply.headers?.code === NO_RESPONDERS) return 'missed';
  const { error, stream } = objectOf(reply);
  if (error !== undefined) {
    const { description = 'no reason given', err_code: code = 0 } = error;
    return refusal(`the stream refuses the message for "${target}": ${description} (${code})`, code);
  }
  if (typeof stream !== 'string') return 'unknown';
  return isDuplicate(data, 0, data.length) ? 'duplicate' : 'taken';
}

/** An error with that text, and what is to be done about it, by the server's err_code; SERVER_FULL if it passes. */
export function refusal(text: string, code = 0, cause?: Error): Error {
  // that it is too large for the stream's files is a failure to store it, too
  const isPassing = code in PASSING && !(code === STORE_FAILED && /\blarge\b/i.test(text));
  if (isPassing) return serverFull(`${text}; ${PASSING[code]}`, cause);
  return new Error(ADVICE[code] === undefined ? text : `${text}; ${ADVICE[code]}`, { cause });
}

/** What a message rejects with that no stream took. */
export function missedBy(target: string): Error {
  const advice = 'create one, list it in "streams" of the connector, or set "jetstream": false for core NATS';
  return new Error(`no stream takes the subject "${target}", or the server has no JetStream; ${advice}`);
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
