const ZERO = 48;
const LESS = 60;
const GREATER = 62;

/** Returns the value of the PRI part at the beginning of `text`; -1 if there is none, or an invalid one (RFC 5424 section 6.2.1). */
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

/** Returns where the PRI part ends. The value is enough, since a PRI part with leading zeros is invalid. */
export function priEnd(priority: number): number {
  if (priority < 10) return 3;
  return priority < 100 ? 4 : 5;
}
