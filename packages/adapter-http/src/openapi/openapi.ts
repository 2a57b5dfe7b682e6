import type { HttpGatewayConfig } from '../config.js';
import { BATCH_TYPES } from '../read/batch.js';
import { REFUSALS, type RefusalCode } from '../answer/refusals.js';
import { consumption } from './openapi-consume.js';
import { requesting } from './openapi-request.js';
import { refusalsOf, problemResponse } from './openapi-problems.js';

/** The keys that the document depends on. */
type Facts = Pick<HttpGatewayConfig, 'tokens' | 'caFile' | 'maxPendingPerClient' | 'consume' | 'request'>;

const NOT_OF_PRODUCE: readonly RefusalCode[] = [
  'NOT_FOUND',
  'METHOD_NOT_ALLOWED',
  'NOT_ACCEPTABLE',
  'NOBODY_LISTENS',
  'REPLY_FAILED',
  'NO_REPLY',
];

const JSON_TYPE = 'application/json';
const TEXT = { type: 'string' } as const;

const header = (name: string, description: string, required = false): object => ({
  name,
  in: 'header',
  description,
  required,
  schema: TEXT,
});

const TARGET = {
  name: 'target',
  in: 'path',
  required: true,
  description:
    'Where the message goes, percent-encoded: a topic, subject, stream or queue of the server. It may contain slashes; a target that ends in "/batch" is written with "%2Fbatch".',
  schema: { type: 'string', minLength: 1 },
};

const COMMON = [
  TARGET,
  header(
    'Idempotency-Key',
    'Identity of the message, for servers that deduplicate: unique for the token and the target. A batch has one key for all messages; the place of each tells them apart.',
  ),
  header('traceparent', 'Passed on with the message (W3C Trace Context).'),
  header('tracestate', 'Passed on with the message, if there is a traceparent.'),
];

const EVENT = [
  header(
    'ce-specversion',
    'Makes the body the data of a CloudEvent in binary mode: "1.0". The other ce- headers go with it.',
  ),
  header(
    'ce-id',
    'Needed in an event. With ce-source, it is the id of the message, unless there is an Idempotency-Key.',
  ),
  header('ce-source', 'Needed in an event.'),
  header('ce-type', 'Needed in an event.'),
];

const DUPLICATE = {
  const: true,
  description: 'The server already had a message with this identity, and keeps that one.',
} as const;

const ITEMS = {
  type: 'array',
  items: {
    type: 'object',
    required: ['index', 'status'],
    additionalProperties: false,
    properties: {
      index: { type: 'integer', minimum: 0, description: 'Place in the batch.' },
      status: { type: 'integer', description: 'The status that the message would have got alone.' },
      duplicate: DUPLICATE,
      code: { type: 'string', enum: Object.keys(REFUSALS) },
      detail: TEXT,
    },
  },
} as const;

const object = (properties: object): object => ({
  type: 'object',
  required: Object.keys(properties),
  additionalProperties: false,
  properties,
});

const TAKEN = {
  type: 'object',
  required: ['target'],
  additionalProperties: false,
  properties: { target: TEXT, duplicate: DUPLICATE },
} as const;

const json = (description: string, schema: object): object => ({ description, content: { [JSON_TYPE]: { schema } } });

/** Returns an OpenAPI 3.1 document that describes the gateway with this configuration. */
export function openApi({ tokens, caFile, maxPendingPerClient, consume, request }: Facts): object {
  const schemes = {
    ...(tokens.length > 0 && { token: { type: 'http', scheme: 'bearer' } }),
    ...(caFile !== undefined && { certificate: { type: 'mutualTLS' } }),
  };
  const possible = (Object.keys(REFUSALS) as RefusalCode[]).filter(
    (code) =>
      !NOT_OF_PRODUCE.includes(code) &&
      (code !== 'UNAUTHORIZED' || tokens.length > 0) &&
      (code !== 'TOO_MANY' || maxPendingPerClient !== undefined),
  );
  const refusals = (isBatch: boolean): object => refusalsOf(possible, isBatch ? ITEMS : undefined);
  const security = [Object.fromEntries(Object.keys(schemes).map((name) => [name, []]))];

  return {
    openapi: '3.1.0',
    info: {
      title: 'Sputnik HTTP gateway',
      version: '1.0.0',
      description: 'Puts messages on the server. Only 202 says that the server has taken them.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    paths: {
      '/produce/{target}': {
        post: {
          operationId: 'produce',
          summary: 'Put a message on the server',
          security,
          parameters: [...COMMON, ...EVENT],
          requestBody: {
            description: 'The message, byte for byte; a Content-Type that says JSON, or a CloudEvent, is checked.',
            content: { '*/*': {}, 'application/cloudevents+json': { schema: { type: 'object' } } },
          },
          responses: { 202: json('The server has the message.', TAKEN), ...refusals(false) },
        },
      },
      '/produce/{target}/batch': {
        post: {
          operationId: 'produceBatch',
          summary: 'Put messages on the server, each on its own',
          security,
          parameters: COMMON,
          requestBody: {
            required: true,
            description: 'A JSON value in each line, or an array of them, or of CloudEvents.',
            content: Object.fromEntries(BATCH_TYPES.map((type) => [type, {}])),
          },
          responses: {
            202: json('The server has taken all messages.', object({ target: TEXT, items: ITEMS })),
            207: json('The messages have different outcomes: see each item.', object({ target: TEXT, items: ITEMS })),
            ...refusals(true),
          },
        },
      },
      ...(request && { '/request/{target}': { post: requesting(request.targets, security, tokens.length > 0) } }),
      ...(consume && { '/consume/{source}': { get: consumption(consume.sources, security, tokens.length > 0) } }),
      '/openapi.json': {
        get: {
          operationId: 'describe',
          summary: 'Get this document',
          security: [],
          responses: { 200: json('This document.', { type: 'object' }) },
        },
      },
    },
    components: {
      responses: Object.fromEntries(
        (Object.keys(REFUSALS) as RefusalCode[]).map((code) => [code, problemResponse([code], ITEMS)]),
      ),
      ...(Object.keys(schemes).length > 0 && { securitySchemes: schemes }),
    },
  };
}
