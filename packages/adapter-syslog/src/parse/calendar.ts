const DAY_MS = 86_400_000;
const AHEAD_MS = 31 * DAY_MS;
/** Zones change their offset only at full quarters of an hour. */
const QUARTER_MS = 900_000;

/** A local time without a zone. The year is NaN if the time has none. */
export interface WallTime {
  readonly year: number;
  /** 0 is January. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  /** The digits after the second, at most nine. */
  readonly fraction: string;
}

/** Converts local times of a zone: of the process, or by IANA name. Throws a RangeError for an unknown name. */
export class Calendar {
  readonly #isUtc: boolean;
  readonly #format: Intl.DateTimeFormat | undefined;
  #quarter = NaN;
  #offset = 0;

  constructor(timeZone: string | undefined) {
    this.#isUtc = timeZone === 'UTC';
    // The first format costs a process 8 MB: make none unless somebody asks for a zone.
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
   * Returns milliseconds since 1970, or undefined if there is no such day or hour. For a time without a year it takes the latest year in
   * which the time is at most a month after `receivedAt`: clocks may be ahead, and messages late.
   */
  timeOf(wall: WallTime, receivedAt: Date): number | undefined {
    if (!Number.isNaN(wall.year)) return this.#inYear(wall.year, wall);
    const latest = receivedAt.getTime() + AHEAD_MS;
    const thisYear = receivedAt.getUTCFullYear();
    for (let year = thisYear + 1; year >= thisYear - 1; year--) {
      // No zone is a day off; and asking for the offset in another year is slow.
      if (Date.UTC(year, wall.month, wall.day) > latest + 2 * DAY_MS) continue;
      const time = this.#inYear(year, wall);
      if (time !== undefined && time <= latest) return time;
    }
    return undefined;
  }

  #inYear(year: number, { month, day, hour, minute, second, fraction }: WallTime): number | undefined {
    const ms = Number(fraction.padEnd(3, '0').slice(0, 3));
    const shown = new Date(Date.UTC(year, month, day, hour, minute, second, ms));
    // Date accepts values out of range (31 June, 25 o'clock) and counts on: that is no date.
    const exists =
      shown.getUTCMonth() === month && shown.getUTCDate() === day && hour < 24 && minute < 60 && second < 60;
    if (!exists) return undefined;
    const wall = shown.getTime();
    if (this.#isUtc) return wall;
    if (!this.#format) return new Date(year, month, day, hour, minute, second, ms).getTime();
    const time = wall - this.#offsetAt(this.#format, wall);
    return wall - this.#offsetAt(this.#format, time);
  }

  /** Offset of the zone from UTC at a time, in milliseconds. */
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
 * Returns true if the process knows this time zone.
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

/** Returns the calendar of a time zone, always the same one. Throws a RangeError for an unknown zone. */
export function calendarOf(timeZone: string | undefined): Calendar {
  if (timeZone === undefined) return LOCAL;
  let calendar = known.get(timeZone);
  if (!calendar) known.set(timeZone, (calendar = new Calendar(timeZone)));
  return calendar;
}
