import type { PermissionViolationError } from '@nats-io/transport-node';
import type { ProduceMessage, Reply } from '@sputnikjs/messaging';
import { headersOf } from './headers.js';
import type { NatsLink } from './link/link.js';
import type { Publication } from './link/outgoing.js';
import { replyProblem, targetProblem } from './subject.js';

/** Puts a message into NATS's terms. Throws what is wrong with it, where the server would end the connection or not notice. */
export function publicationOf(message: ProduceMessage, link: NatsLink): Publication {
  checkSubject(message.target, targetProblem(message.target));
  return encoded(message, headersOf(message), link);
}

/** Puts a reply into NATS's terms, with header lines of the server's own. Throws as {@link publicationOf} does. */
export function replyTo(target: string, reply: Reply, link: NatsLink, own?: string): Publication {
  checkSubject(target, replyProblem(target));
  return encoded({ target, payload: reply.payload }, headersOf(reply, own), link);
}

function checkSubject(target: string, problem: string | undefined): void {
  if (problem !== undefined) throw new Error(`cannot publish to ${JSON.stringify(target.slice(0, 200))}: ${problem}`);
}

function encoded(
  { target, payload }: Pick<ProduceMessage, 'target' | 'payload'>,
  headers: string,
  { nats }: NatsLink,
): Publication {
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
