import { isDeepStrictEqual } from 'node:util';
import type { ProduceMessage, Reply } from '@sputnikjs/messaging';
import type { Envelope, ReturnedMessage } from 'rabbitmq-client';
import { isShort } from './short-text.js';

/** A message in AMQP's terms. */
export interface Publication {
  readonly envelope: Envelope & { readonly routingKey: string };
  readonly body: Buffer;
}

/** All properties of a message go into one frame; longer ones make the library close the channel. In bytes. */
const MAX_PROPERTIES = 8192;
/** What they take beside their texts, in bytes: the frame's own, and what each text begins with. */
const OVERHEAD = 64;
const OVERHEAD_OF_HEADER = 6;
/**
 * Addresses of clients that wait for an answer themselves. The server says of no message whether it reached one, and ends the connection at
 * an address that it has not made itself.
 */
export const REPLY_TO = 'amq.rabbitmq.reply-to';
/** The header of a reply that says why its handler failed. */
export const FAILURE = 'sputnik-failure';
/** Headers by which a sender tells the server where else the message is to go: lists, which ours are not. */
const SERVERS_OWN = ['CC', 'BCC'];

/** Puts a message into AMQP's terms. Throws what is wrong with it, where the server would close the channel or not notice. */
export function publicationOf(message: ProduceMessage, exchange: string): Publication {
  checkTarget(message.target, exchange);
  return encoded(message, exchange);
}

/** Puts a reply into AMQP's terms. Throws what is wrong with it. Where it goes is for who asked to say. */
export function replyTo(target: string, reply: Reply, correlationId: string | undefined): Publication {
  const { envelope, body } = encoded({ ...reply, target }, '');
  // who asked may have gone
  const sent = { ...envelope, mandatory: false, durable: false };
  return { envelope: { ...sent, ...(correlationId !== undefined && { correlationId }) }, body };
}

function encoded(message: ProduceMessage, exchange: string): Publication {
  const { target, payload, contentType, headers, id } = message;
  let size = OVERHEAD;
  if (contentType !== undefined) size += sizeOf('the content type', contentType);
  if (id !== undefined) size += sizeOf('the id', id);
  for (const [name, value] of Object.entries(headers ?? {})) {
    // guard: headers of the server are not sent
    if (SERVERS_OWN.includes(name))
      throw bad(`the header "${name}"`, 'it is reserved for the server; choose another name');
    size += OVERHEAD_OF_HEADER + sizeOf('the name of a header', name);
    checkText(`the header ${JSON.stringify(name)}`, value);
    size += Buffer.byteLength(value);
  }
  // guard: headers that do not fit into a frame are refused
  if (size > MAX_PROPERTIES)
    throw bad(
      `the headers of the message for ${JSON.stringify(target)}`,
      `at most ${MAX_PROPERTIES} bytes of headers go with a message`,
    );
  return {
    envelope: {
      exchange,
      routingKey: target,
      // guard: a message that comes back is refused
      mandatory: true,
      durable: true,
      ...(contentType !== undefined && { contentType }),
      ...(id !== undefined && { messageId: id }),
      ...(headers !== undefined && { headers }),
    },
    body: bufferOf(payload),
  };
}

/** True if a message that came back is this one, or cannot be told from it by anybody. */
export function isSame({ envelope, body }: Publication, returned: ReturnedMessage): boolean {
  return (
    envelope.routingKey === returned.routingKey &&
    envelope.messageId === returned.messageId &&
    envelope.contentType === returned.contentType &&
    body.equals(returned.body as Buffer) &&
    isDeepStrictEqual({ ...envelope.headers }, { ...(returned.headers as object | undefined) })
  );
}

function bufferOf(payload: Uint8Array | string): Buffer {
  if (typeof payload === 'string') return Buffer.from(payload);
  return Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
}

function checkTarget(target: string, exchange: string): void {
  const what = `the target ${JSON.stringify(target.slice(0, 200))}`;
  checkText(what, target);
  if (!isShort(target)) throw bad(`${what}…`, 'it is longer than 255 bytes');
  if (exchange !== '') return;
  if (target === '') throw bad(what, 'the name of a queue has at least one character');
  // guard: nothing is sent to addresses of waiting clients
  if (target.startsWith(REPLY_TO))
    throw bad(what, 'the server stores no message for such an address; have the reply sent to a queue');
}

function sizeOf(what: string, text: string): number {
  checkText(what, text);
  if (!isShort(text)) throw bad(what, `${JSON.stringify(text.slice(0, 50))}… is longer than 255 bytes`);
  return Buffer.byteLength(text);
}

function checkText(what: string, text: string): void {
  if (/\p{Surrogate}/u.test(text)) throw bad(what, 'it has broken characters');
}

function bad(what: string, problem: string): Error {
  return new Error(`${what} cannot be sent: ${problem}`);
}
