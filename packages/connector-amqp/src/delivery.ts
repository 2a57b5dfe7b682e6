import { isDeepStrictEqual } from 'node:util';
import type { ConsumedMessage } from '@sputnikjs/messaging';
import type { AsyncMessage } from 'rabbitmq-client';

/** The header by which a quorum queue says how often it has delivered a message before; the first time it says nothing. */
const COUNT = 'x-delivery-count';

/** A delivery in the terms that all servers share. */
export function messageOf(delivery: AsyncMessage): ConsumedMessage {
  const { routingKey, body, contentType, headers, redelivered, messageId, correlationId, replyTo } = delivery;
  const entries = Object.entries(headers ?? {});
  const deliveries = redelivered ? countOf(delivery) : 1;
  return {
    source: routingKey,
    payload: body as Buffer,
    redelivered,
    ...(contentType !== undefined && { contentType }),
    ...(entries.length > 0 && { headers: Object.fromEntries(entries.map(([name, value]) => [name, textOf(value)])) }),
    ...(deliveries !== undefined && { deliveries }),
    ...(messageId !== undefined && { id: messageId }),
    ...(correlationId !== undefined && { correlationId }),
    ...(replyTo !== undefined && { replyTo }),
  };
}

/** The delivery's number, where the queue counts. */
function countOf({ headers }: AsyncMessage): number | undefined {
  const before: unknown = headers?.[COUNT];
  return typeof before === 'number' ? before + 1 : undefined;
}

/** True if the one is the other, delivered again, or cannot be told from it by anybody. */
export function isAgain(first: AsyncMessage, again: AsyncMessage): boolean {
  return (
    again.redelivered &&
    first.exchange === again.exchange &&
    first.routingKey === again.routingKey &&
    first.messageId === again.messageId &&
    first.correlationId === again.correlationId &&
    first.timestamp === again.timestamp &&
    first.contentType === again.contentType &&
    (first.body as Buffer).equals(again.body as Buffer) &&
    isDeepStrictEqual(uncounted(first), uncounted(again))
  );
}

function uncounted({ headers }: AsyncMessage): object {
  return { ...(headers as object | undefined), [COUNT]: undefined };
}

/** Values in AMQP have types: numbers and booleans in their usual spelling, bytes as UTF-8, lists and tables as JSON. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value === null || value === undefined) return '';
  if (Buffer.isBuffer(value)) return value.toString();
  return JSON.stringify(value);
}
