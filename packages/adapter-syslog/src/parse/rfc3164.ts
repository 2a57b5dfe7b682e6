import { UTC, type Calendar } from './calendar.js';
import { ciscoHead, isMnemonic, mayBeginCiscoHead, type CiscoHead } from './cisco.js';
import { originOf, type Draft, type Received, type Rfc3164Message, type SyslogOrigin } from './message.js';
import type { ParseOptions } from './parse-options.js';
import { blanksEnd, hostEnd, isBlank, tagAt } from './words.js';
import { aheadOf, bsdTimestamp, isoTimestampEnd, looseTimestamp, type Timestamp } from './timestamp.js';

// The first word, with text behind it: a name or a number, not a date, an address or the first of pairs.
const WORD = /([A-Za-z_%/][\w./@%+,-]*(?<=[\w%+])|\d+)[ \t](?=.)/y;
const ZONE = /[A-Z]{3,5}(?=:? )|[A-Z]{1,2}(?=: +%)/y;
// MikroTik's: `system,info,account`
const TOPICS = /([a-z][a-z-]*(?:,[a-z][a-z-]*)+) (?=.)/y;
// What syslogd says for itself has neither host nor tag.
const OF_SYSLOGD = /(?:-{2,3} )?(?:last message repeated \d|MARK --)/y;
const FORWARDED = /(?:Message forwarded from|From) ([\w.:-]*\w): /y;
const DASH = 45;
const PERCENT = 37;
const COLON = 58;
const LETTER_A = 65;
const LETTER_F = 70;
const LETTER_Z = 90;
const LETTER_M = 77;
const LETTER_L = 108;

type Rfc3164Draft = Draft<SyslogOrigin> & Partial<Draft<Rfc3164Message>>;

/** How to read time stamps, and everything else that a message leaves open. */
export interface Reading {
  readonly calendar: Calendar;
  readonly options: ParseOptions;
}

/**
 * Parses what follows the PRI part, from `at`, as RFC 3164 and its variants in use: blanks before it, up to `start`; a time stamp of
 * RFC 5424; a Cisco head; no host name, as on local sockets; no time stamp. What fits no part is text.
 */
export function parseRfc3164(
  text: string,
  at: number,
  start: number,
  priority: number,
  received: Received,
  reading: Reading,
): Rfc3164Message {
  const draft: Rfc3164Draft = originOf(received);
  draft.rfc = 'RFC3164';
  draft.priority = priority;
  draft.facility = priority >> 3;
  draft.severity = priority & 7;
  const stamp = readTimestamp(text, start, received.at, reading);
  if (stamp) {
    const end = readHost(text, start, stamp, received.at, reading, draft);
    draft.content = text.slice(readTag(text, end, reading.options.tag !== 'colon', draft));
    return draft as Rfc3164Message;
  }
  const cisco = ciscoHead(text, start, received.at, reading.calendar, reading.options.zones);
  if (cisco) take(cisco, draft);
  const end = readTag(text, cisco?.end ?? at, false, draft);
  draft.content = text.slice(draft.tag === undefined ? readTopics(text, end, reading, draft) : end);
  return draft as Rfc3164Message;
}

/** Without a head, the first word is text, unless it is a list of topics. Returns where the text begins. */
function readTopics(text: string, at: number, { options }: Reading, draft: Rfc3164Draft): number {
  TOPICS.lastIndex = at;
  const topics = options.tag === 'colon' ? null : TOPICS.exec(text);
  if (!topics) return at;
  draft.tag = topics[1] as string;
  return TOPICS.lastIndex;
}

function readTimestamp(text: string, at: number, receivedAt: Date, { calendar }: Reading): Timestamp | undefined {
  if (text.charCodeAt(at + 4) !== DASH) return bsdTimestamp(text, at, receivedAt, calendar);
  const end = isoTimestampEnd(text, at);
  return end >= 0 ? { text: text.slice(at, end), end } : looseTimestamp(text, at, receivedAt, calendar);
}

/** Adds the parts of a Cisco head to the message. */
function take({ timestamp, sequence, counter, uptime, hostname, tag }: CiscoHead, draft: Rfc3164Draft): void {
  if (timestamp !== undefined) draft.timestamp = timestamp;
  if (sequence !== undefined) draft.sequence = sequence;
  if (counter !== undefined) draft.counter = counter;
  if (uptime !== undefined) draft.uptime = uptime;
  if (hostname !== undefined) draft.hostname = hostname;
  if (tag !== undefined) draft.tag = tag;
}

