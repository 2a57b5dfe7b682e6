/** What a request is answered with. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: object;
}

/** Stable codes in the bodies of refusals: each says what the client can do. */
export type RefusalCode =
  | 'BAD_REQUEST'
  | 'NOT_FOUND'
  | 'METHOD_NOT_ALLOWED'
  | 'REQUEST_TIMEOUT'
  | 'TOO_LARGE'
  | 'UNSUPPORTED_ENCODING'
  | 'HEADERS_TOO_LARGE'
  | 'INTERNAL'
  | 'REFUSED'
  | 'SERVER_AWAY'
  | 'FULL'
  | 'LANDING'
  | 'OUTCOME_UNKNOWN';

/** A way to be refused. */
export interface Refusal {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** What is the matter, and what the client can do. */
  readonly text: string;
}

/** Every way to be refused. */
export const REFUSALS: Readonly<Record<RefusalCode, Refusal>> = {
  BAD_REQUEST: { status: 400, text: 'mend the request; sent again as it is, it fails again' },
  NOT_FOUND: { status: 404, text: 'there is nothing here; send messages to POST /produce/<target>' },
  METHOD_NOT_ALLOWED: { status: 405, headers: { allow: 'POST' }, text: 'send messages with POST' },
  REQUEST_TIMEOUT: { status: 408, text: 'the request did not arrive in time; send it again, faster' },
  TOO_LARGE: { status: 413, text: 'the body is too large; send smaller ones' },
  UNSUPPORTED_ENCODING: {
    status: 415,
    headers: { 'accept-encoding': 'identity' },
    text: 'a Content-Encoding is not passed on with the message; send the body without one',
  },
  HEADERS_TOO_LARGE: { status: 431, text: 'the headers are too large; send fewer or shorter ones' },
  INTERNAL: { status: 500, text: 'the gateway failed; its log says why' },
  REFUSED: { status: 502, text: 'sent again as it is, the message is likely to be refused again' },
  SERVER_AWAY: {
    status: 503,
    headers: { 'retry-after': '5' },
    text: 'there is no connection to the server; the message was not taken, send it again later',
  },
  FULL: {
    status: 503,
    headers: { 'retry-after': '1' },
    text: 'too many messages wait for the server; this one was not taken, send it again later',
  },
  LANDING: {
    status: 503,
    headers: { connection: 'close' },
    text: 'the gateway is shutting down; the message was not taken, send it again over a new connection',
  },
  OUTCOME_UNKNOWN: {
    status: 503,
    text: 'the message may have been taken or not; send it again if having it twice does no harm',
  },
};

/** A refusal: `{ code, message }` as problem details (RFC 9457). `why` tells the particulars. */
export function refusal(code: RefusalCode, why?: string): Answer {
  const { status, headers, text } = REFUSALS[code];
  return {
    status,
    headers: { 'content-type': 'application/problem+json; charset=utf-8', ...headers },
    body: { code, message: why === undefined ? text : `${why}; ${text}` },
  };
}

/** The server has taken the message. */
export function taken(target: string): Answer {
  return { status: 202, headers: { 'content-type': 'application/json; charset=utf-8' }, body: { target } };
}
