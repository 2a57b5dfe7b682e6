const ISO =
  /\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)(?= |$)/y;
const BSD = /([A-Z][a-z]{2}) {1,2}(\d{1,2}) (?:(\d{4}) )?(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?=[ :]|$)/y;
const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');
const DAY_MS = 86_400_000;
const AHEAD_MS = 31 * DAY_MS;

/**
 * Where the time stamp that begins at `at` ends, or -1 if there is none as in RFC 5424 section 6.2.3. Up to nine digits of
 * a second are taken, for there are senders with nanoseconds.
 */
export function isoTimestampEnd(text: string, at: number): number {
  ISO.lastIndex = at;
  return ISO.test(text) ? ISO.lastIndex : -1;
}

/** A time stamp, and where it ended. */
export interface BsdTimestamp {
  readonly iso: string;
  readonly end: number;
}

let lastText = '';
let lastTime = NaN;
let lastIso = '';

/**
 * The time stamp `Mmm dd hh:mm:ss` (RFC 3164 section 4.1.2) that begins at `at`, as local time, in the latest year that
 * puts it no more than a month after `receivedAt`: clocks may be ahead, and messages late. A year after the day, a fraction
 * and a day of one digit are taken too. Undefined if there is no such stamp.
 */
export function bsdTimestamp(text: string, at: number, receivedAt: Date): BsdTimestamp | undefined {
  // Most stamps equal the one before, and calendars are slow. With such an age it is in the same year.
  const age = receivedAt.getTime() - lastTime;
  if (age > -AHEAD_MS && age < 300 * DAY_MS && text.startsWith(lastText, at)) {
    return { iso: lastIso, end: at + lastText.length - 1 };
  }
  BSD.lastIndex = at;
  const parts = BSD.exec(text);
  if (!parts) return undefined;
  const date = dateOf(parts, receivedAt);
  if (!date) return undefined;
  const end = BSD.lastIndex;
  const iso = date.toISOString();
  if (!parts[3] && text[end] === ' ') {
    lastText = text.slice(at, end + 1);
    lastTime = date.getTime();
    lastIso = iso;
  }
  return { iso, end };
}

function dateOf(parts: RegExpExecArray, receivedAt: Date): Date | undefined {
  const [, , , givenYear] = parts;
  if (givenYear) return inYear(Number(givenYear), parts);
  const latest = receivedAt.getTime() + AHEAD_MS;
  const thisYear = receivedAt.getFullYear();
  return [thisYear + 1, thisYear, thisYear - 1]
    .map((year) => inYear(year, parts))
    .find((date) => date !== undefined && date.getTime() <= latest);
}

function inYear(
  year: number,
  [, monthName = '', day, , hour, minute, second, fraction = '']: RegExpExecArray,
): Date | undefined {
  const month = MONTHS.indexOf(monthName);
  const ms = Number(fraction.padEnd(3, '0').slice(0, 3));
  const date = new Date(year, month, Number(day), Number(hour), Number(minute), Number(second), ms);
  // Out of range (31 June, 25 o'clock), Date counts on; then it is no date.
  const exists = date.getMonth() === month && date.getDate() === Number(day);
  return exists && Number(hour) < 24 && Number(minute) < 60 && Number(second) < 60 ? date : undefined;
}
