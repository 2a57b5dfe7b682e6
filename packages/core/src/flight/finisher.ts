import { onAbort } from '../time/abort.js';
import { defineBlock, type Block, type BlockDefinition } from '../block/block.js';
import { FINISHER } from '../api/descriptor.js';
import { onSignal } from './signals.js';

/** Lands nobody: for a flight that listens to no signals. */
export const silentFinisher: BlockDefinition = defineBlock({ name: FINISHER, make: () => ({}) });

/** Wrappers such as npm pass a Ctrl-C on to a process that the terminal has told already: the same one, not a second. */
const SAME_CTRL_C_MS = 300;

/**
 * The default finisher: lands on SIGTERM and SIGINT. During the landing it absorbs further SIGTERMs and gives SIGINT back
 * to Node, so that a second Ctrl-C ends the process (L6).
 */
export function finisherBlock(): Block {
  let forgetAll = (): void => {};
  return {
    init(_config, { land, landing, signal: finishing, clock }) {
      // guard: L6 SIGTERM lands
      const forgetTerm = onSignal('SIGTERM', () => land('SIGTERM'));
      // guard: L6 SIGINT lands
      const forgetInt = onSignal('SIGINT', () => land('SIGINT'));
      // guard: L6 our own listeners are removed
      forgetAll = () => [forgetTerm, forgetInt].forEach((forget) => forget());
      // guard: L6 a second Ctrl-C ends the process
      // guard: L6 a Ctrl-C that npm repeats does not
      onAbort(landing, () => void clock.sleep(SAME_CTRL_C_MS, finishing).then(forgetInt));
    },
    run() {},
    finish: () => forgetAll(),
  };
}
