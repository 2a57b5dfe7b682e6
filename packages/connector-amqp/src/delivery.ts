import type { ConsumedMessage } from '@sputnikjs/sidecar';
import type { AsyncMessage } from 'rabbitmq-client';

/** A delivery in the terms that all servers share. */
export function messageOf({ routingKey, body, contentType, headers, redelivered }: AsyncMessage): ConsumedMessage {
  const entries = Object.entries(headers ?? {});
  return {
    source: routingKey,
    payload: body as Buffer,
    redelivered,
    ...(contentType !== undefined && { contentType }),
    ...(entries.length > 0 && { headers: Object.fromEntries(entries.map(([name, value]) => [name, textOf(value)])) }),
  };
}

/** Values in AMQP have types: numbers and booleans in their usual spelling, bytes as UTF-8, lists and tables as JSON. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value === null || value === undefined) return '';
  if (Buffer.isBuffer(value)) return value.toString();
  return JSON.stringify(value);
}
