import { branchesOf, isRecord, typesOf, type JsonSchema, type JsonType } from './json-schema.js';
import { DEEPEST } from './known-keys.js';
import { soundsSecret } from '../text.js';

/** The facts about a key, from its schema. */
export interface KeyFacts {
  /** The key as people write it; in a list `listeners[].port`. */
  readonly path: string;
  /** The keys that lead to it. Undefined in a list, since no variable can set a key there. */
  readonly keys: readonly string[] | undefined;
  /** What it means. */
  readonly description: string | undefined;
  /** What its value may be: `whole number, 1 to 65535`. */
  readonly type: string;
  /** The default as JSON. Undefined if the schema has none. */
  readonly default: unknown;
  /** True if the key is required. */
  readonly required: boolean;
  readonly secret: boolean;
}

/** All keys that a schema declares, outer keys before the keys in them. */
export function keyFacts(root: JsonSchema): readonly KeyFacts[] {
  const found = new Map<string, KeyFacts>();
  const visit = (node: JsonSchema, path: string, keys: readonly string[] | undefined, depth: number): void => {
    if (depth > DEEPEST) return;
    for (const { node: branch } of branchesOf({ root, node })) visit(branch, path, keys, depth + 1);
    if (node.items !== undefined) visit(node.items, `${path}[]`, undefined, depth + 1);
    for (const [key, child] of Object.entries(node.properties ?? {})) {
      const inner = path === '' ? key : `${path}.${key}`;
      const innerKeys = keys === undefined ? undefined : [...keys, key];
      if (!found.has(inner))
        found.set(inner, factsOf(root, child, inner, innerKeys, node.required?.includes(key) ?? false));
      visit(child, inner, innerKeys, depth + 1);
    }
  };
  visit(root, '', [], 0);
  return [...found.values()];
}

function factsOf(
  root: JsonSchema,
  node: JsonSchema,
  path: string,
  keys: readonly string[] | undefined,
  required: boolean,
): KeyFacts {
  const { description } = node;
  // the defaults of an object are those of its keys
  const value = node.properties === undefined ? node.default : undefined;
  const secret = node.writeOnly ?? soundsSecret(path.split('.').at(-1) ?? '');
  return { path, keys, description, type: typeText(root, node), default: value, required, secret };
}

const NAMES: Readonly<Record<JsonType, string>> = {
  boolean: 'true or false',
  null: 'null',
  integer: 'whole number',
  number: 'number',
  object: 'object',
  array: 'list',
  string: 'text',
};

/** What a value may be, in words. */
export function typeText(root: JsonSchema, node: JsonSchema): string {
  const { enum: choices, const: only } = node;
  if (only !== undefined) return JSON.stringify(only);
  if (choices !== undefined) return list(choices.map((choice) => JSON.stringify(choice)));
  const own = typesOf(node);
  if (own.length === 0) {
    const inner = branchesOf({ root, node }).map(({ node: branch }) => typeText(root, branch));
    return list([...new Set(inner)]) || 'anything';
  }
  const items = own.includes('array') && node.items !== undefined ? ` of ${plural(typeText(root, node.items))}` : '';
  const names = list(own.map((type) => NAMES[type]));
  return `${names}${items}${rangeText(node)}`;
}

function plural(type: string): string {
  if (type === 'object') return 'objects';
  return type === 'text' ? 'texts' : type;
}

/** The bound, unless it is the limit of JavaScript numbers, which zod adds to whole numbers. */
function bounded(bound: number | undefined): number | undefined {
  return bound === undefined || Math.abs(bound) === Number.MAX_SAFE_INTEGER ? undefined : bound;
}

function rangeText(node: JsonSchema): string {
  const [least, most, above] = [bounded(node.minimum), bounded(node.maximum), bounded(node.exclusiveMinimum)];
  if (least !== undefined && most !== undefined) return `, ${least} to ${most}`;
  const bounds = [
    ...(least === undefined ? [] : [`${least} or more`]),
    ...(above === undefined ? [] : [`more than ${above}`]),
    ...(most === undefined ? [] : [`at most ${most}`]),
    ...((node.minItems ?? 0) > 0 ? [`${node.minItems} or more`] : []),
  ];
  return bounds.length === 0 ? '' : `, ${bounds.join(', ')}`;
}

/** `a, b or c`. */
function list(words: readonly string[]): string {
  const last = words.at(-1) ?? '';
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} or ${last}`;
}

/** The schema as it is published: without technical bounds, and with the key that editors use to find it. */
export function published(root: JsonSchema, title: string): JsonSchema {
  const { $schema, ...rest } = tidied(root) as JsonSchema & { readonly $schema?: string };
  const isObject = rest.properties !== undefined;
  const forEditors = {
    $schema: { type: 'string', description: 'Where editors find the schema of this file.' },
  } as const;
  return {
    $schema: $schema ?? 'https://json-schema.org/draft/2020-12/schema',
    title,
    ...rest,
    ...(isObject && { properties: { ...forEditors, ...rest.properties } }),
  } as JsonSchema;
}

function tidied(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(tidied);
  if (!isRecord(value)) return value;
  const entries = Object.entries(value).filter(
    ([key, bound]) =>
      !['minimum', 'maximum'].includes(key) || typeof bound !== 'number' || bounded(bound) !== undefined,
  );
  return Object.fromEntries(entries.map(([key, inner]) => [key, tidied(inner)]));
}
