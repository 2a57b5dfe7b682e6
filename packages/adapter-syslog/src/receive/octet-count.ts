const SPACE = 32;
const ZERO = 48;
const LESS = 60;
const GREATER = 62;
/** Most digits of an octet count. */
const MOST_DIGITS = 9;
/** Longest line end with an octet count and a PRI part after it. */
export const LONGEST_HEAD: number = MOST_DIGITS + '\n <191>'.length;

/** An octet count (RFC 6587 section 3.4.1), and where the blank after it ends. */
export interface OctetCount {
  readonly count: number;
  readonly end: number;
}

/** What must follow a number so that it is an octet count: a blank, or a blank and a complete PRI part. */
export type CountNeeds = 'blank' | 'pri';

/**
 * Reads the octet count that begins at `at`; `no` if there is none, `unknown` if that depends on what follows `end`. A count of 0 is valid only
 * if it needs just a blank.
 */
export function octetCountAt(
  octets: Buffer,
  at: number,
  end: number,
  needs: CountNeeds,
): OctetCount | 'no' | 'unknown' {
  let next = at;
  let count = 0;
  for (; next < end; next++) {
    const digit = (octets[next] as number) - ZERO;
    if (digit < 0 || digit > 9) break;
    const leadingZero = next > at && count === 0;
    if (leadingZero || next - at === MOST_DIGITS) return 'no';
    count = count * 10 + digit;
  }
  if (next === end) return 'unknown';
  if (next === at || octets[next] !== SPACE) return 'no';
  if (needs === 'blank') return { count, end: next + 1 };
  if (count === 0) return 'no';
  const pri = priAt(octets, next + 1, end);
  return pri === 'yes' ? { count, end: next + 1 } : pri;
}

/** Tells whether a message with a PRI part begins at `at`, with an octet count or without. Reads only what is before `end`. */
export function messageAt(octets: Buffer, at: number, end: number): 'yes' | 'no' | 'unknown' {
  const first = octets[at];
  if (at === end || first === LESS) return priAt(octets, at, end);
  const found = octetCountAt(octets, at, end, 'pri');
  return typeof found === 'string' ? found : 'yes';
}

/** Tells whether a complete, valid PRI part is at `at` (RFC 5424 section 6.2.1): 0 to 191, without leading zeros. */
function priAt(octets: Buffer, at: number, end: number): 'yes' | 'no' | 'unknown' {
  if (at >= end) return 'unknown';
  if (octets[at] !== LESS) return 'no';
  let value = 0;
  for (let next = at + 1; next < end; next++) {
    const octet = octets[next] as number;
    if (octet === GREATER) return next > at + 1 ? 'yes' : 'no';
    const leadingZero = value === 0 && next > at + 1;
    value = value * 10 + octet - ZERO;
    if (octet < ZERO || octet > ZERO + 9 || leadingZero || value > 191) return 'no';
  }
  return 'unknown';
}
