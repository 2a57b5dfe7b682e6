import type { FlightStatus, Logger } from '@sputnikjs/core';
import { errorFields } from '../log/error-fields.js';
import { EXIT } from './exit-code.js';
import { heldBy } from '../log/record.js';
import { chain } from '../text.js';

/** What is guarded. */
export interface Guarded {
  readonly log: Logger;
  /** Undefined before there is a flight. */
  readonly status: () => FlightStatus | undefined;
  /** Lands the satellite, if it has not. */
  readonly fail: (error: unknown) => void;
}

/**
 * Guards the process of a satellite until it has landed: an error that nobody caught lands it in good order; an exit that somebody asks for
 * is logged with what was held, and its code becomes 1. Returns what ends the guard.
 */
export function guardProcess({ log, status, fail }: Guarded): () => void {
  // rejections that nobody handles come here, too
  const uncaught = (error: unknown, origin: string): void => {
    const text = `uncaught error; the satellite lands: ${chain(error)}`;
    log.error({ event: 'uncaught', origin, ...errorFields(error, 'unexpected') }, text);
    // guard: an error that nobody catches lands
    fail(error);
  };
  const exited = (code: number): void => {
    const held = heldBy(status()?.blocks ?? []);
    const text = `the process ends without a landing: something called process.exit(${code}); ${held} messages were held and are lost`;
    log.error({ event: 'exitWithoutLanding', code, held }, text);
    // guard: an exit without a landing is not exit code 0
    process.exitCode = code === EXIT.clean ? EXIT.failure : code;
  };
  process.on('uncaughtException', uncaught);
  // before the log ends
  process.prependListener('exit', exited);
  return () => {
    process.off('uncaughtException', uncaught);
    process.off('exit', exited);
  };
}