/** Adds the time stamp that begins at `at`, and the host if one follows. Returns where the rest begins. */
function readHost(
  text: string,
  at: number,
  stamp: Timestamp,
  receivedAt: Date,
  reading: Reading,
  draft: Rfc3164Draft,
): number {
  draft.timestamp = stamp.text;
  const start = text.charCodeAt(stamp.end) === COLON ? stamp.end + 1 : stamp.end;
  const wordAt = blanksEnd(text, start);
  const isUpper = text.charCodeAt(wordAt) >= LETTER_A && text.charCodeAt(wordAt) <= LETTER_Z;
  const next = isUpper ? readZone(text, at, wordAt, receivedAt, reading, draft) : wordAt;
  const first = text.charCodeAt(next);
  // A host that is nil.
  if (first === DASH && text.startsWith('- ', next)) return next + 2;
  const special = readSpecial(text, next, undefined, receivedAt, reading, draft);
  if (special >= 0) return special;
  const rest = next === wordAt ? Math.min(next, start + 1) : next;
  const tag = tagAt(text, next);
  if (tag) return tag.proc_id === undefined ? beforeMnemonic(text, next, tag.end, draft) : rest;
  const end = hostEnd(text, next, reading.options.atSignInHost === true);
  return end < 0 || first === PERCENT
    ? rest
    : readAfterHost(text, text.slice(next, end), end, receivedAt, reading, draft);
}

/** Adds the host that ends at `end`, unless what follows shows that it is none. Returns where the rest begins. */
function readAfterHost(
  text: string,
  hostname: string,
  end: number,
  receivedAt: Date,
  reading: Reading,
  draft: Rfc3164Draft,
): number {
  let next = blanksEnd(text, end);
  let rest = Math.min(next, end + 1);
  // Cisco's firewalls, among others
  if (text.charCodeAt(next) === COLON && text.startsWith(': ', next)) next = rest = blanksEnd(text, next + 1);
  const special = readSpecial(text, next, hostname, receivedAt, reading, draft);
  if (special >= 0) return special;
  draft.hostname = hostname;
  return rest;
}

/** What looks like a tag is the host if a Cisco mnemonic follows. Returns where the rest begins. */
function beforeMnemonic(text: string, at: number, end: number, draft: Rfc3164Draft): number {
  const next = blanksEnd(text, end);
  if (text.charCodeAt(next) !== PERCENT || !isMnemonic(text, next) || hostEnd(text, at, false, end - 1) < 0) return at;
  draft.hostname = text.slice(at, end - 1);
  return next;
}

/**
 * Reads what some senders write in place of a tag: the name of the host that they forward for, a Cisco head, or a message of syslogd's own.
 * Returns where the rest begins, or -1 if there is nothing of this.
 */
function readSpecial(
  text: string,
  at: number,
  hostname: string | undefined,
  receivedAt: Date,
  { calendar, options }: Reading,
  draft: Rfc3164Draft,
): number {
  const first = text.charCodeAt(at);
  if (first === LETTER_M || first === LETTER_F) return readForwarded(text, at, draft);
  if (first === LETTER_L || first === DASH) {
    if (!isOfSyslogd(text, at)) return -1;
    if (hostname !== undefined) draft.hostname = hostname;
    return at;
  }
  // guard: a head of Cisco's behind that of a relay is read
  if (!mayBeginCiscoHead(first)) return -1;
  // A relay has put a head before a head: what the device says of itself is better.
  const cisco = ciscoHead(text, at, receivedAt, calendar, options.zones);
  if (!cisco || cisco.end === at || (cisco.tag === undefined && !isMnemonic(text, cisco.end))) return -1;
  cisco.hostname ??= hostname;
  take(cisco, draft);
  return cisco.end;
}

function readForwarded(text: string, at: number, draft: Rfc3164Draft): number {
  FORWARDED.lastIndex = at;
  const forwarded = FORWARDED.exec(text);
  if (!forwarded) return -1;
  draft.hostname = forwarded[1] as string;
  return FORWARDED.lastIndex;
}

function isOfSyslogd(text: string, at: number): boolean {
  OF_SYSLOGD.lastIndex = at;
  return OF_SYSLOGD.test(text);
}

/** Reads the zone abbreviation after the time stamp that begins at `at`. Returns where the rest begins. */
function readZone(
  text: string,
  at: number,
  next: number,
  receivedAt: Date,
  { options }: Reading,
  draft: Rfc3164Draft,
): number {
  ZONE.lastIndex = next;
  if (!ZONE.test(text)) return next;
  const end = ZONE.lastIndex;
  const rest = blanksEnd(text, text.charCodeAt(end) === COLON ? end + 1 : end);
  const ahead = aheadOf(text.slice(next, end), options.zones);
  // Before a mnemonic it is a zone, known or not.
  if (ahead === undefined) return text.charCodeAt(end) === COLON && isMnemonic(text, rest) ? rest : next;
  const stamp = bsdTimestamp(text, at, receivedAt, UTC);
  if (stamp) draft.timestamp = new Date(Date.parse(stamp.text) - ahead).toISOString();
  return rest;
}

/** Reads the tag; blanks may precede one that is clearly a tag. Returns where the text begins. */
function readTag(text: string, at: number, word: boolean, draft: Rfc3164Draft): number {
  if (draft.tag !== undefined) return at;
  const tag = tagAt(text, blanksEnd(text, at));
  if (tag) {
    draft.tag = tag.name;
    if (tag.proc_id) draft.proc_id = tag.proc_id;
    return tag.end + (isBlank(text.charCodeAt(tag.end)) ? 1 : 0);
  }
  WORD.lastIndex = at;
  const first = word ? WORD.exec(text) : null;
  // guard: a repetition has no tag
  if (!first || isOfSyslogd(text, at)) return at;
  draft.tag = first[1] as string;
  return WORD.lastIndex;
}
