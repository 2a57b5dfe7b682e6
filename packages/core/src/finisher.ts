import type { Block } from './block.js';

type Land = (signal: NodeJS.Signals) => void;

/** One process listener a signal serves all satellites of the process, since Node warns of more than ten (L6). */
const listeners = { SIGTERM: new Set<Land>(), SIGINT: new Set<Land>() };
type Signal = keyof typeof listeners;

function tell(signal: Signal): void {
  for (const land of listeners[signal]) land(signal);
}

function listen(signal: Signal, land: Land): void {
  if (listeners[signal].size === 0) process.on(signal, tell);
  listeners[signal].add(land);
}

function forget(signal: Signal, land: Land): void {
  if (listeners[signal].delete(land) && listeners[signal].size === 0) process.off(signal, tell);
}

/** Wrappers such as npm pass a Ctrl-C on to a process that the terminal has told already: the same one, not a second. */
const SAME_CTRL_C_MS = 300;

/**
 * The default finisher: lands on SIGTERM and SIGINT. During the landing it absorbs further SIGTERMs and gives SIGINT back
 * to Node, so that a second Ctrl-C ends the process (L6).
 */
export function finisherBlock(): Block {
  let release: (() => void) | undefined;
  return {
    init(_config, { land, landing, clock }) {
      listen('SIGTERM', land);
      listen('SIGINT', land);
      let cancel: (() => void) | undefined;
      const giveBack = (): void => forget('SIGINT', land);
      landing.addEventListener('abort', () => (cancel = clock.after(SAME_CTRL_C_MS, giveBack)));
      release = () => {
        cancel?.();
        giveBack();
        forget('SIGTERM', land);
      };
    },
    run() {},
    finish: () => release?.(),
  };
}
