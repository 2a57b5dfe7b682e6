import { parseJson } from './check.js';
import { Refused } from '../answer/refusals.js';

const [LINE_FEED, CARRIAGE_RETURN, SPACE, TAB] = [0x0a, 0x0d, 0x20, 0x09];
const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const OPENING = new Set([0x5b, 0x7b]);
const CLOSING = new Set([0x5d, 0x7d]);

/** Returns the lines that are not empty. Throws TOO_LARGE if there are more than `most`. */
export function linesOf(body: Buffer, most: number): Buffer[] {
  const lines: Buffer[] = [];
  for (let start = 0; start < body.length;) {
    const end = body.indexOf(LINE_FEED, start);
    add(lines, trimmed(body, start, end === -1 ? body.length : end), most);
    start = end === -1 ? body.length : end + 1;
  }
  return lines;
}

/** Returns the elements of a JSON array, byte for byte. Throws BAD_REQUEST if it is no array, TOO_LARGE if it has more than `most`. */
export function elementsOf(json: Buffer, most: number): Buffer[] {
  if (!Array.isArray(parseJson(json, 'the batch is not JSON')))
    throw new Refused('BAD_REQUEST', 'the batch is not a JSON array');
  const elements: Buffer[] = [];
  let depth = 0;
  let start = 0;
  // It is JSON for certain: strings and brackets are all there is to heed.
  for (let at = 0; at < json.length; at++) {
    const byte = json[at] ?? 0;
    if (byte === QUOTE) at = endOfString(json, at);
    else if (OPENING.has(byte)) {
      if (depth++ === 0) start = at + 1;
    } else if (byte === COMMA && depth === 1) {
      add(elements, trimmed(json, start, at), most);
      start = at + 1;
    } else if (CLOSING.has(byte) && --depth === 0) add(elements, trimmed(json, start, at), most);
  }
  return elements;
}

function endOfString(json: Buffer, start: number): number {
  let at = start + 1;
  while (json[at] !== QUOTE) at += json[at] === BACKSLASH ? 2 : 1;
  return at;
}

function trimmed(bytes: Buffer, start: number, end: number): Buffer {
  let [from, to] = [start, end];
  while (from < to && isBlank(bytes[from])) from++;
  while (to > from && isBlank(bytes[to - 1])) to--;
  return bytes.subarray(from, to);
}

function isBlank(byte: number | undefined): boolean {
  return byte === SPACE || byte === TAB || byte === CARRIAGE_RETURN || byte === LINE_FEED;
}

function add(parts: Buffer[], part: Buffer, most: number): void {
  if (part.length === 0) return;
  if (parts.length === most) throw new Refused('TOO_LARGE', `the batch has more than ${most} messages`);
  parts.push(part);
}
