import type { FlightStatus, Logger } from '@sputnikjs/core';
import { errorFields } from '../log/error-fields.js';
import { EXIT } from './exit-code.js';
import { heldBy } from '../log/record.js';
import { chain } from '../text.js';
import type { StuckLoop } from './watch.js';

/** The process to guard. */
export interface Guarded {
  readonly log: Logger;
  /** Undefined before there is a flight. */
  readonly status: () => FlightStatus | undefined;
  /** The stuck loop because of which the process ends, if it does. */
  readonly stuck: () => StuckLoop | undefined;
  /** Lands the satellite, if it has not. */
  readonly fail: (error: unknown) => void;
}

/**
 * Guards the process of a satellite until it has landed. An error that nobody caught lands it in good order. A `process.exit` is logged with
 * the number of held messages, and its code becomes 1; the same happens when a stuck loop is ended. Returns a function that ends the guard.
 */
export function guardProcess({ log, status, stuck, fail }: Guarded): () => void {
  // rejections that nobody handles come here, too
  const uncaught = (error: unknown, origin: string): void => {
    const text = `uncaught error; the satellite lands: ${chain(error)}`;
    log.error({ event: 'uncaught', origin, ...errorFields(error, 'unexpected') }, text);
    // guard: an error that nobody catches lands
    fail(error);
  };
  const exited = (code: number): void => {
    const held = heldBy(status()?.blocks ?? []);
    const loop = stuck();
    const why = loop ? stuckText(loop) : `something called process.exit(${code})`;
    const text = `the process ends without a landing: ${why}; ${held} messages were held and are lost`;
    log.error({ event: loop ? 'stuck' : 'exitWithoutLanding', code, held, ...loop }, text);
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

function stuckText({ ms, at }: StuckLoop): string {
  const place = at === undefined ? '' : `, in ${at}`;
  return `a signal came and the event loop has been stuck for ${(ms / 1000).toFixed(1)} s${place}`;
}
