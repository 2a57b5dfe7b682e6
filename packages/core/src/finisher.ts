import type { Block } from './block.js';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;
type Signal = (typeof SIGNALS)[number];
type Land = (signal: Signal) => void;

/** One process listener a signal serves all satellites of the process, since Node warns of more than ten (L6). */
const listeners: Record<Signal, Set<Land>> = { SIGTERM: new Set(), SIGINT: new Set() };
const tell = (signal: Signal): void => listeners[signal].forEach((land) => land(signal));

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
    init(_config, { land, landing, signal: finishing, clock }) {
      for (const signal of SIGNALS) listen(signal, land);
      release = () => SIGNALS.forEach((signal) => forget(signal, land));
      const giveBack = (): void => forget('SIGINT', land);
      landing.addEventListener('abort', () => void clock.sleep(SAME_CTRL_C_MS, finishing).then(giveBack));
    },
    run() {},
    finish: () => release?.(),
  };
}
