import type { StructuredData } from './message.js';

const QUOTE = 34;
const BACKSLASH = 92;
const CLOSE = 93;
const SPACE = 32;
const EQUALS = 61;

/** Structured data, and where it ends. */
export interface ReadStructuredData {
  readonly data: StructuredData;
  readonly end: number;
}

type Element = { [name: string]: string | string[] };

/** Reads one or more SD-ELEMENTs from `at` (RFC 5424 section 6.3). Returns undefined if they are malformed. */
export function readStructuredData(text: string, at: number): ReadStructuredData | undefined {
  const data: { [id: string]: Element } = {};
  let next = at;
  do {
    next = readElement(text, next, data);
  } while (text[next] === '[');
  return next < 0 ? undefined : { data, end: next };
}

/** Reads the element whose bracket is at `at`. Returns where it ends, or -1 if it is malformed. */
function readElement(text: string, at: number, data: { [id: string]: Element }): number {
  let next = nameEnd(text, at + 1);
  if (next < 0) return -1;
  const id = text.slice(at + 1, next);
  if (!Object.hasOwn(data, id)) put(data, id, {});
  const element = data[id] as Element;
  while (text.charCodeAt(next) === SPACE) {
    const end = nameEnd(text, next + 1);
    if (end < 0 || !text.startsWith('="', end)) return -1;
    const close = valueEnd(text, end + 2);
    if (close < 0) return -1;
    add(element, text.slice(next + 1, end), unescape(text.slice(end + 2, close)));
    next = close + 1;
  }
  return text.charCodeAt(next) === CLOSE ? next + 1 : -1;
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
