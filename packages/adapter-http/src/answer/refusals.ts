/** Stable codes in the bodies of refusals. */
export type RefusalCode =
  | 'BAD_REQUEST'
  | 'UNAUTHORIZED'
  | 'FORBIDDEN'
  | 'NOT_FOUND'
  | 'METHOD_NOT_ALLOWED'
  | 'NOT_ACCEPTABLE'
  | 'REQUEST_TIMEOUT'
  | 'CANNOT_RESUME'
  | 'TOO_LARGE'
  | 'UNSUPPORTED_ENCODING'
  | 'UNSUPPORTED_TYPE'
  | 'EXPECTATION_FAILED'
  | 'KEY_REUSED'
  | 'TOO_MANY'
  | 'HEADERS_TOO_LARGE'
  | 'INTERNAL'
  | 'UNSUPPORTED_CODING'
  | 'REFUSED'
  | 'SERVER_AWAY'
  | 'SERVER_FULL'
  | 'FULL'
  | 'LANDING'
  | 'OUTCOME_UNKNOWN'
  | 'NOBODY_LISTENS'
  | 'REPLY_FAILED'
  | 'NO_REPLY';

/** A kind of refusal. */
export interface Refusal {
  readonly status: number;
  /** Short summary, always the same. */
  readonly title: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** What is wrong, and what the client can do. */
  readonly text: string;
}

/** All kinds of refusals. */
export const REFUSALS: Readonly<Record<RefusalCode, Refusal>> = {
  BAD_REQUEST: {
    status: 400,
    title: 'Malformed request',
    text: 'correct the request; the same request will fail again',
  },
  UNAUTHORIZED: {
    status: 401,
    title: 'No valid token',
    headers: { 'www-authenticate': 'Bearer' },
    text: 'send a token that the gateway knows, as in "Authorization: Bearer <token>"',
  },
  FORBIDDEN: {
    status: 403,
    title: 'Not allowed',
    text: 'the same request will be refused again',
  },
  NOT_FOUND: {
    status: 404,
    title: 'Nothing here',
    text: 'there is nothing at this path; GET /openapi.json lists what there is',
  },
  METHOD_NOT_ALLOWED: {
    status: 405,
    title: 'Wrong method',
    text: 'the method is not for this path; the header Allow says which are',
  },
  NOT_ACCEPTABLE: {
    status: 406,
    title: 'No acceptable type',
    text: 'messages come as application/x-ndjson or text/event-stream; accept one of these',
  },
  REQUEST_TIMEOUT: {
    status: 408,
    title: 'Request too slow',
    text: 'the request did not arrive in time; send it again, faster',
  },
  CANNOT_RESUME: {
    status: 409,
    title: 'Cannot resume',
    text: 'leave out Last-Event-ID to get the messages that come from now on',
  },
  TOO_LARGE: {
    status: 413,
    title: 'Body too large',
    text: 'the body is too large; send smaller ones',
  },
  UNSUPPORTED_ENCODING: {
    status: 415,
    title: 'Encoded body',
    headers: { 'accept-encoding': 'identity' },
    text: 'the gateway does not pass a Content-Encoding on; send the body without one',
  },
  UNSUPPORTED_TYPE: {
    status: 415,
    title: 'Wrong type of body',
    text: 'send a body of another Content-Type',
  },
  EXPECTATION_FAILED: {
    status: 417,
    title: 'Expectation not met',
    text: 'the gateway meets only the expectation "100-continue"; leave the header Expect out',
  },
  KEY_REUSED: {
    status: 422,
    title: 'Key in use by another message',
    text: 'the message was not taken; give each message its own Idempotency-Key, or each event its own source and id',
  },
  TOO_MANY: {
    status: 429,
    title: 'Too many messages of one client',
    headers: { 'retry-after': '1' },
    text: 'too many messages of this client wait for the server; this one was not taken, send it again later',
  },
  HEADERS_TOO_LARGE: {
    status: 431,
    title: 'Headers too large',
    text: 'the headers are too large; send fewer or shorter ones',
  },
  INTERNAL: {
    status: 500,
    title: 'The gateway failed',
    text: 'the gateway failed; its log says why',
  },
  UNSUPPORTED_CODING: {
    status: 501,
    title: 'Transfer coding not supported',
    text: 'the gateway decodes no Transfer-Encoding but "chunked"; send the body without another',
  },
  REFUSED: {
    status: 502,
    title: 'Refused by the server',
    text: 'the same request is likely to be refused again',
  },
  SERVER_AWAY: {
    status: 503,
    title: 'The server is away',
    headers: { 'retry-after': '5' },
    text: 'there is no connection to the server; nothing was taken, try again later',
  },
  SERVER_FULL: {
    status: 503,
    title: 'The server is full',
    headers: { 'retry-after': '5' },
    text: 'the server has no room for now; the message was not taken, send it again later',
  },
  FULL: {
    status: 503,
    title: 'The gateway is full',
    headers: { 'retry-after': '1' },
    text: 'the gateway has no room for now; nothing was taken, try again later',
  },
  LANDING: {
    status: 503,
    title: 'The gateway is shutting down',
    text: 'the gateway is shutting down; nothing was taken, try again over a new connection',
  },
  OUTCOME_UNKNOWN: {
    status: 503,
    title: 'Outcome unknown',
    text: 'the message may have been taken or not; send it again if having it twice does no harm',
  },
  NOBODY_LISTENS: {
    status: 503,
    title: 'No responder',
    headers: { 'retry-after': '5' },
    text: 'nothing was handled; send the request again when a responder is there',
  },
  REPLY_FAILED: {
    status: 502,
    title: 'The responder failed',
    text: 'the responder reports that the request failed; it may have been handled in part',
  },
  NO_REPLY: {
    status: 504,
    title: 'No reply in time',
    text: 'the request may have been handled or not; send it again if having it twice does no harm',
  },
};

/** Longer texts quote what a client sent. */
const LONGEST_WHY = 300;

/**
 * Thrown if a request is wrong: the answer is a refusal. `message` has the details. It has no stack, since clients can cause thousands of them.
 */
export class Refused extends Error {
  readonly code: RefusalCode;

  constructor(code: RefusalCode, why: string) {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(cut(why));
    Error.stackTraceLimit = stackTraceLimit;
    this.code = code;
  }
}

/** Shortens the details of a refusal. */
export function cut(why: string): string {
  return why.length > LONGEST_WHY ? `${why.slice(0, LONGEST_WHY)}…` : why;
}
