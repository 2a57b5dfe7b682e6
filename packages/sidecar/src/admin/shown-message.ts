import { guarded, printable, soundsSecret, textOf } from '../text.js';

const HIDDEN = '***';
const CUT = '…';
const DEEPEST = 8;
/** What a value takes at least of the size that may be shown, so that there are not too many of them. */
const LEAST = 8;

/**
 * A message as one line of JSON: text unchanged, bytes as text if they are UTF-8, otherwise as base64. Texts, bytes, lists and objects are
 * cut to `size`, in characters and bytes. Values whose names look like secrets are hidden, and terminal controls are escaped. Never throws,
 * and calls no getter.
 */
export function shownMessage(msg: object, size: number): string {
  const shown = new Shown(size);
  // guard: a message of any shape can be shown
  return printable(guarded(() => JSON.stringify(shown.value(msg, 0)), '"a message that cannot be shown"'));
}

class Shown {
  #left: number;

  constructor(size: number) {
    this.#left = size;
  }

  value(value: unknown, depth: number): unknown {
    this.#left -= LEAST;
    switch (typeof value) {
      case 'string':
        return this.#text(value);
      case 'number':
        return Number.isFinite(value) ? value : String(value);
      case 'bigint':
        return this.#text(String(value));
      case 'boolean':
        return value;
      case 'object':
        return value === null ? null : this.#object(value, depth);
      default:
        // as JSON has it
        return undefined;
    }
  }

  #object(value: object, depth: number): unknown {
    if (ArrayBuffer.isView(value)) return this.#bytes(Buffer.from(value.buffer, value.byteOffset, value.byteLength));
    if (value instanceof ArrayBuffer) return this.#bytes(Buffer.from(value));
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'no date' : value.toISOString();
    if (value instanceof Error) return this.#text(textOf(value));
    // also of what is in itself
    if (depth === DEEPEST) return CUT;
    if (value instanceof Map) return this.#entries(value.entries(), depth);
    if (Array.isArray(value) || value instanceof Set) return this.#list(value, depth);
    return this.#entries(ownValues(value), depth);
  }

  #entries(entries: Iterable<readonly [unknown, unknown]>, depth: number): unknown {
    const shown: [string, unknown][] = [];
    for (const [name, value] of entries) {
      if (this.#left <= 0) {
        shown.push([CUT, CUT]);
        break;
      }
      const key = this.#text(String(name));
      // guard: secrets of messages are hidden by their names
      shown.push([key, soundsSecret(String(name)) ? HIDDEN : this.value(value, depth + 1)]);
    }
    return Object.fromEntries(shown);
  }

  #list(values: Iterable<unknown>, depth: number): unknown {
    const shown: unknown[] = [];
    for (const value of values) {
      if (this.#left <= 0) {
        shown.push(CUT);
        break;
      }
      shown.push(this.value(value, depth + 1));
    }
    return shown;
  }

  #text(text: string): string {
    const room = Math.max(this.#left, 0);
    this.#left -= text.length;
    return text.length > room ? `${text.slice(0, room)}${CUT} (${text.length} characters)` : text;
  }

  #bytes(bytes: Buffer): unknown {
    const room = Math.max(this.#left, 0);
    this.#left -= bytes.length;
    const start = bytes.subarray(0, room);
    const cut = bytes.length > room ? { bytes: bytes.length } : {};
    try {
      // the last character may be cut
      return { ...cut, text: new TextDecoder('utf-8', { fatal: true }).decode(start, { stream: true }) };
    } catch {
      return { ...cut, base64: start.toString('base64') };
    }
  }
}

/** Without what only a getter knows. */
function* ownValues(value: object): Iterable<readonly [string, unknown]> {
  for (const key of Object.keys(value)) yield [key, Object.getOwnPropertyDescriptor(value, key)?.value];
}
