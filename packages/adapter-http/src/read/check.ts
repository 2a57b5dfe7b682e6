import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { Refused } from '../answer/refusals.js';

/**
 * Throws BAD_REQUEST, UNSUPPORTED_CODING or EXPECTATION_FAILED if the gateway cannot be sure to read the request as its sender means it (RFC 9112,
 * sections 3.2 and 6.1; RFC 9110, section 10.1.1).
 */
export function checkHead({ httpVersion, headersDistinct }: IncomingMessage): void {
  const { host, expect, 'transfer-encoding': codings } = headersDistinct;
  if (codings !== undefined) checkCodings(codings);
  if (httpVersion === '1.0') return;
  if (host?.length !== 1) throw new Refused('BAD_REQUEST', 'the request needs exactly one header Host');
  const expectation = expect?.find((text) => text.toLowerCase() !== '100-continue');
  if (expectation !== undefined) throw new Refused('EXPECTATION_FAILED', `the request expects "${expectation}"`);
}

function checkCodings(codings: readonly string[]): void {
  for (const text of codings.join(',').split(',')) {
    const coding = text.trim().toLowerCase();
    if (coding !== '' && coding !== 'chunked')
      throw new Refused('UNSUPPORTED_CODING', `the body has the Transfer-Encoding "${coding}"`);
  }
}

/** Throws UNSUPPORTED_ENCODING if the body is encoded, for example compressed. */
export function checkEncoding(contentEncoding = 'identity'): void {
  if (contentEncoding.toLowerCase() !== 'identity')
    throw new Refused('UNSUPPORTED_ENCODING', `the body is encoded with "${contentEncoding}"`);
}

/** Throws BAD_REQUEST if the type is JSON and the body is not. */
export function checkBody(contentType: string | undefined, body: Buffer): void {
  if (isJson(contentType)) parseJson(body, 'the body is not JSON, although its Content-Type says so');
}

/** Parses JSON. Throws BAD_REQUEST, with a text that begins with `complaint`, if it is not valid. */
export function parseJson(json: Buffer, complaint: string): unknown {
  if (!isUtf8(json)) throw new Refused('BAD_REQUEST', `${complaint}: it is not UTF-8`);
  try {
    // JSON is UTF-8 without a byte order mark (RFC 8259, section 8.1): one stays, and is refused.
    return JSON.parse(json.toString());
  } catch (error) {
    // V8's own words: they tell the position, or show the place.
    throw new Refused('BAD_REQUEST', `${complaint}: ${(error as Error).message}`);
  }
}

/** Returns true for `application/json`, and for types with the suffix `+json` (RFC 6839, section 3.1). */
function isJson(contentType = ''): boolean {
  return /^application\/(?:[^;\s]+\+)?json$/.test(mediaTypeOf(contentType));
}

/** Returns the media type without its parameters, in lower case. */
export function mediaTypeOf(contentType: string): string {
  const [type = ''] = contentType.split(';', 1);
  return type.trim().toLowerCase();
}
