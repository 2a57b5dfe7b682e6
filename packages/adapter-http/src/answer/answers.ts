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

/** What {@link written} has written last: under load, successive messages often have the same answer. */
let last: Answer | undefined;
let lastWritten: Written;

/** Writes the body of an answer, and its length among the headers: Node would send it in chunks. */
export function written(answer: Answer): Written {
  if (answer === last) return lastWritten;
  const { headers, body } = answer;
  const isBytes = Buffer.isBuffer(body);
  const text = isBytes ? body : JSON.stringify(body);
  const all = { headers: { ...headers, 'content-length': Buffer.byteLength(text) }, text };
  // a reply of a server may be large, and is not the next one's
  if (!isBytes) [last, lastWritten] = [answer, all];
  return all;
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

/** The answer to the last message that was accepted. */
let lastAccepted = { target: '', answer: answer(202, { target: '' }) };

/** Returns the answer if the server has accepted the message, or had it already. */
export function accepted(target: string, { duplicate = false }: ProduceResult = {}): Answer {
  if (duplicate) return answer(202, { target, duplicate });
  if (target !== lastAccepted.target) lastAccepted = { target, answer: answer(202, { target }) };
  return lastAccepted.answer;
}
