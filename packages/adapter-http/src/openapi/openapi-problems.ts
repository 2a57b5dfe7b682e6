import { REFUSALS, type RefusalCode } from '../answer/refusals.js';

/** Returns an OpenAPI response: problem details with one of these codes, which share a status. `items` describes those of a batch. */
export function problemResponse(codes: readonly RefusalCode[], items: object | undefined): object {
  const names = new Set(codes.flatMap((code) => Object.keys(REFUSALS[code].headers ?? {})));
  const headers = [...names].map((name) => [name, { schema: { type: 'string' } }]);
  return {
    description: codes.map((code) => `${code}: ${REFUSALS[code].text}.`).join('\n\n'),
    ...(headers.length > 0 && { headers: Object.fromEntries(headers) as object }),
    content: { 'application/problem+json': { schema: { oneOf: codes.map((code) => schemaOf(code, items)) } } },
  };
}

/** Returns the responses for these codes, by status. */
export function refusalsOf(codes: readonly RefusalCode[], items: object | undefined): object {
  const statuses = new Set(codes.map((code) => REFUSALS[code].status));
  const response = (status: number): object =>
    problemResponse(
      codes.filter((code) => REFUSALS[code].status === status),
      items,
    );
  return Object.fromEntries([...statuses].map((status) => [`${status}`, response(status)]));
}

function schemaOf(code: RefusalCode, items: object | undefined): object {
  const { title, status } = REFUSALS[code];
  return {
    type: 'object',
    required: ['type', 'title', 'status', 'detail', 'code'],
    additionalProperties: false,
    properties: {
      type: { const: `/openapi.json#/components/responses/${code}` },
      title: { const: title },
      status: { const: status },
      detail: { type: 'string', description: 'What is wrong, and what the client can do.' },
      code: { const: code },
      ...(items && { items }),
    },
  };
}
