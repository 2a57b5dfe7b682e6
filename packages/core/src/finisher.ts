import type { Block, BlockContext } from './block.js';

type Listener = (signal: NodeJS.Signals) => void;

/** One process listener a signal for all satellites of the process, since Node warns of more than ten (L6). */
class Signal {
  readonly #name: NodeJS.Signals;
  readonly #listeners = new Set<Listener>();

  constructor(name: NodeJS.Signals) {
    this.#name = name;
  }

  on(listener: Listener): void {
    if (this.#listeners.size === 0) process.on(this.#name, this.#tell);
    this.#listeners.add(listener);
  }

  off(listener: Listener): void {
    if (this.#listeners.delete(listener) && this.#listeners.size === 0) process.off(this.#name, this.#tell);
  }

  readonly #tell = (): void => {
    for (const listener of [...this.#listeners]) listener(this.#name);
  };
}

const SIGTERM = new Signal('SIGTERM');
const SIGINT = new Signal('SIGINT');

/**
 * The default finisher: lands on SIGTERM and SIGINT. During the landing it absorbs further SIGTERMs and gives SIGINT back
 * to Node, so that a second Ctrl-C ends the process (L6).
 */
export function finisherBlock(): Block {
  let land: Listener = () => {};
  const giveSigintBack = (): void => SIGINT.off(land);
  return {
    init(_config, ctx: BlockContext): void {
      land = (signal) => ctx.land(signal);
      SIGTERM.on(land);
      SIGINT.on(land);
      ctx.landing.addEventListener('abort', giveSigintBack, { once: true });
    },
    run(): void {},
    finish(): void {
      SIGINT.off(land);
      SIGTERM.off(land);
    },
  };
}
