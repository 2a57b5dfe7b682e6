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
 * Has a message of a client produced; resolves with what that is answered with. Never rejects. `onSettled` is called when the message
 * is held no longer, perhaps after the answer: a server may take its time.
 */
export type Produce = (this: void, message: ProduceMessage, client: string, onSettled: () => void) => Promise<Answer>;

/** A request to produce that may be read to its end. */
export interface RequestContext extends Address {
  readonly client: Client;
}

/** What is known before the body has come: where it is to go, and whether the client may do that. Rejects with a refusal. */
export async function receive(request: IncomingMessage, decodedPath: string, access: Access): Promise<RequestContext> {
  const address = addressOf(request.url ?? '', decodedPath);
  await access.look();
  const client = access.clientOf(request, address.target);
  checkEncoding(request.headers['content-encoding']);
  return { ...address, client };
}

/** How much a batch may be. */
export interface BatchLimits {
  /** Most messages in a batch. */
  readonly maxBatchItems: number;
  /** Most messages of a batch that wait for the server at once. */
  readonly batchWindow: number;
}

/** What a request is served with. */
export interface Service extends BatchLimits {
  readonly produce: Produce;
  readonly bodies: Bodies;
  readonly turns: Turns;
}

/** What becomes of a request. Throws a refusal if that is wrong. */
export async function serve(
  request: IncomingMessage,
  { target, client, isBatch }: RequestContext,
  body: Buffer,
  { produce, bodies, turns, maxBatchItems, batchWindow }: Service,
): Promise<Answer> {
  const scope = { token: client.token, target };
  const ask = (message: ProduceMessage): Promise<Answer> => produce(message, client.name, bodies.hold(request));
  const done = bodies.hold(request);
  try {
    if (!isBatch) return await ask(messageOf(request, scope, body));
    const batch = batchOf(request, scope, body, maxBatchItems);
    bodies.holdMore(request, batch.size * ITEM_BYTES);
    return await produceAll(target, batch, ask, batchWindow, turns);
  } finally {
    done();
  }
}
