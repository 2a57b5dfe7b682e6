import type { IncomingMessage } from 'node:http';
import type { ProduceMessage } from '@sputnikjs/messaging';
import type { Access, Client } from '../access/access.js';
import { addressOf, type Address } from '../read/address.js';
import type { Answer } from '../answer/answers.js';
import type { Bodies } from '../receive/bodies.js';
import { batchOf } from '../read/batch.js';
import { checkEncoding } from '../read/check.js';
import { messageOf } from '../read/message.js';
import { ITEM_BYTES, produceAll } from './produce-all.js';
import type { Turns } from '../receive/turns.js';

/**
 * Produces a message of a client; resolves with the answer. Never rejects. Calls `onSettled` when the message is no longer held, which may be
 * after the answer, if the server is slow.
 */
export type Produce = (this: void, message: ProduceMessage, client: string, onSettled: () => void) => Promise<Answer>;

/** A request to produce whose body may be read. */
export interface RequestContext extends Address {
  readonly client: Client;
  /** The context of its span, which its messages take along; undefined where nobody traces. */
  readonly trace?: Readonly<Record<string, string>> | undefined;
}

/** Checks a request before its body has come: where it goes, and whether the client may send there. Rejects with a refusal. */
export async function receive(request: IncomingMessage, decodedPath: string, access: Access): Promise<RequestContext> {
  const { target, isBatch } = addressOf(request.url ?? '', decodedPath);
  const refreshing = access.refresh();
  if (refreshing !== undefined) await refreshing;
  const client = access.clientOf(request, { target });
  checkEncoding(request.headers['content-encoding']);
  return { target, isBatch, client };
}

/** Limits of a batch. */
export interface BatchLimits {
  /** Most messages in a batch. */
  readonly maxBatchItems: number;
  /** Most messages of a batch that wait for the server at once. */
  readonly batchWindow: number;
}

/** What serving a request needs. */
export interface Service extends BatchLimits {
  readonly produce: Produce;
  readonly bodies: Bodies;
  readonly turns: Turns;
}

/** Produces what a request brings, and resolves with the answer. Rejects with a refusal if the request is wrong. */
export async function serve(
  request: IncomingMessage,
  { target, client, isBatch, trace }: RequestContext,
  body: Buffer,
  { produce, bodies, turns, maxBatchItems, batchWindow }: Service,
): Promise<Answer> {
  const scope = { token: client.token, target };
  const ask = (message: ProduceMessage): Promise<Answer> =>
    produce(trace === undefined ? message : within(message, trace), client.name, bodies.hold(request));
  if (!isBatch) return ask(messageOf(request, scope, body));
  const done = bodies.hold(request);
  try {
    const batch = batchOf(request, scope, body, maxBatchItems);
    bodies.holdMore(request, batch.size * ITEM_BYTES, client.name);
    return await produceAll(target, batch, ask, batchWindow, turns);
  } finally {
    done();
  }
}

/** A message with the context of a span. */
function within(message: ProduceMessage, trace: Readonly<Record<string, string>>): ProduceMessage {
  return { ...message, headers: { ...message.headers, ...trace } };
}
