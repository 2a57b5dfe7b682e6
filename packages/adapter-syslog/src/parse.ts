import { begin, complete, type SyslogMessage } from './message.js';
import { DEFAULT_PRI, priEnd, readPri } from './pri.js';
import { parseRfc3164 } from './rfc3164.js';
import { parseRfc5424 } from './rfc5424.js';

const NUL = 0;
const LF = 10;
const CR = 13;

/**
 * Takes a frame apart: RFC 5424, else RFC 3164, else, without a valid PRI, the whole text as `message` with priority 13
 * (RFC 3164 section 4.3.3). Never throws, and no text is lost but line ends and NULs at the end. What is not valid UTF-8 is replaced by U+FFFD.
 */
export function parseSyslog(frame: Uint8Array, receivedAt: Date): SyslogMessage {
  const text = decode(frame);
  const priority = readPri(text);
  if (priority < 0) return complete(begin('raw', DEFAULT_PRI, receivedAt), text);
  const at = priEnd(priority);
  return parseRfc5424(text, at, priority, receivedAt) ?? parseRfc3164(text, at, priority, receivedAt);
}

function decode(frame: Uint8Array): string {
  let end = frame.length;
  while (end > 0 && isTrailer(frame[end - 1])) end--;
  const bytes = Buffer.isBuffer(frame) ? frame : Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength);
  return bytes.toString('utf8', 0, end);
}

function isTrailer(byte: number | undefined): boolean {
  return byte === LF || byte === CR || byte === NUL;
}
