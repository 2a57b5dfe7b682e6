import type { RefusalCode } from '../answer/refusals.js';
import { refusalsOf } from './openapi-problems.js';

const TEXT = { type: 'string' } as const;

/** What a line, or the data of an event, is. */
const MESSAGE = {
  type: 'object',
  required: ['source'],
  properties: {
    source: { ...TEXT, description: 'The topic, subject, stream or queue that it was published to.' },
    payload: { ...TEXT, description: 'The payload, if it is UTF-8.' },
    payloadBase64: { ...TEXT, contentEncoding: 'base64', description: 'The payload, if it is not.' },
    contentType: TEXT,
    headers: { type: 'object', additionalProperties: TEXT },
    id: { ...TEXT, description: 'The id that its sender gave it.' },
    sequence: {
      ...TEXT,
      description: 'Where it stands in its source. Where the server keeps that, the id of the event.',
    },
    redelivered: { const: true, description: 'True if the server may have delivered it before.' },
    deliveries: { type: 'integer', minimum: 1 },
    correlationId: TEXT,
    replyTo: TEXT,
  },
} as const;

const number = (name: string, minimum: number, description: string): object => ({
  name,
  in: 'query',
  description,
  required: false,
  schema: { type: 'integer', minimum },
});

const POSSIBLE: readonly RefusalCode[] = [
  'BAD_REQUEST',
  'UNAUTHORIZED',
  'FORBIDDEN',
  'NOT_FOUND',
  'NOT_ACCEPTABLE',
  'REQUEST_TIMEOUT',
  'CANNOT_RESUME',
  'EXPECTATION_FAILED',
  'HEADERS_TOO_LARGE',
  'INTERNAL',
  'UNSUPPORTED_CODING',
  'REFUSED',
  'SERVER_AWAY',
  'FULL',
  'LANDING',
];

/** Describes the operation that consumes. */
export function consumption(sources: readonly string[], security: readonly object[], hasTokens: boolean): object {
  return {
    operationId: 'consume',
    summary: 'Get messages as they arrive from the server, at most once',
    description:
      'Each request gets every message of the source that comes while it is open. What was written to a connection counts as handled, whether its client reads it or not. Where the server keeps messages, Last-Event-ID gets all after the one that it names, without a gap.',
    security,
    parameters: [
      {
        name: 'source',
        in: 'path',
        required: true,
        description: 'One of the sources that are served, percent-encoded. It may contain slashes.',
        schema: { type: 'string', enum: sources },
      },
      {
        name: 'Last-Event-ID',
        in: 'header',
        required: false,
        description:
          'The id of the last event that the client has, or the sequence of its last line: it gets what follows.',
        schema: TEXT,
      },
      number('max', 1, 'Most messages; then the answer ends. Default: no limit.'),
      number(
        'wait',
        0,
        'The longest time that the answer takes, in seconds. Default: until the client or the gateway ends it.',
      ),
    ],
    responses: {
      200: {
        description: 'The messages, as they arrive.',
        content: {
          'application/x-ndjson': { schema: { ...MESSAGE, description: 'Such an object in each line.' } },
          'text/event-stream': { schema: { ...TEXT, description: 'Events whose data is such an object.' } },
        },
      },
      ...refusalsOf(
        POSSIBLE.filter((code) => code !== 'UNAUTHORIZED' || hasTokens),
        undefined,
      ),
    },
  };
}
