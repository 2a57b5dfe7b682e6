import { isRecord, type JsonType } from './json-schema.js';

/** The value that a text stands for, such as that of an environment variable. */
export type Coerced = { readonly value: unknown } | { readonly expected: string };

/** The types that a text is tried as, in this order. Text comes last, since everything fits it. */
const READERS: readonly (readonly [JsonType, (text: string) => unknown])[] = [
  ['boolean', (text) => ({ true: true, false: false })[text]],
  ['null', (text) => (text === 'null' ? null : undefined)],
  ['integer', (text) => (/^[+-]?\d+$/.test(text) ? Number(text) : undefined)],
  ['number', (text) => (/^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined)],
  ['object', (text) => json(text, isRecord)],
  ['array', (text) => json(text, Array.isArray)],
  ['string', (text) => text],
];

const NAMES: Readonly<Record<JsonType, string>> = {
  boolean: '"true" or "false"',
  null: '"null"',
  integer: 'a whole number',
  number: 'a number',
  object: 'an object as JSON',
  array: 'a list as JSON',
  string: 'text',
};

/** Reads `text` as one of the types. If there are none, returns the text. */
export function coerce(text: string, types: ReadonlySet<JsonType>): Coerced {
  if (types.size === 0) return { value: text };
  for (const [type, read] of READERS) {
    const value = types.has(type) ? read(type === 'string' ? text : text.trim()) : undefined;
    if (value !== undefined) return { value };
  }
  return { expected: [...types].map((type) => NAMES[type]).join(' or ') };
}

function json(text: string, fits: (value: unknown) => boolean): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return fits(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
