import type { Logger } from '@sputnikjs/core';
import type { ProblemLog } from '@sputnikjs/messaging/net';
import type { Problem } from './store/problem.js';

/** Logs a problem of the store. A torn end is what a kill leaves: nothing is lost, so it is no warning. */
export function tellProblem({ event, text, ...fields }: Problem, log: Logger, problemLog: ProblemLog): void {
  if (event === 'spoolTorn') log.info({ event, ...fields }, text);
  else problemLog.note(event, text, { ...fields });
}
