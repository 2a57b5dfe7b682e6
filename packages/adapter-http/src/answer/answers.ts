import type { ProduceResult } from '@sputnikjs/messaging';
import { cut, REFUSALS, type RefusalCode } from './refusals.js';

/** What a request is answered with. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: object;
}

/** Problem details (RFC 9457, section 3). */
export interface Problem {
  /** Where this kind of problem is described: a place in the gateway's own OpenAPI document. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: RefusalCode;
}

/** The refusal as problem details. `why` tells the particulars. */
export function problem(code: RefusalCode, why?: string): Problem {
  const { status, title, text } = REFUSALS[code];
  const detail = why === undefined ? text : `${cut(why)}; ${text}`;
  return { type: `/openapi.json#/components/responses/${code}`, title, status, detail, code };
}

/** A refusal: problem details, with the headers that go with them. `headers` are added, `extra` goes into the body. */
export function refusal(code: RefusalCode, why?: string, { headers = {}, extra = {} }: Additions = {}): Answer {
  return {
    status: REFUSALS[code].status,
    headers: { 'content-type': 'application/problem+json; charset=utf-8', ...REFUSALS[code].headers, ...headers },
    body: { ...problem(code, why), ...extra },
  };
}

/** What goes with one refusal beyond what goes with all of its kind. */
export interface Additions {
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly extra?: object | undefined;
}

/** An answer that is no refusal. */
export function answer(status: number, body: object): Answer {
  return { status, headers: { 'content-type': 'application/json; charset=utf-8' }, body };
}

/** The server has taken the message, or had it already. */
export function accepted(target: string, { duplicate = false }: ProduceResult = {}): Answer {
  return answer(202, { target, ...(duplicate && { duplicate }) });
}
