import { calendarOf } from './calendar.js';
import {
  originOf,
  type Draft,
  type Received,
  type SyslogData,
  type SyslogMessage,
  type SyslogOrigin,
} from './message.js';
import type { ParseOptions } from './parse-options.js';
import { priEnd, readPri } from './pri.js';
import { parseRfc3164, type Reading } from './rfc3164.js';
import { claimsRfc5424, parseRfc5424 } from './rfc5424.js';
import { blanksEnd } from './words.js';

const NO_OPTIONS: ParseOptions = {};
const NUL = 0;
const LF = 10;
const CR = 13;

/**
 * Parses a frame: as RFC 5424 if it has that version, otherwise as RFC 3164. A frame without a valid PRI part, or with the version but no header
 * of RFC 5424, becomes `{ data }`, as received, with the priority if there is one. Never throws. Loses no text, except line ends and NULs at
 * the end. Replaces what is not valid UTF-8 by U+FFFD.
 *
 * @example
 * import { parseSyslog } from '@sputnikjs/adapter-syslog';
 * const source = { address: '192.0.2.1', port: 40_000, transport: 'udp', listener: '0.0.0.0:514' } as const;
 * const frame = Buffer.from('<165>1 2003-10-11T22:14:15.003Z host app - ID47 - An event');
 * const message = parseSyslog(frame, { at: new Date(), source });
 * if (message.rfc !== 'RFC5424') throw new Error('it is not RFC 5424');
 * console.log(message.severity, message.app_name, message.message); // 5 app An event
 */
export function parseSyslog(frame: Uint8Array, received: Received, options: ParseOptions = NO_OPTIONS): SyslogMessage {
  const buffer = Buffer.isBuffer(frame) ? frame : Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength);
  const end = endOfText(buffer);
  const text = buffer.toString('utf8', 0, end);
  const told = readPri(text);
  const priority = told < 0 ? (options.defaultPri ?? -1) : told;
  if (priority >= 0) {
    const message = parseWithPri(text, told < 0 ? 0 : priEnd(told), priority, received, options);
    if (message) return message;
  }
  const draft: Draft<SyslogOrigin> & Partial<Draft<SyslogData>> = originOf(received);
  if (priority >= 0) {
    draft.priority = priority;
    // guard: data keeps what its PRI says
    draft.facility = priority >> 3;
    draft.severity = priority & 7;
  }
  draft.data = end === buffer.length ? text : buffer.toString('utf8');
  return draft as SyslogData;
}

/** Parses what follows the PRI part, from `at`. Returns undefined if it is data. */
function parseWithPri(
  text: string,
  at: number,
  priority: number,
  received: Received,
  options: ParseOptions,
): SyslogMessage | undefined {
  if (options.strict) return parseRfc5424(text, at, priority, received, undefined);
  const reading = readingOf(options);
  const start = blanksEnd(text, at);
  if (claimsRfc5424(text, start)) return parseRfc5424(text, start, priority, received, reading.calendar);
  return parseRfc3164(text, at, start, priority, received, reading);
}

let last: Reading | undefined;

/** Cached for the last options: a listener passes the same ones for all its messages. */
function readingOf(options: ParseOptions): Reading {
  if (last?.options !== options) last = { calendar: calendarOf(options.timeZone), options };
  return last;
}

/**
 * Returns true if a receiver with this `severityLevel` passes the message on: if it is as severe or more, or has no severity. With -1, none pass.
 *
 * @example
 * import { parseSyslog, passes } from '@sputnikjs/adapter-syslog';
 * const source = { address: '192.0.2.1', port: 40_000, transport: 'udp', listener: '0.0.0.0:514' } as const;
 * const notice = parseSyslog(Buffer.from('<13>Oct 11 22:14:15 host app: hello'), { at: new Date(), source });
 * console.log(passes(notice, 5), passes(notice, 4)); // true false
 */
export function passes(message: SyslogMessage, severityLevel: number): boolean {
  return message.severity === undefined ? severityLevel >= 0 : message.severity <= severityLevel;
}

function endOfText(frame: Buffer): number {
  let end = frame.length;
  while (end > 0 && isTrailer(frame[end - 1])) end--;
  return end;
}

function isTrailer(byte: number | undefined): boolean {
  return byte === LF || byte === CR || byte === NUL;
}
