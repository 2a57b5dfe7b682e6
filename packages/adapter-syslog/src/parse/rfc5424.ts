import type { Calendar } from './calendar.js';
import { originOf, type Draft, type Received, type Rfc5424Message, type SyslogOrigin } from './message.js';
import { readStructuredData } from './structured-data.js';
import { isoTimestampEnd, looseTimestamp } from './timestamp.js';

const NIL = '-';
const BOM = '\uFEFF';
// What a loose time stamp has to be all the same.
const ZONED = /^\S{10}T\S{1,32}(?:Z|[+-]\d\d:?(?:\d\d)?)$/;
const SPACE = 32;
const DASH = 45;
const ZERO = 48;

/**
 * Returns true if a version, of any number of digits, and a possible time stamp of RFC 5424 follow the PRI part: its sender means that RFC.
 */
export function claimsRfc5424(text: string, at: number): boolean {
  const first = text.charCodeAt(at) - ZERO;
  if (!(first > 0 && first <= 9)) return false;
  let end = at + 1;
  while (isDigit(text.charCodeAt(end))) end++;
  if (text.charCodeAt(end) !== SPACE) return false;
  return text.charCodeAt(end + 5) === DASH || text.startsWith('- ', end + 1);
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= ZERO + 9;
}

/**
 * Parses what follows the PRI part, from `at`, as RFC 5424. Returns undefined if there is no header of version 1. Structured data that is
 * malformed or missing, or has too many parts, stays in the text, unaltered (section 6.3). With a `calendar`, it also accepts time stamps
 * that are nearly right: an offset without a colon (`+0000`) or without minutes, or a comma before the fraction.
 */
export function parseRfc5424(
  text: string,
  at: number,
  priority: number,
  received: Received,
  calendar: Calendar | undefined,
): Rfc5424Message | undefined {
  if (!text.startsWith('1 ', at)) return undefined;
  const timeAt = at + 2;
  let timeEnd = text.startsWith('- ', timeAt) ? timeAt + 1 : isoTimestampEnd(text, timeAt);
  let timestamp: string | undefined;
  if (timeEnd < 0 && calendar) {
    const loose = looseTimestamp(text, timeAt, received.at, calendar);
    if (!loose || !ZONED.test(text.slice(timeAt, loose.end))) return undefined;
    timestamp = loose.text;
    timeEnd = loose.end;
  }
  if (timeEnd < 0 || text.charCodeAt(timeEnd) !== SPACE) return undefined;
  const hostEnd = text.indexOf(' ', timeEnd + 1);
  const appEnd = text.indexOf(' ', hostEnd + 1);
  const procEnd = text.indexOf(' ', appEnd + 1);
  const msgIdEnd = text.indexOf(' ', procEnd + 1);
  // A field must not be empty. With too few of them, indexOf starts over at the beginning, and the order is broken.
  const complies = hostEnd > timeEnd + 1 && appEnd > hostEnd + 1 && procEnd > appEnd + 1 && msgIdEnd > procEnd + 1;
  if (!complies) return undefined;

  const draft: Draft<SyslogOrigin> & Partial<Draft<Rfc5424Message>> = originOf(received);
  draft.rfc = 'RFC5424';
  draft.priority = priority;
  draft.facility = priority >> 3;
  draft.severity = priority & 7;
  draft.version = 1;
  timestamp ??= text.slice(timeAt, timeEnd);
  if (timestamp !== NIL) draft.timestamp = timestamp;
  const hostname = text.slice(timeEnd + 1, hostEnd);
  if (hostname !== NIL) draft.hostname = hostname;
  const appName = text.slice(hostEnd + 1, appEnd);
  if (appName !== NIL) draft.app_name = appName;
  const procId = text.slice(appEnd + 1, procEnd);
  if (procId !== NIL) draft.proc_id = procId;
  const msgId = text.slice(procEnd + 1, msgIdEnd);
  if (msgId !== NIL) draft.msg_id = msgId;

  let end = msgIdEnd + 1;
  if (text[end] === '[') {
    const read = readStructuredData(text, end);
    if (typeof read !== 'string') {
      draft.structured_data = read.data;
      end = read.end;
    }
  } else if (text[end] === NIL && (text[end + 1] === ' ' || end + 1 === text.length)) {
    end++;
  }
  if (text[end] === ' ') end++;
  if (text[end] === BOM) end++;
  draft.message = text.slice(end);
  return draft as Rfc5424Message;
}
