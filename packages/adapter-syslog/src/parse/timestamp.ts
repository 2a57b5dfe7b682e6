import { UTC, type Calendar } from './calendar.js';

// As people configure it: a space for the T, a comma for the point, no zone, or one without a colon.
const LOOSE =
  /(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(?:([Zz])| ?([+-])([01]\d|2[0-3])(?::?([0-5]\d))?)?(?=[ :\t]|$)/y;
const BSD =
  /([A-Za-z]{3}) {1,2}(\d{1,2}) (?:(\d{4}) )?(\d{1,2}):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(?:(Z|[+-](?:[01]\d|2[0-3]):?[0-5]\d)|(?: ((?:19|20)\d\d)(?= )))?(?=[ :\t]|$)/y;
// A star or point for a clock that is not set, a year, a zone: all may be missing.
const CISCO =
  /[*.]?(?:(\d{4}) )?([A-Za-z]{3}) {1,2}(\d{1,2}) (?:(\d{4}) )?(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?: ([A-Za-z][A-Za-z\d+-]{0,7}))? ?(?=:|$)/y;
const MONTHS = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ');
const TAB = 9;
const SPACE = 32;
const PLUS = 43;
const DASH = 45;
const POINT = 46;
const COLON = 58;
const LETTER_T = 84;
const LETTER_Z = 90;
const ZERO = 48;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const AHEAD_MS = 31 * DAY_MS;

/**
 * Returns where the time stamp of RFC 5424 section 6.2.3 that begins at `at` ends, or -1 if there is none. Accepts up to nine digits of a
 * second, since some senders write nanoseconds.
 */
export function isoTimestampEnd(text: string, at: number): number {
  const year = 100 * twoDigits(text, at) + twoDigits(text, at + 2);
  const month = twoDigits(text, at + 5);
  const day = twoDigits(text, at + 8);
  const isDate = year >= 0 && month >= 1 && month <= 12 && day >= 1 && (day <= 28 || day <= daysOf(year, month));
  if (!isDate || text.charCodeAt(at + 4) !== DASH || text.charCodeAt(at + 7) !== DASH) return -1;
  if (text.charCodeAt(at + 10) !== LETTER_T) return -1;
  const isTime = isHourAndMinute(text, at + 11) && text.charCodeAt(at + 16) === COLON && isBelow60(text, at + 17);
  return isTime ? zoneEnd(text, fractionEnd(text, at + 19)) : -1;
}

/** Returns the number of two digits; NaN if they are no digits. */
function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at) - ZERO;
  const ones = text.charCodeAt(at + 1) - ZERO;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? 10 * tens + ones : NaN;
}

function isBelow60(text: string, at: number): boolean {
  return twoDigits(text, at) < 60;
}

function isHourAndMinute(text: string, at: number): boolean {
  return twoDigits(text, at) < 24 && text.charCodeAt(at + 2) === COLON && isBelow60(text, at + 3);
}

function fractionEnd(text: string, at: number): number {
  if (text.charCodeAt(at) !== POINT) return at;
  let end = at + 1;
  while (text.charCodeAt(end) >= ZERO && text.charCodeAt(end) <= ZERO + 9) end++;
  return end > at + 1 && end <= at + 10 ? end : at;
}

/** Returns where the zone, and with it the time stamp, ends; -1 if there is no valid zone. */
function zoneEnd(text: string, at: number): number {
  const first = text.charCodeAt(at);
  const isOffset = (first === PLUS || first === DASH) && isHourAndMinute(text, at + 1);
  if (first !== LETTER_Z && !isOffset) return -1;
  const end = isOffset ? at + 6 : at + 1;
  const after = text.charCodeAt(end);
  return after === SPACE || after === COLON || after === TAB || Number.isNaN(after) ? end : -1;
}

function daysOf(year: number, month: number): number {
  if (month !== 2) return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
}

/** Zone abbreviations, and the offset of each from UTC, such as `+02:00`. */
export type Zones = Readonly<Record<string, string>>;

/** Returns the offset of a zone from UTC in milliseconds; undefined if its abbreviation is not configured: CST may be three zones. */
export function aheadOf(zone: string, zones: Zones | undefined): number | undefined {
  if (zone === 'UTC' || zone === 'GMT' || zone === 'Z') return 0;
  if (zones === undefined || !Object.hasOwn(zones, zone)) return undefined;
  return aheadBy(zones[zone]);
}

/** Returns an offset such as `+02:00` or `+0200` in milliseconds; 0 for none and for `Z`. */
function aheadBy(offset: string | undefined): number {
  if (offset === undefined || offset === 'Z') return 0;
  const minutes = Number(offset.slice(1, 3)) * 60 + Number(offset.slice(-2));
  return (offset.startsWith('-') ? -minutes : minutes) * MINUTE_MS;
}

/** A time stamp in the format of RFC 3339, and where it ended in the message. */
export interface Timestamp {
  readonly text: string;
  readonly end: number;
}

let lastLoose: (Timestamp & { readonly calendar: Calendar; readonly source: string }) | undefined;

/** Reads a time stamp that begins with a year and is not of RFC 5424. Returns undefined if there is none. */
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
  const ahead = sign ? Number(`${sign}1`) * (Number(zoneHour) * 60 + Number(zoneMinute ?? 0)) * MINUTE_MS : 0;
  const stamp = { text: rfc3339(time - ahead, fraction), end: LOOSE.lastIndex };
  if (text[stamp.end] === ' ') lastLoose = { ...stamp, calendar, source: text.slice(at, stamp.end + 1) };
  return stamp;
}

