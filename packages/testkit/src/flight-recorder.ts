import { inspect } from 'node:util';
import type { BlockDescriptor, EventListener, Logger, Mail, SputnikEvent } from '@sputnikjs/core';
import type { Watcher } from './watch.js';

/** A logged line with its fields; `block` says who logged it. */
export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly text: string;
  readonly [field: string]: unknown;
}

/**
 * Records what happens in a flight, in order. Pass its `onEvent` and `log` as options of a satellite.
 *
 * @example
 * import { Sputnik } from '@sputnikjs/core';
 * import { FlightRecorder } from '@sputnikjs/testkit';
 * const { onEvent, log, lines } = new FlightRecorder();
 * const flight = await new Sputnik({ appBlocks: [], onEvent, log }).prepare();
 * await flight.shootDown();
 * console.log(lines.join(', ')); // landing: shootDown, landed clean
 */
export class FlightRecorder implements Watcher {
  /**
   * What happened, as readable lines: `ticker.run`, `echo.onMsg { n: 1 }`, `connected`, `landed clean`. Failed attempts to connect have no line,
   * since their number is random.
   */
  readonly lines: string[] = [];
  /** All events of the flight, including failed attempts. */
  readonly events: SputnikEvent[] = [];
  /** What the blocks logged. */
  readonly logs: LogLine[] = [];
  readonly log: Logger = this.#logger({});
  readonly #finished = new Set<BlockDescriptor>();

  readonly onEvent: EventListener = (event) => {
    this.events.push(event);
    if (event.type === 'finished') this.#finished.add(event.block);
    const line = lineOf(event);
    if (line !== undefined) this.lines.push(line);
  };

  /** Adds a line of your own. */
  note(line: string): void {
    this.lines.push(line);
  }

  /** Returns the lines so far, and removes them. */
  flush(): string[] {
    return this.lines.splice(0);
  }

  /** Called by watched blocks, see `testFlight`. */
  called({ responsibility }: BlockDescriptor, callback: string, [first]: readonly unknown[]): void {
    let line = `${responsibility}.${callback}`;
    if (callback === 'finish') line += `(${String(first)})`;
    if (callback === 'onMsg') line += ` ${oneLine(first)}`;
    if (callback === 'onMsgs') line += ` ${oneLine((first as readonly Mail[]).map(({ msg }) => msg))}`;
    this.lines.push(line);
  }

  /** Called by watched blocks. */
  sends(block: BlockDescriptor, to: BlockDescriptor): void {
    if (this.#finished.has(block)) {
      this.lines.push(`${block.responsibility} sends to ${to.responsibility} after its finish`);
    }
  }

  #logger(bindings: object): Logger {
    const keep =
      (level: LogLine['level']) =>
      (fields: object, text = ''): void =>
        void this.logs.push({ ...bindings, ...fields, level, text });
    return {
      debug: keep('debug'),
      info: keep('info'),
      warn: keep('warn'),
      error: keep('error'),
      child: (more) => this.#logger({ ...bindings, ...more }),
    };
  }
}

function lineOf(event: SputnikEvent): string | undefined {
  switch (event.type) {
    case 'launched':
    case 'connected':
    case 'disconnected':
      return event.type;
    case 'failed':
      return `${event.block.responsibility}.${event.callback} failed: ${errorText(event.error)}`;
    case 'dropped':
      return `${event.block.responsibility} dropped ${event.count}`;
    case 'landing':
      return `landing: ${event.cause.kind}`;
    case 'landed':
      return event.report.clean ? 'landed clean' : 'landed, not clean';
    default:
      return undefined;
  }
}

function errorText(error: unknown): string {
  return error instanceof Error ? error.message : oneLine(error);
}

function oneLine(value: unknown): string {
  return typeof value === 'string' ? value : inspect(value, { breakLength: Infinity, compact: true, sorted: true });
}
