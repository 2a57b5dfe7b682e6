import { Refused } from '../answer/refusals.js';
import type { Headers } from './properties.js';

/** The attributes of an event, each as its canonical text (CloudEvents 1.0, section 3.1). */
export type Attributes = ReadonlyMap<string, string>;

/** An event as properties of a message. */
export interface Event {
  readonly headers: Headers;
  /** Source and id, which identify the event: two sources may use the same id (section 3.1.1). */
  readonly identity: readonly [source: string, id: string];
}

/** Returns a refusal that says what is wrong with an event. */
export function badEvent(why: string): Refused {
  return new Refused('BAD_REQUEST', `it is not a CloudEvent 1.0: ${why}`);
}

/** Turns the attributes of an event into headers. Throws BAD_REQUEST if they are wrong. */
export function eventOf(attributes: Attributes): Event {
  for (const name of ['specversion', 'id', 'source', 'type'])
    if (!attributes.has(name)) throw badEvent(`it has no "${name}"`);
  for (const [name, value] of attributes) check(name, value);
  const headers = Object.fromEntries([...attributes].map(([name, value]) => [`ce-${name}`, encoded(value)]));
  return { headers, identity: [attributes.get('source') ?? '', attributes.get('id') ?? ''] };
}

/** The characters of RFC 3986, without its grammar. */
const URI = /^(?:[\w\-.~:/?#[\]@!$&'()*+,;=]|%[\da-f]{2})+$/i;
const TIME = /^\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/i;
const MEDIA_TYPE = /^[!#$%&'*+.^`|~\w-]+\/[!#$%&'*+.^`|~\w-]+\s*(?:;.*)?$/;

/** Rules for the attributes of the specification (section 3.1.1). */
const RULES = new Map<string, readonly [fits: (value: string) => boolean, expected: string]>(
  Object.entries({
    specversion: [(value) => value === '1.0', '"1.0"'],
    id: [(value) => value !== '', 'a text of at least one character'],
    source: [(value) => URI.test(value), 'a URI reference'],
    type: [(value) => value !== '', 'a text of at least one character'],
    datacontenttype: [(value) => MEDIA_TYPE.test(value), 'a media type'],
    dataschema: [(value) => URI.test(value) && /^[a-z][a-z\d+.-]*:/i.test(value), 'an absolute URI'],
    subject: [(value) => value !== '', 'a text of at least one character'],
    time: [isTime, 'a time such as 2026-01-31T12:00:00Z (RFC 3339)'],
  }),
);

function check(name: string, value: string): void {
  if (!/^[a-z\d]+$/.test(name) || name === 'data')
    throw badEvent(`"${name}" cannot be the name of an attribute; names have letters a to z and digits`);
  if (/[\p{Cc}\p{Surrogate}]/u.test(value)) throw badEvent(`"${name}" has control or broken characters`);
  const [fits, expected] = RULES.get(name) ?? [];
  if (fits && !fits(value)) throw badEvent(`its "${name}" is ${JSON.stringify(value)}, which is not ${expected}`);
}

function isTime(value: string): boolean {
  const [year = 0, month = 0, day = 0] = value.slice(0, 10).split('-').map(Number);
  return (
    TIME.test(value) && month > 0 && month <= 12 && day > 0 && day <= new Date(Date.UTC(year, month, 0)).getUTCDate()
  );
}

/** Encodes a value for a header: percent-encoded UTF-8 where it is not printable ASCII (HTTP binding, section 3.1.3.2). */
function encoded(value: string): string {
  return value.replaceAll(/[^!#$&-~]/gu, encodeURIComponent);
}
