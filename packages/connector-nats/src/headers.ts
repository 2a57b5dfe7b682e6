import type { Msg } from '@nats-io/transport-node';
import type { ConsumedMessage, ProduceMessage } from '@sputnikjs/messaging';

const CONTENT_TYPE = 'Content-Type';
const MESSAGE_ID = 'Nats-Msg-Id';
/** How services say that they failed (ADR-32). */
const [FAILURE, FAILURE_CODE] = ['Nats-Service-Error', 'Nats-Service-Error-Code'];
/** So many characters of why. */
const MAX_FAILURE = 1_000;
/** Headers that are commands to the server, for example to delete what is stored. */
const SERVERS_OWN = /^nats-/i;
const IS_CONTENT_TYPE = /^content-type$/i;

/**
 * Returns the headers of a message in the wire format of NATS (ADR-4), after lines of the server's own; empty if there are none. Throws if a
 * header is wrong.
 */
export function headersOf(
  { contentType, headers, id }: Pick<ProduceMessage, 'contentType' | 'headers' | 'id'>,
  own = '',
): string {
  let lines = own;
  if (id !== undefined) lines += lineOf(MESSAGE_ID, id);
  if (contentType !== undefined) lines += lineOf(CONTENT_TYPE, contentType);
  for (const [name, value] of Object.entries(headers ?? {})) {
    // guard: headers of the server are not sent
    if (SERVERS_OWN.test(name))
      throw bad(name, 'names that begin with Nats- belong to the server; put an id into "id"');
    if (IS_CONTENT_TYPE.test(name)) throw bad(name, 'put it into "contentType"');
    if (!/^[!-9;-~]+$/.test(name)) throw bad(name, 'a name has printable ASCII characters, no space and no colon');
    lines += lineOf(name, value);
  }
  return lines === '' ? '' : `NATS/1.0\r\n${lines}\r\n`;
}

/** Returns the header lines by which a reply says that its handler failed. */
export function failureHeaders(why: string): string {
  const text = why
    .slice(0, MAX_FAILURE)
    .replace(/[\r\n\0\p{Surrogate}]+/gu, ' ')
    .trim();
  return lineOf(FAILURE, text) + lineOf(FAILURE_CODE, '500');
}

/** Returns why whoever answered failed, if a reply says so. */
export function failureIn({ headers }: Msg): string | undefined {
  if (headers === undefined || !headers.has(FAILURE_CODE)) return undefined;
  return `${headers.get(FAILURE)} (${headers.get(FAILURE_CODE)})`.trim();
}

function lineOf(name: string, value: string): string {
  if (/[\r\n\0\p{Surrogate}]/u.test(value)) throw bad(name, 'its value has line breaks or broken characters');
  if (value !== value.trim()) throw bad(name, 'its value begins or ends with white space, which would be lost');
  return `${name}: ${value}\r\n`;
}

function bad(name: string, problem: string): Error {
  return new Error(`the header ${JSON.stringify(name)} cannot be sent: ${problem}`);
}

/** Returns the properties in the headers of a message. Leaves out commands: a block that passes the message on must not command the next server. */
export function propertiesOf({ headers }: Msg): Pick<ConsumedMessage, 'id' | 'contentType' | 'headers'> {
  if (headers === undefined) return {};
  let id: string | undefined;
  let contentType: string | undefined;
  const entries: [string, string][] = [];
  for (const [name, values] of headers) {
    if (IS_CONTENT_TYPE.test(name)) contentType = values[0];
    else if (name === MESSAGE_ID) id = values[0];
    else if (!SERVERS_OWN.test(name)) entries.push([name, values.join(', ')]);
  }
  return {
    ...(id !== undefined && { id }),
    ...(contentType !== undefined && { contentType }),
    ...(entries.length > 0 && { headers: Object.fromEntries(entries) }),
  };
}
