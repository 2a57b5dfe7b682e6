const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const [OPENING, CLOSING] = [new Set([0x7b, 0x5b]), new Set([0x7d, 0x5d])];
const SPACES = new Set([0x20, 0x09, 0x0a, 0x0d]);
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A message that could not be sent, as a line has it. */
export interface UnsentMessage {
  readonly target: string;
  /** The JSON text of the message, byte for byte. */
  readonly payload: Buffer;
  /** All but the message. */
  readonly rest: Readonly<Record<string, unknown>>;
}

/** Reads a line `{"written_at":…,"target":…,"reason":…,"message":…}`. Returns the message, or what is wrong with the line. */
export function readUnsent(line: Buffer): UnsentMessage | string {
  const value = parse(line);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'it is not a JSON object';
  const { message: _, ...rest } = value as Record<string, unknown>;
  const { target } = rest;
  if (typeof target !== 'string' || target === '') return 'it has no "target"';
  const payload = textOfKey(line, 'message');
  return payload === undefined ? 'it has no "message"' : { target, payload, rest };
}

/** The line of a message that was refused. */
export function refusedLine({ rest, payload }: UnsentMessage, reason: string): Buffer {
  const head = JSON.stringify({ ...rest, reason }).slice(0, -1);
  return Buffer.concat([Buffer.from(`${head},"message":`), payload, Buffer.from('}\n')]);
}

function parse(line: Buffer): unknown {
  try {
    return JSON.parse(UTF8.decode(line));
  } catch {
    return undefined;
  }
}

/** The text of the value that a key of the outermost object has, the last one as for `JSON.parse`. `json` is such an object. */
function textOfKey(json: Buffer, key: string): Buffer | undefined {
  let found: Buffer | undefined;
  let depth = 0;
  let name = '';
  /** Where the value of `name` begins, inside of it. */
  let start: number | undefined;
  for (let at = 0; at < json.length; at++) {
    const byte = json[at] as number;
    if (byte === QUOTE) {
      const end = endOfString(json, at);
      if (start === undefined) name = JSON.parse(json.toString('utf8', at, end)) as string;
      at = end - 1;
    } else if (OPENING.has(byte)) depth++;
    else if (CLOSING.has(byte)) depth--;
    else if (byte === COLON) start ??= at + 1;
    const isOver = depth === 0 || (depth === 1 && byte === COMMA);
    if (!isOver || start === undefined) continue;
    if (name === key) found = trimmed(json.subarray(start, at));
    start = undefined;
  }
  return found;
}

function endOfString(json: Buffer, start: number): number {
  let at = start + 1;
  while (json[at] !== QUOTE) at += json[at] === BACKSLASH ? 2 : 1;
  return at + 1;
}

function trimmed(text: Buffer): Buffer {
  let [start, end] = [0, text.length];
  while (SPACES.has(text[start] ?? 0)) start++;
  while (SPACES.has(text[end - 1] ?? 0)) end--;
  return text.subarray(start, end);
}
