import type { IncomingMessage } from 'node:http';
import type { ProduceMessage } from '@sputnikjs/messaging';
import type { Access, Client } from './access.js';
import { addressOf, type Address } from './address.js';
import type { Answer } from './answers.js';
import { itemsOf } from './batch.js';
import { checkEncoding } from './check.js';
import { messageOf } from './message.js';
import { produceAll } from './produce-all.js';

/** Has a message of a client produced; resolves with what that is answered with. Never rejects. */
export type Produce = (this: void, message: ProduceMessage, client: string) => Promise<Answer>;

/** A request to produce that may be read to its end. */
export interface Visit extends Address {
  readonly client: Client;
}

/** What is known before the body has come: where it is to go, and whether the client may do that. Rejects with a refusal. */
export async function receive(request: IncomingMessage, decodedPath: string, access: Access): Promise<Visit> {
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

/** What becomes of a request. Throws a refusal if that is wrong. */
export async function serve(
  request: IncomingMessage,
  { target, client, isBatch }: Visit,
  body: Buffer,
  produce: Produce,
  { maxBatchItems, batchWindow }: BatchLimits,
): Promise<Answer> {
  const scope = { token: client.token, target };
  if (!isBatch) return produce(messageOf(request, scope, body), client.name);
  const items = itemsOf(request, scope, body, maxBatchItems);
  return produceAll(target, items, (message) => produce(message, client.name), batchWindow);
}
