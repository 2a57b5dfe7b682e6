const ZERO = 48;
const LESS = 60;
const GREATER = 62;

/** The value of the PRI part that `text` begins with, or -1 if there is none or it is not valid (RFC 5424 section 6.2.1). */
export function readPri(text: string): number {
  if (text.charCodeAt(0) !== LESS) return -1;
  let value = 0;
  let at = 1;
  for (; at <= 3; at++) {
    const digit = text.charCodeAt(at) - ZERO;
    if (!(digit >= 0 && digit <= 9)) break;
    value = value * 10 + digit;
  }
  const valid = at > 1 && text.charCodeAt(at) === GREATER && value <= 191 && at === priEnd(value) - 1;
  return valid ? value : -1;
}

/** Where the text after the PRI part begins. Leading zeros make a PRI invalid, so the value tells. */
export function priEnd(priority: number): number {
  if (priority < 10) return 3;
  return priority < 100 ? 4 : 5;
}
