import { Refused } from './refusals.js';

/** Throws UNSUPPORTED_ENCODING if the body is not what it would be on the server. */
export function checkEncoding(contentEncoding = 'identity'): void {
  if (contentEncoding.toLowerCase() !== 'identity')
    throw new Refused('UNSUPPORTED_ENCODING', `the body is encoded with "${contentEncoding}"`);
}

/** Throws BAD_REQUEST if the type says JSON and the body is none. */
export function checkBody(contentType: string | undefined, body: Uint8Array): void {
  if (isJson(contentType)) parseJson(body, 'the body is not the JSON that its Content-Type says');
}

/** What the JSON says. Throws BAD_REQUEST, `complaint` first, if it is none. */
export function parseJson(json: Uint8Array, complaint: string): unknown {
  try {
    return JSON.parse(utf8.decode(json));
  } catch (error) {
    // V8's own words: they tell the position, or show the place.
    throw new Refused(
      'BAD_REQUEST',
      `${complaint}: ${error instanceof SyntaxError ? error.message : 'it is not UTF-8'}`,
    );
  }
}

/** `application/json`, or a type with the suffix `+json` (RFC 6839, section 3.1). */
function isJson(contentType = ''): boolean {
  return /^application\/(?:[^;\s]+\+)?json$/.test(mediaTypeOf(contentType));
}

/** The media type without its parameters, in lower case. */
export function mediaTypeOf(contentType: string): string {
  const [type = ''] = contentType.split(';', 1);
  return type.trim().toLowerCase();
}

/** JSON is UTF-8 without a byte order mark (RFC 8259, section 8.1). */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
