// The words of a head of RFC 3164, read octet by octet: regular expressions cost three times as much.
const TAB = 9;
const SPACE = 32;
const COMMA = 44;
const COLON = 58;
const OPEN = 91;
const CLOSE = 93;
const PERCENT = 37;

/** What a character may be part of. */
const IN_HOST = 1;
const IN_TAG = 2;
const IN_NAME = 4;
/** The same as {@link IN_HOST}, or an at sign. */
const IN_HOST_WITH_AT_SIGN = 8;
const CLASSES = Uint8Array.from({ length: 128 }, (_, code) => classOf(String.fromCharCode(code)));

function classOf(char: string): number {
  if (char <= ' ' || char > '~') return 0;
  const inHost = /[\w.:%/[\]-]/.test(char) ? IN_HOST : 0;
  // Not JSON, pairs, or the structured data of RFC 5424.
  const inTag = /["'{}[\]:=;<>]/.test(char) ? 0 : IN_TAG;
  const inName = /\w/.test(char) ? IN_NAME : 0;
  const inHostWithAtSign = inHost > 0 || char === '@' ? IN_HOST_WITH_AT_SIGN : 0;
  return inHost | inTag | inName | inHostWithAtSign;
}

/** A tag: `su:`, `postfix/smtpd[12]:`, `%ASA-6-302013:`, `app[7]`. */
export interface Tag {
  readonly name: string;
  /** What is in brackets; empty if nothing is. */
  readonly proc_id: string | undefined;
  /** Where the blank or the text after it begins. */
  readonly end: number;
}

/** The tag that begins at `at`: a colon, or something in brackets, ends it, and then a blank comes. Undefined if there is none. */
export function tagAt(text: string, at: number): Tag | undefined {
  if (text.charCodeAt(at) === COMMA) return undefined;
  let end = at;
  while (isIn(text.charCodeAt(end), IN_TAG)) end++;
  if (end === at) return undefined;
  const code = text.charCodeAt(end);
  if (code === COLON) return isWordEnd(text.charCodeAt(end + 1)) ? tag(text, at, end, end + 1) : undefined;
  if (code === OPEN) return tagWithBrackets(text, at, end);
  // IOS XR has a blank before the colon of its mnemonics.
  const isMnemonic = text.charCodeAt(at) === PERCENT && /^%[A-Z][\w-]*-[0-7]-\w+$/.test(text.slice(at, end));
  return isMnemonic && text.startsWith(' :', end) && isWordEnd(text.charCodeAt(end + 2))
    ? tag(text, at, end, end + 2)
    : undefined;
}

function tagWithBrackets(text: string, at: number, open: number): Tag | undefined {
  let close = open + 1;
  let isNumber = true;
  for (let code = text.charCodeAt(close); code !== CLOSE; code = text.charCodeAt(++close)) {
    if (!(code > SPACE) || code === OPEN) return undefined;
    isNumber &&= code >= 48 && code <= 57;
  }
  const hasColon = text.charCodeAt(close + 1) === COLON;
  const end = hasColon ? close + 2 : close + 1;
  // After a number in brackets and a colon the text may follow at once.
  const isTight = hasColon && isNumber && close > open + 1;
  return isTight || isWordEnd(text.charCodeAt(end)) ? tag(text, at, open, end, text.slice(open + 1, close)) : undefined;
}

function tag(text: string, at: number, nameEnd: number, end: number, proc_id?: string): Tag {
  return { name: text.slice(at, nameEnd), proc_id, end };
}

/**
 * Where the name or address of a host ends that begins at `at`, and after which a blank comes, or the end of the text, or `wordEnd`; -1 if
 * there is none.
 */
export function hostEnd(text: string, at: number, atSign: boolean, wordEnd?: number): number {
  const first = text.charCodeAt(at);
  if (!isIn(first, IN_NAME) && first !== COLON && first !== OPEN) return -1;
  const allowed = atSign ? IN_HOST_WITH_AT_SIGN : IN_HOST;
  let end = at + 1;
  while (end !== wordEnd && isIn(text.charCodeAt(end), allowed)) end++;
  const last = text.charCodeAt(end - 1);
  const ends = end === wordEnd || isWordEnd(text.charCodeAt(end));
  return ends && (isIn(last, IN_NAME) || last === CLOSE) ? end : -1;
}

/** Where the blanks and tabs from `at` on end. */
export function blanksEnd(text: string, at: number): number {
  let end = at;
  while (isBlank(text.charCodeAt(end))) end++;
  return end;
}

/** True for a blank or a tab. */
export function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}

function isWordEnd(code: number): boolean {
  return isBlank(code) || Number.isNaN(code);
}

/** Letters of other alphabets are in tags only. */
function isIn(code: number, what: number): boolean {
  return code < 128 ? ((CLASSES[code] as number) & what) !== 0 : what === IN_TAG && code >= 160;
}