/** Cache of the last minute: most time stamps are in the same one, and calendars are slow. */
let lastCalendar: Calendar | undefined;
let lastText = '';
let lastTime = NaN;
let lastStamp = '';

/**
 * Reads the time stamp `Mmm dd hh:mm:ss` (RFC 3164 section 4.1.2) that begins at `at`. Also accepts a year after the day or the time, a
 * fraction, and a day of one digit. Returns undefined if there is no such stamp.
 */
export function bsdTimestamp(text: string, at: number, receivedAt: Date, calendar: Calendar): Timestamp | undefined {
  // A day follows the month, and most words are longer.
  if (text.charCodeAt(at + 3) !== SPACE) return undefined;
  // With such an age it is in the same year.
  const age = receivedAt.getTime() - lastTime;
  const inReach = calendar === lastCalendar && age > -AHEAD_MS && age < 300 * DAY_MS;
  if (inReach && text.startsWith(lastText, at)) {
    const end = at + lastText.length + 2;
    // A word of four letters might be the year.
    if (text.charCodeAt(end) === SPACE && text.charCodeAt(end + 5) !== SPACE && isBelow60(text, end - 2))
      return { text: stampOfSecond(text, end - 2), end };
  }
  BSD.lastIndex = at;
  const parts = BSD.exec(text);
  if (!parts) return undefined;
  const [, month = '', day, yearBefore, hour, minute, second, fraction = '', offset, yearAfter] = parts;
  const year = yearBefore ?? yearAfter;
  const wall = offset === undefined ? calendar : UTC;
  const time = timeOf(wall, receivedAt, year, month, day, hour, minute, second, fraction);
  if (time === undefined) return undefined;
  const end = BSD.lastIndex;
  const stamp = rfc3339(time - aheadBy(offset), fraction);
  if (year === undefined && fraction === '' && offset === undefined && second !== '60') {
    lastCalendar = calendar;
    lastText = text.slice(at, end - 2);
    lastTime = time;
    lastStamp = stamp.slice(0, -'00.000Z'.length);
    lastSecondStamp = '';
  }
  return { text: stamp, end };
}

let lastSecond = '';
let lastSecondStamp = '';

/** Returns the stamp of a second in the cached minute. */
function stampOfSecond(text: string, at: number): string {
  if (!text.startsWith(lastSecond, at) || lastSecondStamp === '') {
    lastSecond = text.slice(at, at + 2);
    lastSecondStamp = `${lastStamp}${lastSecond}.000Z`;
  }
  return lastSecondStamp;
}

/** Reads the time stamp of a Cisco device at `at`, up to the colon after it; it may name one of `zones`. Returns undefined if there is none. */
export function ciscoTimestamp(
  text: string,
  at: number,
  receivedAt: Date,
  calendar: Calendar,
  zones: Zones | undefined,
): Timestamp | undefined {
  CISCO.lastIndex = at;
  const parts = CISCO.exec(text);
  if (!parts) return undefined;
  const [, yearBefore, month = '', day, yearAfter, hour, minute, second, fraction = '', zone] = parts;
  const ahead = zone === undefined ? undefined : aheadOf(zone, zones);
  const year = yearBefore ?? yearAfter;
  const wall = ahead === undefined ? calendar : UTC;
  const time = timeOf(wall, receivedAt, year, month, day, hour, minute, second, fraction);
  return time === undefined ? undefined : { text: rfc3339(time - (ahead ?? 0), fraction), end: CISCO.lastIndex };
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
  const { minute: last } = lastMinute;
  const isSame =
    minute === last[4] &&
    hour === last[3] &&
    day === last[2] &&
    month === last[1] &&
    year === last[0] &&
    calendar === lastMinute.calendar;
  const age = receivedAt.getTime() - lastMinute.time;
  const isInYear = year !== undefined || (age > MINUTE_MS - AHEAD_MS && age < 300 * DAY_MS);
  const seconds = Number(second);
  if (!(isSame && isInYear)) {
    const wall = {
      year: year === undefined ? NaN : Number(year),
      month: MONTHS.indexOf(month.toLowerCase()),
      day: Number(day),
      hour: Number(hour),
      minute: Number(minute),
      second: 0,
      fraction: '',
    };
    const time = wall.month < 0 ? undefined : calendar.timeOf(wall, receivedAt);
    if (time === undefined) return undefined;
    lastMinute = { calendar, time, minute: [year, month, day, hour, minute] };
  }
  // A leap second is the first of the next minute, as rsyslogd and syslog-ng have it.
  return seconds <= 60 ? lastMinute.time + seconds * 1000 + Number(fraction.padEnd(3, '0').slice(0, 3)) : undefined;
}

/** Cache of the last minute that was looked up: most time stamps are in the same one, and calendars are slow. */
let lastMinute: {
  readonly calendar: Calendar | undefined;
  readonly time: number;
  readonly minute: readonly (string | undefined)[];
} = { calendar: undefined, time: NaN, minute: [] };

/** Formats a time in UTC. Keeps the digits of the fraction if the sender wrote more than three. */
function rfc3339(time: number, fraction: string): string {
  const text = new Date(time).toISOString();
  return fraction.length > 3 ? `${text.slice(0, -4)}${fraction}Z` : text;
}
