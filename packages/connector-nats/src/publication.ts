import type { PermissionViolationError } from '@nats-io/transport-node';
import type { ProduceMessage } from '@sputnikjs/messaging';
import { headersOf } from './headers.js';
import type { NatsLink } from './link/link.js';
import type { Publication } from './link/outgoing.js';
import { targetProblem } from './subject.js';

/** Puts a message into NATS's terms. Throws what is wrong with it, where the server would end the connection or not notice. */
export function publicationOf(message: ProduceMessage, { nats }: NatsLink): Publication {
  const { target, payload } = message;
  const problem = targetProblem(target);
  if (problem !== undefined) throw new Error(`cannot publish to ${JSON.stringify(target.slice(0, 200))}: ${problem}`);
  const headers = headersOf(message);
  const headersSize = Buffer.byteLength(headers);
  const payloadSize = Buffer.byteLength(payload);
  const total = headersSize + payloadSize;
  const { max_payload: most = Infinity, headers: takesHeaders = false } = nats.info ?? {};
  if (total > most) {
    const text = `the message for "${target}" has ${total} bytes, headers included; the server takes ${most} (max_payload)`;
    throw new Error(text);
  }
  if (headers !== '' && !takesHeaders)
    throw new Error(`the message for "${target}" has headers, an id or a content type, which the server does not take`);
  return { subject: target, headers, headersSize, payload, payloadSize };
}

/** What a message rejects with that the user may not send. */
export function forbidden(target: string, cause: PermissionViolationError): Error {
  return new Error(`may not publish to "${target}": ${cause.message}; give the user the permission on the server`, {
    cause,
  });
}
