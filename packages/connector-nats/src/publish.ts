import type { MsgHdrs, NatsConnection, PermissionViolationError, PublishOptions } from '@nats-io/transport-node';
import type { ProduceMessage } from '@sputnikjs/sidecar';
import { bytesOf, headersOf } from './headers.js';
import { targetProblem } from './subject.js';

/** Sends a message on its way. Throws what is wrong with it, where the server would end the connection or not notice. */
export function publish(nats: NatsConnection, message: ProduceMessage, reply?: string): void {
  const { target, payload } = message;
  const problem = targetProblem(target);
  if (problem !== undefined) throw new Error(`cannot publish to ${JSON.stringify(target.slice(0, 200))}: ${problem}`);
  const headers = headersOf(message);
  try {
    nats.publish(target, payload, optionsOf(reply, headers));
  } catch (cause) {
    const size = Buffer.byteLength(payload) + (headers === undefined ? 0 : bytesOf(headers));
    const most = nats.info?.max_payload;
    if (most === undefined || size <= most) throw cause;
    const text = `the message for "${target}" has ${size} bytes, headers included; the server takes ${most} (max_payload)`;
    throw new Error(text, { cause });
  }
}

function optionsOf(reply: string | undefined, headers: MsgHdrs | undefined): PublishOptions {
  if (headers === undefined) return reply === undefined ? {} : { reply };
  return reply === undefined ? { headers } : { reply, headers };
}

/** What a message rejects with that the user may not send. */
export function forbidden(target: string, cause: PermissionViolationError): Error {
  return new Error(`may not publish to "${target}": ${cause.message}; give the user the permission on the server`, {
    cause,
  });
}
