import type { Calendar } from './calendar.js';
import { ciscoTimestamp, type Zones } from './timestamp.js';

// `%SYS-5-CONFIG_I`, `%ASA-session-6-302016`, `%PKT_INFRA-LINK-3-UPDOWN`
const MNEMONIC = /%[A-Z][\w-]*-[0-7]-\w+(?= ?:(?: |$))/y;
const PERCENT = 37;
const STAR = 42;
const POINT = 46;
const ZERO = 48;
const COLON = 58;
const SPACE = 32;
/** More digits would not be exact in JavaScript. */
const MOST_DIGITS = 15;
// 00:20:10, 00:20:10.123, 1d02h, 3w4d, 1y12w
const UPTIME = /[*.]?(\d{1,4}:\d\d:\d\d(?:\.\d+)?|\d+[ywdh]\d+[wdhms]|\d+[ywdhms])(?=: )/y;
const NAME = /(?:[A-Za-z][\w.-]*|\d{1,3}(?:\.\d{1,3}){3})(?=:? )/y;
/** IOS XR writes the node, and the time directly after it. */
const NODE = /[A-Z\d]+\/[\w/]+:(?=[*.]?[A-Z])/y;
/** A mnemonic follows a colon, or the name of a virtual device (`%$ VDC-1 %$`). */
const MNEMONIC_FOLLOWS = new Set([': ', '$ ']);
/** Longest head; a mnemonic further on is text. */
const LONGEST = 160;

/** What precedes the text in messages of Cisco's devices. */
export interface CiscoHead {
  timestamp: string | undefined;
  hostname: string | undefined;
  sequence: number | undefined;
  counter: number | undefined;
  uptime: string | undefined;
  /** The mnemonic, if something before it belongs to no other part and stays in the text. */
  tag: string | undefined;
  /** Where the rest begins. */
  end: number;
}

/** True if a number, a time with a star or point, or a mnemonic may begin with this character, or if it is a colon. */
export function mayBeginCiscoHead(code: number): boolean {
  return (code >= ZERO && code <= ZERO + 10) || code === STAR || code === POINT || code === PERCENT;
}

/** True if a mnemonic is at `at`. */
export function isMnemonic(text: string, at: number): boolean {
  MNEMONIC.lastIndex = at;
  return MNEMONIC.test(text);
}

/**
 * Reads the head of a Cisco message at `at`: numbers, the name of the device, and a time or uptime, each with a colon; then a mnemonic.
 * Without a mnemonic it needs a number and a percent sign, or a time. Returns undefined if there is no such head.
 */
export function ciscoHead(
  text: string,
  at: number,
  receivedAt: Date,
  calendar: Calendar,
  zones: Zones | undefined,
): CiscoHead | undefined {
  // If it begins with a letter, that is the name of the device.
  if (!mayBeginCiscoHead(text.charCodeAt(at)) && !text.startsWith(': ', text.indexOf(' ', at) - 1)) return undefined;
  const head: CiscoHead = {
    timestamp: undefined,
    hostname: undefined,
    sequence: undefined,
    counter: undefined,
    uptime: undefined,
    tag: undefined,
    end: text[at] === ':' ? afterColon(text, at) : at,
  };
  while (readPiece(text, head, receivedAt, calendar, zones));
  if (head.end === at) return isMnemonic(text, at) ? head : undefined;
  if (text[head.end] === '%' && text[head.end + 1] !== '$') return head;
  const mnemonic = mnemonicFrom(text, head.end);
  if (mnemonic !== undefined) {
    head.tag = mnemonic;
    // The time of IOS XR stays with its node.
    NODE.lastIndex = head.end;
    if (NODE.test(text)) head.timestamp = ciscoTimestamp(text, NODE.lastIndex, receivedAt, calendar, zones)?.text;
    return head;
  }
  return head.timestamp === undefined ? undefined : head;
}

/** Reads one piece of the head and the colon after it. Returns false if there is none. */
function readPiece(
  text: string,
  head: CiscoHead,
  receivedAt: Date,
  calendar: Calendar,
  zones: Zones | undefined,
): boolean {
  const at = head.end;
  const first = text.charCodeAt(at);
  // Only the mnemonic can follow these.
  if (first === PERCENT || head.timestamp !== undefined || head.uptime !== undefined) return false;
  if (isDigit(first) && (readNumber(text, head) || readUptime(text, head))) return true;
  const stamp = ciscoTimestamp(text, at, receivedAt, calendar, zones);
  if (stamp) {
    head.timestamp = stamp.text;
    head.end = afterColon(text, stamp.end);
    return true;
  }
  return first === STAR || first === POINT ? readUptime(text, head) : readName(text, head);
}

function readNumber(text: string, head: CiscoHead): boolean {
  let end = head.end;
  while (isDigit(text.charCodeAt(end))) end++;
  const ends = text.charCodeAt(end) === COLON && text.charCodeAt(end + 1) === SPACE;
  if (!ends || end - head.end > MOST_DIGITS || head.counter !== undefined) return false;
  head.counter = head.sequence;
  head.sequence = Number(text.slice(head.end, end));
  head.end = afterColon(text, end);
  return true;
}

function readUptime(text: string, head: CiscoHead): boolean {
  UPTIME.lastIndex = head.end;
  const uptime = UPTIME.exec(text);
  if (!uptime) return false;
  head.uptime = uptime[1];
  head.end = afterColon(text, UPTIME.lastIndex);
  return true;
}

function readName(text: string, head: CiscoHead): boolean {
  NAME.lastIndex = head.end;
  if (head.hostname !== undefined || !NAME.test(text)) return false;
  const nameEnd = NAME.lastIndex;
  NODE.lastIndex = nameEnd + 1;
  const isHost = text.charCodeAt(nameEnd) === COLON ? mnemonicFrom(text, nameEnd + 2) !== undefined : NODE.test(text);
  if (!isHost) return false;
  head.hostname = text.slice(head.end, nameEnd);
  head.end = afterColon(text, nameEnd);
  return true;
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= ZERO + 9;
}

function afterColon(text: string, at: number): number {
  let end = text[at] === ':' ? at + 1 : at;
  while (text[end] === ' ') end++;
  return end;
}

/** Finds the mnemonic at `at`, or further on after a colon. */
function mnemonicFrom(text: string, at: number): string | undefined {
  for (let next = at; next >= 0 && next - at < LONGEST; next = text.indexOf('%', next + 1)) {
    if (text[next] !== '%' || (next > at && !MNEMONIC_FOLLOWS.has(text.slice(next - 2, next)))) continue;
    MNEMONIC.lastIndex = next;
    if (MNEMONIC.test(text)) return text.slice(next, MNEMONIC.lastIndex);
  }
  return undefined;
}
