import { badEvent, eventOf, type Event } from './attributes.js';
import { mediaTypeOf, parseJson } from './check.js';
import { Refused } from '../answer/refusals.js';

/** Media types of an event in JSON, and of a list of events. */
export const EVENT_TYPE = 'application/cloudevents+json';
export const EVENTS_TYPE = 'application/cloudevents-batch+json';

const PREFIX = 'ce-';

/** Returns true if headers say that the body is the data of an event (CloudEvents, HTTP binding, section 3.1). */
export function hasEventHeaders(headers: NodeJS.Dict<unknown>): boolean {
  for (const name in headers) if (name.startsWith(PREFIX)) return true;
  return false;
}

/** Returns the event of a request, in binary or structured mode, if there is one. Throws a refusal if it is wrong. */
export function eventIn(headers: NodeJS.Dict<string[]>, contentType = '', body: Buffer): Event | undefined {
  const type = mediaTypeOf(contentType);
  if (type === EVENT_TYPE) return structuredEvent(body);
  if (type === EVENTS_TYPE) throw new Refused('UNSUPPORTED_TYPE', 'a batch of events goes to /produce/<target>/batch');
  if (type.startsWith('application/cloudevents'))
    throw new Refused('UNSUPPORTED_TYPE', `events in "${type}" cannot be read; send ${EVENT_TYPE}, or headers (ce-…)`);
  return hasEventHeaders(headers) ? binaryEvent(headers, contentType) : undefined;
}

/** Reads an event whose attributes are headers. */
function binaryEvent(headers: NodeJS.Dict<string[]>, contentType: string): Event {
  const attributes = new Map<string, string>();
  for (const [header, values = []] of Object.entries(headers)) {
    if (!header.startsWith(PREFIX)) continue;
    const [value = ''] = values;
    if (values.length > 1) throw badEvent(`there is more than one "${header}"`);
    if (header === 'ce-datacontenttype')
      throw badEvent(`"${header}" is not used; send the header Content-Type instead`);
    attributes.set(header.slice(PREFIX.length), decoded(header, value));
  }
  // checked like the others, though it goes with the message as its content type
  if (contentType !== '') eventOf(new Map([...attributes, ['datacontenttype', contentType]]));
  return eventOf(attributes);
}

/** Decodes the value of a header: percent-encoded; old senders quote it (section 3.1.3.2). */
function decoded(header: string, value: string): string {
  if (!/^[ -~]*$/.test(value)) throw badEvent(`"${header}" has characters that have to be percent-encoded`);
  const text = /^"(?:[^"\\]|\\.)*"$/.test(value) ? value.slice(1, -1).replaceAll(/\\(.)/g, '$1') : value;
  try {
    return decodeURIComponent(text);
  } catch {
    throw badEvent(`"${header}" is not percent-encoded UTF-8: a "%" itself is sent as %25`);
  }
}

/** Reads an event in JSON (CloudEvents, JSON format, section 3). */
export function structuredEvent(json: Buffer): Event {
  const value = parseJson(json, 'the event is not JSON');
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw badEvent('it is not a JSON object');
  const { data, data_base64: base64, ...others } = value as Record<string, unknown>;
  if (base64 !== undefined && base64 !== null) {
    if (data !== undefined) throw badEvent('it has both "data" and "data_base64"; keep one of them');
    if (typeof base64 !== 'string' || !isBase64(base64)) throw badEvent('its "data_base64" is not Base64');
  }
  const attributes = new Map<string, string>();
  for (const [name, attribute] of Object.entries(others))
    if (attribute !== null) attributes.set(name, textOf(name, attribute));
  const { headers, identity } = eventOf(attributes);
  // in a header it would say that the body is of this type, and the body is an event
  const { 'ce-datacontenttype': _, ...carried } = headers;
  return { headers: carried, identity };
}

const STANDARD = new Set(['specversion', 'id', 'source', 'type', 'datacontenttype', 'dataschema', 'subject', 'time']);

/** Returns the canonical text of an attribute (section 2.2). */
function textOf(name: string, value: unknown): string {
  if (typeof value === 'string') return value;
  const fits = typeof value === 'boolean' || (Number.isInteger(value) && value === (Number(value) | 0));
  if (fits && !STANDARD.has(name)) return String(value);
  throw badEvent(
    `its "${name}" has to be text${STANDARD.has(name) ? '' : ', a whole number of 32 bits, or true or false'}`,
  );
}

function isBase64(text: string): boolean {
  return text.length % 4 === 0 && /^[A-Za-z\d+/]*={0,2}$/.test(text);
}
