import type { ConsumerInfo } from '@nats-io/jetstream';
import { millis, nanos } from '@nats-io/transport-node';
import { codeOf } from './jetstream.js';
import type { Streams } from './streams.js';
import { covers } from '../subject.js';

/** A durable pull consumer on the server. */
export interface Durable {
  readonly stream: string;
  readonly name: string;
  /** When it was made: another of the same name knows nothing of what this one has delivered. */
  readonly created: string;
  /** After this time without a word from us a message is delivered again, in milliseconds. */
  readonly ackWaitMs: number;
  /** How many messages it gives at once, and how long it lets us wait for them, at most. */
  readonly maxBatch: number;
  readonly maxExpiresMs: number;
}

/** Soon enough after a crash; while we live we tell the server in time what we are still at work on. */
const ACK_WAIT_MS = 10_000;
/** Messages that wait to be delivered again count, too: beyond this the server sends no others. */
const MAX_ACK_PENDING = 10_000;

/** The name of the consumer of a source: it has one filter, so there is one for each source. */
export function durableName(durable: string, source: string): string {
  const words: Readonly<Record<string, string>> = { '*': 'any', '>': 'all' };
  const tokens = source.split('.').map((token) => words[token] ?? token.replace(/[/\\]/g, '_'));
  return [durable, tokens.join('_')].join('-');
}

/** The durable consumer of a source: created if it is missing, checked if not. Rejects with what is in the way. */
export async function durableOf(
  streams: Streams,
  durable: string,
  source: string,
  maxUnacknowledged: number,
): Promise<Durable> {
  const { jetstream } = streams;
  const stream = await streams.nameFor(source);
  const name = durableName(durable, source);
  const found = await jetstream.find(({ consumers }) => consumers.info(stream, name));
  if (found !== undefined) {
    const problem = problemOf(found, source);
    if (problem === undefined) return described(found);
    const advice = 'delete it, or choose another "durable"';
    throw new Error(`the consumer "${name}" of the stream "${stream}" ${problem}; ${advice}`);
  }
  try {
    const config = {
      durable_name: name,
      ack_policy: 'explicit',
      ack_wait: nanos(ACK_WAIT_MS),
      max_ack_pending: Math.max(MAX_ACK_PENDING, maxUnacknowledged),
      filter_subject: source,
    } as const;
    return described(await jetstream.ask(({ consumers }) => consumers.add(stream, config)));
  } catch (cause) {
    const code = codeOf(cause);
    if (code === undefined) throw cause;
    const why = `${(cause as Error).message} (${code})`;
    throw new Error(`cannot create the consumer "${name}" of the stream "${stream}" for "${source}": ${why}`, {
      cause,
    });
  }
}

function problemOf({ config }: ConsumerInfo, source: string): string | undefined {
  if (config.deliver_subject !== undefined) return 'is a push consumer';
  if (config.ack_policy !== 'explicit') return `does not acknowledge each message by itself (${config.ack_policy})`;
  const filters = config.filter_subjects ?? [config.filter_subject ?? '>'];
  // a filter that takes more would hand us what is not ours
  // guard: a consumer for other subjects is an error
  if (!filters.every((filter) => covers(source, filter))) return `is for ${filters.join(', ')}, not for ${source}`;
  return undefined;
}

function described({ stream_name, name, created, config }: ConsumerInfo): Durable {
  const { ack_wait = 0, backoff = [], max_batch = 0, max_expires = 0 } = config;
  // backoff stands in for ack_wait, another one for each delivery
  const waits = [ack_wait, ...backoff].filter((wait) => wait > 0).map(millis);
  return {
    stream: stream_name,
    name,
    created,
    ackWaitMs: waits.length > 0 ? Math.min(...waits) : ACK_WAIT_MS,
    maxBatch: max_batch || Infinity,
    maxExpiresMs: millis(max_expires) || Infinity,
  };
}
