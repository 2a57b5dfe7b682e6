import { refusal, type Answer } from './answers.js';

/** What a request to produce says, as it came. */
export interface ProduceRequest {
  /** The path behind `/produce/`, percent-decoded. */
  readonly target: string;
  readonly contentType: string | undefined;
  readonly contentEncoding: string | undefined;
  readonly body: Uint8Array;
}

/** Why a request cannot be produced, or undefined if it can. A body without bytes is a message without bytes. */
export function checkRequest(request: ProduceRequest): Answer | undefined {
  const { target, contentType, contentEncoding = 'identity', body } = request;
  if (target === '') return refusal('BAD_REQUEST', 'there is no target; name it in the path, as in /produce/orders');
  if (contentEncoding.toLowerCase() !== 'identity') {
    return refusal('UNSUPPORTED_ENCODING', `the body is encoded with "${contentEncoding}"`);
  }
  const problem = isJson(contentType) ? jsonProblem(body) : undefined;
  if (problem === undefined) return undefined;
  return refusal('BAD_REQUEST', `the body is not the JSON that its Content-Type says: ${problem}`);
}

/** `application/json`, or a type with the suffix `+json` (RFC 6839, section 3.1). */
function isJson(contentType = ''): boolean {
  return /^\s*application\/(?:[^;\s]+\+)?json\s*(?:;|$)/i.test(contentType);
}

/** JSON is UTF-8 without a byte order mark (RFC 8259, section 8.1). */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** V8's own words: they tell the position, or show the place. */
function jsonProblem(body: Uint8Array): string | undefined {
  try {
    JSON.parse(utf8.decode(body));
    return undefined;
  } catch (error) {
    return error instanceof SyntaxError ? error.message : 'it is not UTF-8';
  }
}
