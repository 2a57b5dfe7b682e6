import { headers as newHeaders, type Msg, type MsgHdrs, type MsgHdrsImpl } from '@nats-io/transport-node';
import type { ConsumedMessage, ProduceMessage } from '@sputnikjs/sidecar';

const CONTENT_TYPE = 'Content-Type';
const MESSAGE_ID = 'Nats-Msg-Id';
/** Headers by which a sender tells the server what to do: even to throw away what is stored. */
const SERVERS_OWN = /^nats-/i;
const IS_CONTENT_TYPE = /^content-type$/i;

/** What goes with a message, in NATS headers as they are on their way (ADR-4); undefined if nothing does. Throws what is wrong with one. */
export function headersOf({ contentType, headers, id }: ProduceMessage): Uint8Array | undefined {
  if (contentType === undefined && id === undefined && headers === undefined) return undefined;
  const result = newHeaders();
  if (id !== undefined) set(result, MESSAGE_ID, id);
  if (contentType !== undefined) set(result, CONTENT_TYPE, contentType);
  for (const [name, value] of Object.entries(headers ?? {})) {
    if (SERVERS_OWN.test(name))
      throw bad(name, 'names that begin with Nats- belong to the server; an id goes into "id"');
    if (IS_CONTENT_TYPE.test(name)) throw bad(name, 'it goes into "contentType"');
    if (!/^[!-9;-~]+$/.test(name)) throw bad(name, 'a name has printable ASCII characters, no space and no colon');
    set(result, name, value);
  }
  return result.keys().length === 0 ? undefined : (result as MsgHdrsImpl).encode();
}

function set(headers: MsgHdrs, name: string, value: string): void {
  if (/[\r\n\0\p{Surrogate}]/u.test(value)) throw bad(name, 'its value has line breaks or broken characters');
  if (value !== value.trim()) throw bad(name, 'its value begins or ends with white space, which would be lost');
  headers.append(name, value);
}

function bad(name: string, problem: string): Error {
  return new Error(`the header ${JSON.stringify(name)} cannot be sent: ${problem}`);
}

/** The other way round. Headers of the server's own stay out: whoever passes a message on is not to command the next server. */
export function propertiesOf({ headers }: Msg): Pick<ConsumedMessage, 'contentType' | 'headers'> {
  if (headers === undefined) return {};
  let contentType: string | undefined;
  const entries: [string, string][] = [];
  for (const [name, values] of headers) {
    if (IS_CONTENT_TYPE.test(name)) contentType = values[0];
    else if (!SERVERS_OWN.test(name)) entries.push([name, values.join(', ')]);
  }
  return {
    ...(contentType !== undefined && { contentType }),
    ...(entries.length > 0 && { headers: Object.fromEntries(entries) }),
  };
}
