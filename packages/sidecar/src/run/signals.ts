import { closeSync, openSync } from 'node:fs';
import { isatty } from 'node:tty';
import { onSignal, type Block, type BlockContext, type Clock, type Logger } from '@sputnikjs/core';
import type { LogLevel } from '../log/log-level.js';

/** Wrappers such as npm pass on a Ctrl-C that the process has also got from the terminal: it counts once, if it comes within this time. */
const SAME_CTRL_C_MS = 300;
const STDIN = 0;
const STDIO = [STDIN, 1, 2];
/** How long a start may go on after a signal, in milliseconds; then the process ends as it would without a handler. */
const START_MS = 10_000;

/** How a satellite reacts to the signals of its process. */
export interface SignalOptions {
  readonly clock: Clock;
  readonly log: Logger | undefined;
  /** The time from a signal to the landing, in milliseconds. */
  readonly delayMs: number;
  /** `ours` if the process is the satellite: then it reacts to SIGHUP. In a host, SIGHUP belongs to the host. */
  readonly process: 'ours' | 'host';
  /** Called on SIGHUP if there is no terminal. */
  readonly reload: () => void;
}

/**
 * Lands a satellite on SIGTERM and SIGINT, after a delay that {@link soon} announces to its blocks. A second SIGINT ends the process. SIGHUP
 * lands the satellite if there is a terminal, which has closed; otherwise it reloads. Signals count from the construction on: one that
 * arrives before the satellite is ready lands it as soon as it is ready.
 */
export class Signals {
  /** Aborts when a landing is announced. */
  readonly soon: AbortSignal;
  readonly #options: SignalOptions;
  readonly #soon = new AbortController();
  readonly #forget = new Map<NodeJS.Signals, () => void>();
  #first: NodeJS.Signals | undefined;
  #error: { readonly error: unknown } | undefined;
  #ctx: BlockContext | undefined;
  #cancel: (() => void)[] = [];

  constructor(options: SignalOptions) {
    this.#options = options;
    this.soon = this.#soon.signal;
    for (const signal of ['SIGTERM', 'SIGINT'] as const)
      this.#forget.set(
        signal,
        onSignal(signal, () => this.#land(signal)),
      );
    if (options.process === 'host') return;
    // asked now: when the terminal has closed there is none
    const terminals = STDIO.filter((fd) => isatty(fd));
    const hangUp = (): void => {
      if (!terminals.includes(STDIN)) return options.reload();
      terminals.splice(0).forEach(leaveTerminal);
      this.#land('SIGHUP');
    };
    this.#forget.set('SIGHUP', onSignal('SIGHUP', hangUp));
  }

  /** Lands the satellite because something failed outside its blocks. */
  fail(error: unknown): void {
    this.#error ??= { error };
    // what fails later, or while it lands, is in the report, too
    if (this.#ctx) failIn(this.#ctx, error);
  }

  /** Replaces the finisher of the core. */
  finisher(): Block {
    return {
      init: (_config, ctx) => {
        this.#ctx = ctx;
        if (this.#error) failIn(ctx, this.#error.error);
        if (this.#first) ctx.land(this.#first);
      },
      run() {},
      finish: () => this.close(),
    };
  }

  /** Listens no more; leaves no timer. */
  close(): void {
    for (const forget of this.#forget.values()) forget();
    for (const cancel of this.#cancel.splice(0)) cancel();
    this.#ctx = undefined;
  }

  #land(signal: NodeJS.Signals): void {
    if (this.#first) return;
    this.#first = signal;
    this.#soon.abort();
    const { clock, delayMs, log } = this.#options;
    // with no listener of ours a further one ends the process
    this.#cancel.push(clock.after(SAME_CTRL_C_MS, () => this.#forget.get('SIGINT')?.()));
    // it lands when it is ready, unless that takes too long: nothing was taken in yet
    if (!this.#ctx) return void this.#cancel.push(clock.after(START_MS, () => this.#ctx ?? this.#die(signal)));
    // guard: an announced landing is delayed
    if (delayMs === 0) return this.#ctx?.land(signal);
    log?.info({ event: 'landingSoon', reason: signal, delayMs }, `${signal}: landing in ${delayMs / 1000} s`);
    this.#cancel.push(clock.after(delayMs, () => this.#ctx?.land(signal)));
  }

  #die(signal: NodeJS.Signals): void {
    this.close();
    process.kill(process.pid, signal);
  }
}

/** Makes SIGUSR2 change the log level to `debug`, and back. Returns a function that ends that. */
export function toggleOnSignal(level: LogLevel, log: Logger): () => void {
  return onSignal('SIGUSR2', () => {
    level.toggle();
    log[level.current]({ event: 'logLevel', logLevel: level.current }, `SIGUSR2: the log level is ${level.current}`);
  });
}

/** Makes a block fail with an error from outside. */
function failIn(ctx: BlockContext, error: unknown): void {
  ctx.waitUntil(
    (async () => {
      throw error;
    })(),
  );
}

/** At the end of the process Node would set a terminal that is gone to what it was, fail at that, and abort. */
function leaveTerminal(fd: number): void {
  closeSync(fd);
  // it takes the number that has just become free
  openSync('/dev/null', 'r+');
}
