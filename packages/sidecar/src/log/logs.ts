import { isatty } from 'node:tty';
import type { Clock, FlightStatus, Logger, SputnikEvent } from '@sputnikjs/core';
import { pino, stdTimeFunctions } from 'pino';
import { stackTrace } from './error-fields.js';
import { journalPrefix } from './journal.js';
import type { Level } from './log-level.js';
import { LogOutput } from './log-output.js';
import type { RateLimiter } from './rate-limit.js';
import { messageFor } from './pretty.js';
import { kindOf, record, type LogRecord } from './record.js';

const STDOUT = 1;

/**
 * A log on stdout: lines of JSON, with the level as a word and ISO time. On a terminal, lines are for people; in the journal of systemd, they
 * begin with their priority. It never waits for its reader: lines without room are left out and counted.
 *
 * @example
 * import { createLog } from '@sputnikjs/sidecar';
 * const log = await createLog('warn');
 * log.info({ event: 'tick' }, 'left out: it is less than a warning');
 * log.warn({ event: 'full' }, 'no room'); // {"level":"warn","time":"…","event":"full","msg":"no room"}
 */
export async function createLog(level: 'debug' | 'info' | 'warn' | 'error'): Promise<Logger> {
  const output = new LogOutput(STDOUT, isatty(STDOUT) ? await prettyFormat() : journalFormat());
  process.once('exit', () => output.end());
  const options = {
    level,
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const log: Logger = pino(options, output);
  return log;
}

/** Each line begins with its level. */
const LEVEL = /^{"level":"(\w+)"/;

function journalFormat(): ((line: string) => string) | undefined {
  const prefix = journalPrefix(STDOUT);
  return prefix && ((line) => `${prefix((LEVEL.exec(line)?.[1] ?? 'info') as Level)}${line}`);
}

async function prettyFormat(): Promise<(line: string) => string> {
  const { prettyFactory } = await import('pino-pretty');
  const format = prettyFactory({
    colorize: true,
    translateTime: 'SYS:HH:MM:ss.l',
    hideObject: true,
    messageFormat: messageFor,
  });
  return (line) => format(line) ?? line;
}

/** Lines that change the state: suppressed lines are written before them. */
const TURNS: ReadonlySet<SputnikEvent['type']> = new Set(['connected', 'disconnected', 'landing', 'landed']);

/** What an event log needs to know of the flight. */
export interface Surroundings {
  readonly status: () => FlightStatus | undefined;
  /** The url of the server, if that is known. */
  readonly url: () => string | undefined;
}

/** Logs the events of a flight. */
export class EventLog {
  readonly #log: Logger;
  readonly #limiter: RateLimiter;
  readonly #clock: Clock;
  readonly #around: Surroundings;
  /** When the server went away. */
  #awaySince: number | undefined;
  #failed = false;
  /** How many messages blocks have dropped that no line has said yet, by responsibility. */
  readonly #dropped = new Map<string, number>();

  constructor(log: Logger, limiter: RateLimiter, clock: Clock, around: Surroundings) {
    this.#log = log;
    this.#limiter = limiter;
    this.#clock = clock;
    this.#around = around;
  }

  take(event: SputnikEvent): void {
    if (TURNS.has(event.type)) this.#limiter.flush();
    const awayMs = this.#awayMs(event);
    const needsStatus = event.type === 'landed' || awayMs !== undefined;
    const blocks = needsStatus ? this.#around.status()?.blocks : undefined;
    const facts = { blocks, awayMs, url: this.#around.url() };
    const kind = kindOf(event);
    // only what is written is put into words: that of a flood may take more time than all else
    if (kind === undefined) this.#write(record(event, facts));
    else if (event.type === 'dropped') this.#drop(event, kind);
    else this.#limiter.take(kind, (suppressed) => this.#write(record(event, facts), suppressed));
  }

  /** A full mailbox drops messages one by one: a line has the sum of those since the last one. */
  #drop(event: Extract<SputnikEvent, { type: 'dropped' }>, kind: string): void {
    const { responsibility } = event.block;
    this.#dropped.set(responsibility, (this.#dropped.get(responsibility) ?? 0) + event.count);
    this.#limiter.take(kind, () => {
      this.#write(record({ ...event, count: this.#dropped.get(responsibility) ?? 0 }));
      this.#dropped.delete(responsibility);
    });
  }

  #write({ level, fields, text, cause }: LogRecord, suppressed?: number): void {
    this.#log[level]({ ...fields, ...(suppressed !== undefined && { suppressed }) }, text);
    const stack = cause === undefined ? undefined : stackTrace(cause);
    if (stack !== undefined)
      this.#log.debug({ event: 'stackTrace', of: fields.event, stack }, 'where the error came from');
  }

  /** How long the server was away, at the end of an outage. */
  #awayMs({ type }: SputnikEvent): number | undefined {
    const now = this.#clock.now();
    if (type === 'connecting' || type === 'disconnected') this.#awaySince ??= now;
    if (type === 'connectFailed' || type === 'disconnected') this.#failed = true;
    if (type !== 'connected') return undefined;
    const since = this.#awaySince ?? now;
    const wasAway = this.#failed;
    this.#awaySince = undefined;
    this.#failed = false;
    return wasAway ? now - since : undefined;
  }
}
