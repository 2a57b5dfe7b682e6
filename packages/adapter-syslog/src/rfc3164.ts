import type { Calendar } from './calendar.js';
import { originOf, type Draft, type Received, type Rfc3164Message, type SyslogOrigin } from './message.js';
import { bsdTimestamp, ciscoHead, isoTimestampEnd, looseTimestamp, type Timestamp } from './timestamp.js';

// `su:`, `postfix/smtpd[12]:`, `%ASA-6-302013:` or `app[7]`, up to a space. Not the first word of JSON or of a sentence.
const TAG = /([^\s"'{}[\]:=,;<>]+)(?:\[([^\s[\]]*)\]:?|:)(?= |$)/y;
// After a number in brackets and a colon the text may follow at once.
const TIGHT_TAG = /([^\s"'{}[\]:=,;<>]+)\[(\d+)\]:/y;
// A name or an address, up to a space.
const HOST = /[\w.:%/[\]-]+(?<!:)(?= )/y;
// Cisco's, where the device puts no time.
const SEQUENCE = /(\d{1,15}): (?=%[A-Z])/y;
const DASH = 45;

type Rfc3164Draft = Draft<SyslogOrigin> & Partial<Draft<Rfc3164Message>>;

/**
 * Reads what follows the PRI part, from `at`, by RFC 3164 and the habits of its senders: a time stamp of RFC 5424, Cisco's
 * heads, no host name (as on local sockets), no time stamp at all. Whatever fits no part is text.
 */
export function parseRfc3164(
  text: string,
  at: number,
  priority: number,
  received: Received,
  calendar: Calendar,
): Rfc3164Message {
  const draft: Rfc3164Draft = originOf(received);
  draft.rfc = 'RFC3164';
  draft.priority = priority;
  draft.facility = priority >> 3;
  draft.severity = priority & 7;
  let next = readHead(text, at, received.at, calendar, draft);
  next = readTag(text, next, draft);
  draft.content = text.slice(next);
  return draft as Rfc3164Message;
}

/** Reads what stands before the tag. Returns where that begins. */
function readHead(text: string, at: number, receivedAt: Date, calendar: Calendar, draft: Rfc3164Draft): number {
  if (text.charCodeAt(at + 4) === DASH) {
    const end = isoTimestampEnd(text, at);
    const stamp = end >= 0 ? { text: text.slice(at, end), end } : looseTimestamp(text, at, receivedAt, calendar);
    if (stamp) return readHost(text, stamp, draft);
  }
  const stamp = bsdTimestamp(text, at, receivedAt, calendar);
  // The word after a time is Cisco's zone if a mnemonic follows.
  if (stamp && !/^ [A-Z]{1,5}: %/.test(text.slice(stamp.end, stamp.end + 9))) return readHost(text, stamp, draft);
  const cisco = ciscoHead(text, at, receivedAt, calendar);
  if (cisco) {
    draft.timestamp = cisco.text;
    if (cisco.sequence !== undefined) draft.sequence = Number(cisco.sequence);
    if (cisco.hostname !== undefined) draft.hostname = cisco.hostname;
    return cisco.end;
  }
  SEQUENCE.lastIndex = at;
  const numbered = SEQUENCE.exec(text);
  if (!numbered) return at;
  draft.sequence = Number(numbered[1]);
  return SEQUENCE.lastIndex;
}

/** Takes the time stamp, and the host that may follow it. Returns where the rest begins. */
function readHost(text: string, stamp: Timestamp, draft: Rfc3164Draft): number {
  draft.timestamp = stamp.text;
  const { end } = stamp;
  const colon = text[end] === ':' ? end + 1 : end;
  const at = text[colon] === ' ' ? colon + 1 : colon;
  TAG.lastIndex = HOST.lastIndex = at;
  if (TAG.test(text) || !HOST.test(text)) return at;
  draft.hostname = text.slice(at, HOST.lastIndex);
  const next = HOST.lastIndex + 1;
  // Cisco's firewalls
  return text.startsWith(': %', next) ? next + 2 : next;
}

function readTag(text: string, at: number, draft: Rfc3164Draft): number {
  TAG.lastIndex = TIGHT_TAG.lastIndex = at;
  const tag = TAG.exec(text) ?? TIGHT_TAG.exec(text);
  if (!tag) return at;
  const next = at + tag[0].length;
  draft.tag = tag[1] as string;
  if (tag[2]) draft.proc_id = tag[2];
  return text[next] === ' ' ? next + 1 : next;
}
