import type { RefusalCode } from '../answer/refusals.js';
import { refusalsOf } from './openapi-problems.js';

const POSSIBLE: readonly RefusalCode[] = [
  'BAD_REQUEST',
  'UNAUTHORIZED',
  'FORBIDDEN',
  'NOT_FOUND',
  'REQUEST_TIMEOUT',
  'TOO_LARGE',
  'UNSUPPORTED_ENCODING',
  'UNSUPPORTED_TYPE',
  'EXPECTATION_FAILED',
  'HEADERS_TOO_LARGE',
  'INTERNAL',
  'UNSUPPORTED_CODING',
  'REFUSED',
  'REPLY_FAILED',
  'SERVER_AWAY',
  'SERVER_FULL',
  'FULL',
  'LANDING',
  'OUTCOME_UNKNOWN',
  'NOBODY_LISTENS',
  'NO_REPLY',
];

/** Describes the operation that sends a request. */
export function requesting(targets: readonly string[], security: readonly object[], hasTokens: boolean): object {
  const codes = POSSIBLE.filter((code) => code !== 'UNAUTHORIZED' || hasTokens);
  return {
    operationId: 'request',
    summary: 'Send a request to a responder on the server, and get its reply',
    description:
      'The gateway sends the request once. The answer is the reply: its body and content type, and the status in its header "status", or 200. A refusal by the gateway itself is application/problem+json with a code.',
    security,
    parameters: [
      {
        name: 'target',
        in: 'path',
        required: true,
        description: `Where the request goes, percent-encoded; it may contain slashes. Allowed, with * for any characters: ${targets.join(', ')}`,
        schema: { type: 'string', minLength: 1 },
      },
    ],
    requestBody: {
      description: 'The request, byte for byte; a Content-Type that says JSON, or a CloudEvent, is checked.',
      content: { '*/*': {} },
    },
    responses: {
      200: { description: 'The reply.', content: { '*/*': {} } },
      default: { description: 'The reply, with the status that it sets.', content: { '*/*': {} } },
      ...refusalsOf(codes, undefined),
    },
  };
}
