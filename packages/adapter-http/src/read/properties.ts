import type { IncomingMessage } from 'node:http';
import type { ProduceMessage } from '@sputnikjs/messaging';
import { Refused } from '../answer/refusals.js';

/** Properties of a message besides its body. */
export type Properties = Pick<ProduceMessage, 'headers' | 'id'>;

/** Returns the `Idempotency-Key` of a request, and its trace context, which goes on with the message (W3C Trace Context). */
export function propertiesOf(request: IncomingMessage): {
  readonly headers: Headers;
  readonly key: string | undefined;
} {
  return { headers: traceOf(request), key: keyOf(request) };
}

/** Headers of a message. */
export type Headers = Readonly<Record<string, string>>;

/** Returns properties, without keys for empty ones. */
export function properties(headers: Headers, id: string | undefined): Properties {
  const hasHeaders = headers !== NO_HEADERS && Object.keys(headers).length > 0;
  if (id === undefined) return hasHeaders ? { headers } : {};
  return hasHeaders ? { headers, id } : { id };
}

const NO_HEADERS: Headers = {};

/** Longest key; enough for any scheme of keys. */
const LONGEST_KEY = 240;

/** Reads the key: plain, or a quoted string as in the draft of the IETF: `"8e03978e"`. */
function keyOf({ headersDistinct }: IncomingMessage): string | undefined {
  const { 'idempotency-key': keys } = headersDistinct;
  if (keys === undefined) return undefined;
  const [text = ''] = keys;
  if (keys.length > 1) throw new Refused('BAD_REQUEST', 'there is more than one Idempotency-Key');
  const key = /^"(?:[^"\\]|\\["\\])*"$/.test(text) ? text.slice(1, -1).replaceAll(/\\(.)/g, '$1') : text;
  if (/^[!-~](?:[ -~]*[!-~])?$/.test(key) && key.length <= LONGEST_KEY) return key;
  throw new Refused(
    'BAD_REQUEST',
    `the Idempotency-Key must be 1 to ${LONGEST_KEY} printable ASCII characters, without a blank at either end`,
  );
}

const TRACEPARENT = /^(?!ff)[\da-f]{2}-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}(?:-[!-~]*)?$/;

/** Ignores an invalid or repeated `traceparent`, and then also `tracestate` (sections 3.2 and 4.2). */
export function traceOf({ headersDistinct }: IncomingMessage): Headers {
  const { traceparent, tracestate = [] } = headersDistinct;
  if (traceparent === undefined) return NO_HEADERS;
  const [parent = ''] = traceparent;
  if (traceparent.length !== 1 || !TRACEPARENT.test(parent)) return NO_HEADERS;
  const state = tracestate.join(',');
  return { traceparent: parent, ...(/^[!-~](?:[\t -~]*[!-~])?$/.test(state) && { tracestate: state }) };
}
