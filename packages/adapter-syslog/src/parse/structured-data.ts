import type { StructuredData } from './message.js';

const QUOTE = 34;
const BACKSLASH = 92;
const CLOSE = 93;
const SPACE = 32;
const EQUALS = 61;

/**
 * Most elements, and most parameters of all elements: each takes some 150 bytes beside its text, so a frame of nothing else takes fifteen
 * times its size. Real senders have a few dozen.
 */
export const MOST_ELEMENTS = 128;
export const MOST_PARAMETERS = 1_024;

/** Structured data, and where it ended. */
export interface ReadStructuredData {
  readonly data: StructuredData;
  readonly end: number;
}

type Element = { [name: string]: string | string[] };

/** Where an element ended; or why it did not. */
type End = number | 'malformed' | 'too much';

/** Reads one or more SD-ELEMENTs from `at` (RFC 5424 section 6.3), or says why it cannot. */
export function readStructuredData(text: string, at: number): ReadStructuredData | 'malformed' | 'too much' {
  const data: { [id: string]: Element } = {};
  let [next, room]: [End, number] = [at, MOST_PARAMETERS];
  const seen = (): boolean => room-- > 0;
  for (let elements = 0; text[next] === '['; elements++) {
    // guard: structured data has so many elements at most
    next = elements < MOST_ELEMENTS ? readElement(text, next, data, seen) : 'too much';
    if (typeof next === 'string') return next;
  }
  return { data, end: next };
}

/** Reads the element whose bracket is at `at`. `seen` is called at each parameter; false if there are too many. */
function readElement(text: string, at: number, data: { [id: string]: Element }, seen: () => boolean): End {
  let next = nameEnd(text, at + 1);
  if (next < 0) return 'malformed';
  const id = text.slice(at + 1, next);
  if (!Object.hasOwn(data, id)) put(data, id, {});
  const element = data[id] as Element;
  while (text.charCodeAt(next) === SPACE) {
    const end = nameEnd(text, next + 1);
    if (end < 0 || !text.startsWith('="', end)) return 'malformed';
    const close = valueEnd(text, end + 2);
    if (close < 0) return 'malformed';
    // guard: structured data has so many parameters at most
    if (!seen()) return 'too much';
    add(element, text.slice(next + 1, end), unescape(text.slice(end + 2, close)));
    next = close + 1;
  }
  return text.charCodeAt(next) === CLOSE ? next + 1 : 'malformed';
}

/** Returns where the SD-NAME ends (RFC 5424 section 6; here of any length), or -1 if it is empty. */
function nameEnd(text: string, at: number): number {
  let next = at;
  for (; next < text.length; next++) {
    const code = text.charCodeAt(next);
    if (code <= SPACE || code === QUOTE || code === EQUALS || code === CLOSE) break;
  }
  return next > at ? next : -1;
}

/** Returns where the closing quote of the value is, or -1. */
function valueEnd(text: string, at: number): number {
  for (let next = at; next < text.length; next++) {
    const code = text.charCodeAt(next);
    if (code === QUOTE) return next;
    if (code === BACKSLASH) next++;
  }
  return -1;
}

/** Removes the backslash of `\"`, `\\` and `\]`. Before any other character it stays (section 6.3.3). */
function unescape(value: string): string {
  return value.includes('\\') ? value.replaceAll(/\\(["\\\]])/g, '$1') : value;
}

function add(element: Element, name: string, value: string): void {
  if (!Object.hasOwn(element, name)) return put(element, name, value);
  const known = element[name] as string | string[];
  if (typeof known === 'string') put(element, name, [known, value]);
  else known.push(value);
}

/** Sets an own property, whatever its name: assigning to `__proto__` would change the object's prototype instead. */
function put<V>(object: { [name: string]: V }, name: string, value: V): void {
  if (name !== '__proto__') object[name] = value;
  else Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
}
