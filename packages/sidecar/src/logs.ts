import { isatty } from 'node:tty';
import type { Clock, FlightStatus, Logger, SputnikEvent } from '@sputnikjs/core';
import { pino, stdTimeFunctions } from 'pino';
import { LogOutput } from './log-output.js';
import { RateLimiter } from './rate-limit.js';
import { record } from './record.js';

const STDOUT = 1;

/** A log on stdout: a line of JSON each, with the level as a word and ISO time; for people on a terminal. */
export async function createLog(level: 'debug' | 'info' | 'warn' | 'error'): Promise<Logger> {
  const output = isatty(STDOUT) ? new LogOutput(STDOUT, await prettyFormat()) : new LogOutput(STDOUT);
  const options = {
    level,
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const log: Logger = pino(options, output);
  return log;
}

async function prettyFormat(): Promise<(line: string) => string> {
  const { prettyFactory } = await import('pino-pretty');
  const format = prettyFactory({
    colorize: true,
    translateTime: 'SYS:HH:MM:ss.l',
    singleLine: true,
    errorLikeObjectKeys: [],
    ignore: 'event',
  });
  return (line) => format(line) ?? line;
}

/** Lines that change what those before them say: what was held back is of the time before, and stands before them. */
const TURNS: ReadonlySet<SputnikEvent['type']> = new Set(['connected', 'disconnected', 'landing', 'landed']);

/** Logs the events of a flight. */
export class EventLog {
  readonly #limiter: RateLimiter;

  constructor(log: Logger, clock: Clock) {
    this.#limiter = new RateLimiter(clock, ({ level, fields, text }) => log[level](fields, text));
  }

  /** `status` is the flight's, for the counts of the landing report; `url` is where the server is, if that is known. */
  take(event: SputnikEvent, status: () => FlightStatus | undefined, url?: string): void {
    if (TURNS.has(event.type)) this.#limiter.flush();
    this.#limiter.take(record(event, event.type === 'landed' ? status()?.blocks : undefined, url));
  }

  /** Writes what was held back; leaves no timer. */
  close(): void {
    this.#limiter.flush();
  }
}
