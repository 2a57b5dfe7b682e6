/** Numbers that readers of protocols go wrong at, as they are written in texts. */
const NUMBERS = ['-1', '0', '00', '4294967296', '99999999999999999999', '1e9', ''].map((text) => Buffer.from(text));
const DIGITS = new Set(Buffer.from('0123456789'));

/** Bytes, some of them changed, put in, taken out or repeated; at a place early in them more often than at a late one. */
export function mutated(bytes: Buffer, random: () => number): Buffer {
  const below = (n: number): number => Math.floor(random() * n);
  let result: Buffer = Buffer.from(bytes);
  for (let changes = 1 + below(4); changes > 0; changes--) {
    const at = Math.floor(random() ** 2 * (result.length + 1));
    const to = Math.min(result.length, at + below(16));
    const [before, part, after] = [result.subarray(0, at), result.subarray(at, to), result.subarray(to)];
    const kind = below(9);
    if (kind === 0 && at < result.length) result[at] = below(256);
    else if (kind === 1 && at < result.length) result[at] = (result[at] as number) ^ (1 << below(8));
    else if (kind === 2) result = Buffer.concat([before, garbage(below, 1 + below(16)), part, after]);
    else if (kind === 3) result = Buffer.concat([before, after]);
    else if (kind === 4) result = Buffer.concat([before, part, part, part, after]);
    else if (kind === 5) result = Buffer.from(before);
    else if (kind === 6) result = Buffer.concat([before, garbage(below, below(70_000)), part, after]);
    else if (kind === 7) result = Buffer.concat([before, after, part]);
    else result = otherNumber(result, at, NUMBERS[below(NUMBERS.length)] as Buffer);
  }
  return result;
}

function garbage(below: (n: number) => number, length: number): Buffer {
  const [one, span] = [below(256), 1 + below(256)];
  const bytes = Buffer.alloc(length, one);
  for (let at = 0; at < length; at += 1 + below(9)) bytes[at] = one + below(span);
  return bytes;
}

/** With another number in place of the first one that is written from there on. */
function otherNumber(bytes: Buffer, from: number, number: Buffer): Buffer {
  let start = from;
  while (start < bytes.length && !DIGITS.has(bytes[start] as number)) start++;
  let end = start;
  while (end < bytes.length && DIGITS.has(bytes[end] as number)) end++;
  return Buffer.concat([bytes.subarray(0, start), number, bytes.subarray(end)]);
}
