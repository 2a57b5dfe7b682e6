// The words of a head of RFC 3164, read octet by octet: regular expressions cost three times as much.
const TAB = 9;
const SPACE = 32;
const COMMA = 44;
const COLON = 58;
const OPEN = 91;
const CLOSE = 93;
const PERCENT = 37;

/** Bits: what a character may be part of. */
const IN_HOST = 1;
const IN_TAG = 2;
const IN_NAME = 4;
/** As {@link IN_HOST}, and the at sign. */
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
  /** The text in brackets; may be empty. */
  readonly proc_id: string | undefined;
  /** Where the blank or the text after the tag begins. */
  readonly end: number;
}

/** Reads the tag at `at`: it ends with a colon or a part in brackets, and a blank follows. Returns undefined if there is none. */
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
 * Returns where the host name or address that begins at `at` ends, if a blank, the end of the text, or `wordEnd` follows; -1 if there is
 * none.
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

/** Returns where the blanks and tabs that begin at `at` end. */
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

/** Letters outside ASCII may be in tags only. */
function isIn(code: number, what: number): boolean {
  return code < 128 ? ((CLASSES[code] as number) & what) !== 0 : what === IN_TAG && code >= 160;
}
