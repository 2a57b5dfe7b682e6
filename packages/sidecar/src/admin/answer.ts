import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Purpose } from './access.js';

/** The answer of an endpoint. `undefined` if it has answered itself. */
export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string | Buffer;
}

/** An endpoint. */
export interface Endpoint {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly purpose: Purpose;
  /** For the list of endpoints. */
  readonly help: string;
  answer(
    request: IncomingMessage,
    response: ServerResponse,
    url: URL,
  ): Answer | undefined | Promise<Answer | undefined>;
}

export const text = (status: number, body: string): Answer => ({
  status,
  type: 'text/plain; charset=utf-8',
  body: `${body}\n`,
});

export const json = (body: object, status = 200): Answer => ({
  status,
  type: 'application/json; charset=utf-8',
  body: `${JSON.stringify(body)}\n`,
});
