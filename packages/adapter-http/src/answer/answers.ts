import type { ProduceResult } from '@sputnikjs/messaging';
import { cut, REFUSALS, type RefusalCode } from './refusals.js';

/** The answer to a request. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** What is written as JSON; bytes are written as they are. */
  readonly body: object;
}

/** What of an answer goes to the client after its status. */
export interface Written {
  readonly headers: Readonly<Record<string, string | number>>;
  readonly text: string | Buffer;
}

/** Writes the body of an answer, and its length among the headers: Node would send it in chunks. */
export function written({ headers, body }: Answer): Written {
  const text = Buffer.isBuffer(body) ? body : JSON.stringify(body);
  return { headers: { ...headers, 'content-length': Buffer.byteLength(text) }, text };
}

/** Problem details (RFC 9457, section 3). */
export interface Problem {
  /** Where this kind of problem is described, in the OpenAPI document of the gateway. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: RefusalCode;
}

/** Returns a refusal as problem details. `why` has the details of this case. */
export function problem(code: RefusalCode, why?: string): Problem {
  const { status, title, text } = REFUSALS[code];
  const detail = why === undefined ? text : `${cut(why)}; ${text}`;
  return { type: `/openapi.json#/components/responses/${code}`, title, status, detail, code };
}

/** Returns a refusal as an answer: problem details and headers. Adds `headers` to those, and `extra` to the body. */
export function refusal(code: RefusalCode, why?: string, { headers = {}, extra = {} }: Additions = {}): Answer {
  return {
    status: REFUSALS[code].status,
    headers: { 'content-type': 'application/problem+json; charset=utf-8', ...REFUSALS[code].headers, ...headers },
    body: { ...problem(code, why), ...extra },
  };
}

/** What one refusal has beyond others of its kind. */
export interface Additions {
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly extra?: object | undefined;
}

const JSON_HEADERS = { 'content-type': 'application/json; charset=utf-8' };

/** Returns an answer that is no refusal. */
export function answer(status: number, body: object): Answer {
  return { status, headers: JSON_HEADERS, body };
}

/** Returns the answer if the server has accepted the message, or had it already. */
export function accepted(target: string, { duplicate = false }: ProduceResult = {}): Answer {
  return answer(202, duplicate ? { target, duplicate } : { target });
}
