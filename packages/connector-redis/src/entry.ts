import { SputnikError } from '@sputnikjs/core';
import type { ConsumedMessage, ProduceMessage } from '@sputnikjs/messaging';
import { Command } from 'ioredis';

const PAYLOAD = 'payload';
const CONTENT_TYPE = 'content-type';
const ID = 'id';
/** Before the name of a header in the name of its field. */
const HEADER = 'header:';
/** Redis takes no longer ones (proto-max-bulk-len): it would end the connection. */
const MAX_BYTES = 512 * 1024 * 1024;

/**
 * XADD of a message, encoded in one go: the library's way for each argument takes more than twice the CPU time, all in all (measured).
 */
export class Xadd extends Command {
  readonly #bytes: Buffer;

  /** Throws if the message cannot be sent. */
  constructor(message: ProduceMessage, maxLength: number | undefined) {
    super('xadd');
    this.#bytes = encoded(message, maxLength);
  }

  override toWritable(): Buffer {
    return this.#bytes;
  }
}

/** The command in the protocol's own terms: an array of strings, each after its length. */
function encoded({ target, payload, contentType, headers, id }: ProduceMessage, maxLength: number | undefined): Buffer {
  const problem = keyProblem(target);
  if (problem !== undefined) throw new Error(`cannot produce to ${JSON.stringify(target.slice(0, 200))}: ${problem}`);
  let rest = '';
  let strings = 5;
  const add = (name: string, value: string): void => {
    rest += bulk(name) + bulk(value);
    strings += 2;
  };
  if (contentType !== undefined) add(CONTENT_TYPE, contentType);
  if (id !== undefined) add(ID, id);
  if (headers !== undefined) for (const [name, value] of Object.entries(headers)) add(HEADER + name, value);
  const trim = maxLength === undefined ? '' : `${bulk('MAXLEN')}${bulk('~')}${bulk(`${maxLength}`)}`;
  if (maxLength !== undefined) strings += 3;

  const bytes = typeof payload === 'string' ? Buffer.byteLength(payload) : payload.length;
  if (bytes > MAX_BYTES)
    throw new Error(`cannot produce to ${JSON.stringify(target)}: the payload is larger than the 512 MiB of Redis`);
  const head = `*${strings}\r\n$4\r\nXADD\r\n${bulk(target)}${trim}$1\r\n*\r\n${bulk(PAYLOAD)}$${bytes}\r\n`;
  const tail = `\r\n${rest}`;
  if (typeof payload === 'string') return Buffer.from(head + payload + tail);
  const start = Buffer.byteLength(head);
  const buffer = Buffer.allocUnsafe(start + bytes + Buffer.byteLength(tail));
  buffer.write(head);
  buffer.set(payload, start);
  buffer.write(tail, start + bytes);
  return buffer;
}

/** Why something cannot be the key of a stream, or undefined: half a character would become another. */
export function keyProblem(key: string): string | undefined {
  return /\p{Surrogate}/u.test(key) ? 'it has broken characters' : undefined;
}

/** Throws BAD_CONFIG if nothing can be consumed from a key. */
export function checkKey(source: string): void {
  const problem = keyProblem(source);
  if (problem !== undefined)
    throw new SputnikError('BAD_CONFIG', `cannot consume from ${JSON.stringify(source)}: ${problem}`);
}

function bulk(text: string): string {
  return `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
}

/** What is known of an entry beside its fields. */
export interface Delivery {
  /** The id of the entry: its time, and a number. */
  readonly sequence: string;
  readonly redelivered: boolean;
  /** How often it was delivered, if the server says so. */
  readonly deliveries?: number | undefined;
}

/** The message in an entry's fields: names and values in turn. */
export function messageOf(source: string, fields: readonly Buffer[], delivery: Delivery): ConsumedMessage {
  const { sequence, redelivered, deliveries } = delivery;
  const delivered = { source, sequence, redelivered, ...(deliveries !== undefined && { deliveries }) };
  let payload: Buffer | undefined;
  let contentType: string | undefined;
  let id: string | undefined;
  const headers: [string, string][] = [];
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const [name, value] = [String(fields[i]), fields[i + 1] ?? Buffer.alloc(0)];
    if (name === PAYLOAD) payload = value;
    else if (name === CONTENT_TYPE) contentType = value.toString();
    else if (name === ID) id = value.toString();
    else headers.push([name.startsWith(HEADER) ? name.slice(HEADER.length) : name, value.toString()]);
  }
  if (payload === undefined) return foreign(delivered, fields);
  return {
    ...delivered,
    payload,
    ...(id !== undefined && { id }),
    ...(contentType !== undefined && { contentType }),
    ...(headers.length > 0 && { headers: Object.fromEntries(headers) }),
  };
}

/** Somebody else's entry, that has fields of its own: all of them as JSON. */
function foreign(delivered: Delivery & { readonly source: string }, fields: readonly Buffer[]): ConsumedMessage {
  const texts = fields.map(String);
  const entries = texts.flatMap((name, i): [string, string][] => (i % 2 === 0 ? [[name, texts[i + 1] ?? '']] : []));
  const payload = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  return { ...delivered, payload, contentType: 'application/json' };
}
