import { UTC, type Calendar } from './calendar.js';

const ISO =
  /\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)(?=[ :]|$)/y;
// As people configure it: a space for the T, a comma for the point, no zone, or one without a colon.
const LOOSE =
  /(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(?:(Z)|([+-])([01]\d|2[0-3]):?([0-5]\d))?(?=[ :]|$)/y;
const BSD =
  /([A-Z][a-z]{2}) {1,2}(\d{1,2}) (?:(\d{4}) )?(\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(?: ((?:19|20)\d\d)(?= ))?(?=[ :]|$)/y;
// A number, the device's name, a star or point for a clock that is not set, a year, a zone: all may be missing.
const CISCO =
  /(?:(\d{1,15})?: ?(?:([A-Za-z][\w.-]*|\d[\d.]*): )?)?[*.]?(?:(\d{4}) )?([A-Z][a-z]{2}) {1,2}(\d{1,2}) (?:(\d{4}) )?(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?: ([A-Z]{1,5}))?: /y;
const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const AHEAD_MS = 31 * DAY_MS;

/**
 * Where the time stamp that begins at `at` ends, or -1 if there is none as in RFC 5424 section 6.2.3. Up to nine digits of
 * a second are taken, for there are senders with nanoseconds.
 */
export function isoTimestampEnd(text: string, at: number): number {
  ISO.lastIndex = at;
  if (!ISO.test(text)) return -1;
  const day = Number(text.slice(at + 8, at + 10));
  return day <= 28 || day <= daysOf(Number(text.slice(at, at + 4)), Number(text.slice(at + 5, at + 7)))
    ? ISO.lastIndex
    : -1;
}

function daysOf(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}

/** A time stamp as RFC 3339 writes it, and where it ended. */
export interface Timestamp {
  readonly text: string;
  readonly end: number;
}

/** What begins a message of Cisco's. */
export interface CiscoHead extends Timestamp {
  readonly sequence: string | undefined;
  readonly hostname: string | undefined;
}

let lastLoose: (Timestamp & { readonly calendar: Calendar; readonly source: string }) | undefined;

/** A time stamp that begins with a year and is not as in RFC 5424. Undefined if there is none. */
export function looseTimestamp(text: string, at: number, receivedAt: Date, calendar: Calendar): Timestamp | undefined {
  // Most equal the one before.
  if (lastLoose?.calendar === calendar && text.startsWith(lastLoose.source, at)) {
    return { text: lastLoose.text, end: at + lastLoose.source.length - 1 };
  }
  LOOSE.lastIndex = at;
  const parts = LOOSE.exec(text);
  if (!parts) return undefined;
  const [, year, month, day, hour, minute, second, fraction = '', utc, sign, zoneHour, zoneMinute] = parts;
  const wall = {
    year: Number(year),
    month: Number(month) - 1,
    day: Number(day),
    hour: Number(hour),
    minute: Number(minute),
    second: Number(second),
    fraction,
  };
  const time = (utc || sign ? UTC : calendar).timeOf(wall, receivedAt);
  if (time === undefined) return undefined;
  const ahead = sign ? Number(`${sign}1`) * (Number(zoneHour) * 60 + Number(zoneMinute)) * MINUTE_MS : 0;
  const stamp = { text: rfc3339(time - ahead, fraction), end: LOOSE.lastIndex };
  if (text[stamp.end] === ' ') lastLoose = { ...stamp, calendar, source: text.slice(at, stamp.end + 1) };
  return stamp;
}

let lastCalendar: Calendar | undefined;
let lastText = '';
let lastTime = NaN;
let lastStamp = '';

/**
 * The time stamp `Mmm dd hh:mm:ss` (RFC 3164 section 4.1.2) that begins at `at`. A year after the day or the time, a
 * fraction and a day of one digit are taken too. Undefined if there is no such stamp.
 */
export function bsdTimestamp(text: string, at: number, receivedAt: Date, calendar: Calendar): Timestamp | undefined {
  // Most stamps equal the one before, and calendars are slow. With such an age it is in the same year.
  const age = receivedAt.getTime() - lastTime;
  const after = at + lastText.length;
  const inReach = calendar === lastCalendar && age > -AHEAD_MS && age < 300 * DAY_MS;
  // A word of four letters might be the year.
  if (inReach && text.startsWith(lastText, at) && text[after + 4] !== ' ') return { text: lastStamp, end: after - 1 };
  BSD.lastIndex = at;
  const parts = BSD.exec(text);
  if (!parts) return undefined;
  const [, month = '', day, yearBefore, hour, minute, second, fraction = '', yearAfter] = parts;
  const year = yearBefore ?? yearAfter;
  const time = timeOf(calendar, receivedAt, year, month, day, hour, minute, second, fraction);
  if (time === undefined) return undefined;
  const end = BSD.lastIndex;
  const stamp = rfc3339(time, fraction);
  if (year === undefined && text[end] === ' ') {
    lastCalendar = calendar;
    lastText = text.slice(at, end + 1);
    lastTime = time;
    lastStamp = stamp;
  }
  return { text: stamp, end };
}

/** What stands before the text in messages of Cisco's devices, up to the colon after the time. Undefined if it does not. */
export function ciscoHead(text: string, at: number, receivedAt: Date, calendar: Calendar): CiscoHead | undefined {
  CISCO.lastIndex = at;
  const parts = CISCO.exec(text);
  if (!parts) return undefined;
  const [, sequence, hostname, yearBefore, month = '', day, yearAfter, hour, minute, second, fraction = '', zone] =
    parts;
  const inUtc = zone === 'UTC' || zone === 'GMT' || zone === 'Z';
  const year = yearBefore ?? yearAfter;
  const time = timeOf(inUtc ? UTC : calendar, receivedAt, year, month, day, hour, minute, second, fraction);
  if (time === undefined) return undefined;
  return { text: rfc3339(time, fraction), end: CISCO.lastIndex, sequence, hostname };
}

function timeOf(
  calendar: Calendar,
  receivedAt: Date,
  year: string | undefined,
  month: string,
  day: string | undefined,
  hour: string | undefined,
  minute: string | undefined,
  second: string | undefined,
  fraction: string,
): number | undefined {
  const wall = {
    year: year === undefined ? NaN : Number(year),
    month: MONTHS.indexOf(month),
    day: Number(day),
    hour: Number(hour),
    minute: Number(minute),
    second: Number(second),
    fraction,
  };
  return wall.month < 0 ? undefined : calendar.timeOf(wall, receivedAt);
}

/** In UTC, with the sender's digits of the second where it has more than three. */
function rfc3339(time: number, fraction: string): string {
  const text = new Date(time).toISOString();
  return fraction.length > 3 ? `${text.slice(0, -4)}${fraction}Z` : text;
}
