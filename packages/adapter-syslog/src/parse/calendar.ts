const DAY_MS = 86_400_000;
const AHEAD_MS = 31 * DAY_MS;
/** Zones change their offset at quarters of an hour only. */
const QUARTER_MS = 900_000;

/** What a clock on the wall shows. A year of NaN: it tells none. */
export interface WallTime {
  readonly year: number;
  /** From 0. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  /** The digits after the second, nine at most. */
  readonly fraction: string;
}

/** Reads wall times of a zone: the process's own, or one by its IANA name. Throws a RangeError for an unknown one. */
export class Calendar {
  readonly #isUtc: boolean;
  readonly #format: Intl.DateTimeFormat | undefined;
  #quarter = NaN;
  #offset = 0;

  constructor(timeZone: string | undefined) {
    this.#isUtc = timeZone === 'UTC';
    // the first format of a process costs it 8 MB: not where nobody asked for a zone
    if (timeZone === undefined || this.#isUtc) return;
    this.#format = new Intl.DateTimeFormat('en-u-ca-iso8601', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  }

  /**
   * The time in ms since 1970, or undefined if there is no such day or hour. A time without a year is in the latest one that
   * puts it no more than a month after `receivedAt`: clocks may be ahead, and messages late.
   */
  timeOf(wall: WallTime, receivedAt: Date): number | undefined {
    if (!Number.isNaN(wall.year)) return this.#inYear(wall.year, wall);
    const latest = receivedAt.getTime() + AHEAD_MS;
    const thisYear = receivedAt.getUTCFullYear();
    for (let year = thisYear + 1; year >= thisYear - 1; year--) {
      // no zone is a day off, and to ask it for another year's offset takes long
      if (Date.UTC(year, wall.month, wall.day) > latest + 2 * DAY_MS) continue;
      const time = this.#inYear(year, wall);
      if (time !== undefined && time <= latest) return time;
    }
    return undefined;
  }

  #inYear(year: number, { month, day, hour, minute, second, fraction }: WallTime): number | undefined {
    const ms = Number(fraction.padEnd(3, '0').slice(0, 3));
    const shown = new Date(Date.UTC(year, month, day, hour, minute, second, ms));
    // Out of range (31 June, 25 o'clock), Date counts on; then it is no date.
    const exists =
      shown.getUTCMonth() === month && shown.getUTCDate() === day && hour < 24 && minute < 60 && second < 60;
    if (!exists) return undefined;
    const wall = shown.getTime();
    if (this.#isUtc) return wall;
    if (!this.#format) return new Date(year, month, day, hour, minute, second, ms).getTime();
    const time = wall - this.#offsetAt(this.#format, wall);
    return wall - this.#offsetAt(this.#format, time);
  }

  /** How far ahead of UTC the zone is at a time, in ms. */
  #offsetAt(format: Intl.DateTimeFormat, time: number): number {
    const quarter = Math.floor(time / QUARTER_MS);
    if (quarter === this.#quarter) return this.#offset;
    const parts: Record<string, number> = {};
    const start = quarter * QUARTER_MS;
    for (const { type, value } of format.formatToParts(start)) parts[type] = Number(value);
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
    this.#offset = Date.UTC(year, month - 1, day, hour, minute, second) - start;
    this.#quarter = quarter;
    return this.#offset;
  }
}

/**
 * True if the process knows a time zone of this name.
 *
 * @example
 * import { isTimeZone } from '@sputnikjs/adapter-syslog';
 * console.log(isTimeZone('Europe/Berlin'), isTimeZone('Laika/Orbit')); // true false
 */
export function isTimeZone(timeZone: string): boolean {
  try {
    calendarOf(timeZone);
    return true;
  } catch {
    return false;
  }
}

/** UTC. */
export const UTC: Calendar = new Calendar('UTC');

const LOCAL = new Calendar(undefined);
const known = new Map<string, Calendar>();

/** The calendar of a time zone; there is one for each. Throws a RangeError for an unknown zone. */
export function calendarOf(timeZone: string | undefined): Calendar {
  if (timeZone === undefined) return LOCAL;
  let calendar = known.get(timeZone);
  if (!calendar) known.set(timeZone, (calendar = new Calendar(timeZone)));
  return calendar;
}
