import type { Answer } from '../send/answer.js';

/** What an answer means for the message. */
export type Verdict = 'accepted' | 'retry' | 'giveUp';

/** Refusals that another try may find otherwise: the request took too long, came too early, or too many came. */
const PASSING = new Set([408, 425, 429]);

/** Accepted by any 2xx, given up for any 4xx that says something about the request; all else may pass. */
export function verdictOf({ status }: Pick<Answer, 'status'>): Verdict {
  if (status >= 200 && status < 300) return 'accepted';
  // guard: what the receiver refuses for good is given up
  return status >= 400 && status < 500 && !PASSING.has(status) ? 'giveUp' : 'retry';
}

/** An answer in words, for the log and the dead letter. */
export function answerInWords({ status, location, text }: Answer): string {
  const to = location !== undefined && status >= 300 && status < 400 ? `, a redirect to ${location}` : '';
  return `the answer was ${status}${to}${text === '' ? '' : `: ${text}`}`;
}
