import type { Reply } from '@sputnikjs/messaging';

/** Stable codes of replies that are not the upstream's. */
export type UpstreamFailureCode =
  | 'BAD_REQUEST'
  | 'FORBIDDEN'
  | 'METHOD_NOT_ALLOWED'
  | 'UNREACHABLE'
  | 'ANSWER_BROKEN'
  | 'ANSWER_TOO_LARGE'
  | 'FULL'
  | 'LANDING'
  | 'NO_ANSWER';

/** A kind of reply that is not the upstream's. */
export interface UpstreamFailure {
  readonly status: number;
  /** Short summary, always the same. */
  readonly title: string;
  /** What it means, and what the requester can do. */
  readonly text: string;
}

/** All kinds of replies that are not the upstream's. */
export const UPSTREAM_FAILURES: Readonly<Record<UpstreamFailureCode, UpstreamFailure>> = {
  BAD_REQUEST: {
    status: 400,
    title: 'Malformed request',
    text: 'the upstream was not called; correct the request',
  },
  FORBIDDEN: {
    status: 403,
    title: 'Path not allowed',
    text: 'the upstream was not called; name another path, or have it added to "paths"',
  },
  METHOD_NOT_ALLOWED: {
    status: 405,
    title: 'Method not allowed',
    text: 'the upstream was not called; name another method, or have it added to "methods"',
  },
  UNREACHABLE: {
    status: 502,
    title: 'The upstream cannot be reached',
    text: 'nothing was sent; ask again later',
  },
  ANSWER_BROKEN: {
    status: 502,
    title: 'No valid answer',
    text: 'the upstream may have handled the request or not; ask again if having it handled twice does no harm',
  },
  ANSWER_TOO_LARGE: {
    status: 502,
    title: 'The answer is too large',
    text: 'the upstream has handled the request; ask for less, or have "maxReplyBytes" raised',
  },
  FULL: {
    status: 503,
    title: 'Too many requests',
    text: 'the upstream was not called; ask again later',
  },
  LANDING: {
    status: 503,
    title: 'The satellite lands',
    text: 'the upstream may have handled the request or not; ask again if having it handled twice does no harm',
  },
  NO_ANSWER: {
    status: 504,
    title: 'No answer in time',
    text: 'the upstream may have handled the request or not; ask again if having it handled twice does no harm',
  },
};

/** Thrown when the reply is not the upstream's; the message has the details. */
export class UpstreamFailed extends Error {
  readonly code: UpstreamFailureCode;

  constructor(code: UpstreamFailureCode, why: string, options?: ErrorOptions) {
    super(why, options);
    this.code = code;
  }
}

/** Longer texts quote what others sent. */
const LONGEST_WHY = 300;

/** Returns a failure as a reply: problem details (RFC 9457), and their status. */
export function failureReply({ code, message }: UpstreamFailed): Reply {
  const { status, title, text } = UPSTREAM_FAILURES[code];
  const why = message.length > LONGEST_WHY ? `${message.slice(0, LONGEST_WHY)}…` : message;
  return {
    payload: JSON.stringify({ title, status, detail: `${why}; ${text}`, code }),
    contentType: 'application/problem+json; charset=utf-8',
    headers: { status: `${status}` },
  };
}
