import type { SchemaIssue, StandardSchemaV1 } from '@sputnikjs/core';
import { pathOf } from './issues.js';
import {
  isRecord,
  jsonSchemaOf,
  jsonTypeOf,
  stepInto,
  typesOf,
  withBranches,
  type JsonSchema,
  type JsonType,
  type SchemaPart,
} from './json-schema.js';
import { DEEPEST } from './known-keys.js';

/**
 * Adds to a valid configuration the defaults that are in force. A default that would make the configuration invalid is not in force. If the
 * schema does not tell its keys, the defaults are what it has added to the `result`.
 */
export async function withDefaults(raw: unknown, schema: StandardSchemaV1, result: unknown): Promise<unknown> {
  const root = jsonSchemaOf(schema);
  const tellsKeys = withBranches({ root, node: root }, () => true).some(({ node }) => node.properties || node.items);
  if (!tellsKeys) return merged(result, raw);
  const complete = completed(raw, [{ root, node: root }]);
  const { issues = [] } = await schema['~standard'].validate(complete);
  // guard: a default that is refused is not in force
  return issues.length === 0 ? complete : without(complete, raw, new Set(issues.flatMap(pathsOf)));
}

/** Merges two values, key by key and element by element. The second wins. Of the first, only values that JSON can express count. */
export function merged(first: unknown, second: unknown, depth = 0): unknown {
  if (second === undefined) return isPlain(first) ? first : undefined;
  if (depth >= DEEPEST) return second;
  if (Array.isArray(second))
    return second.map((element: unknown, index) => merged(own(first, index), element, depth + 1));
  if (!isRecord(first) || !isRecord(second)) return second;
  const keys = [...new Set([...Object.keys(first), ...Object.keys(second)])];
  const entries = keys.map((key) => [key, merged(own(first, key), own(second, key), depth + 1)] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

function completed(value: unknown, parts: readonly SchemaPart[], depth = 0): unknown {
  if (depth >= DEEPEST) return value;
  const nodes = parts.flatMap((part) => withBranches(part, (node) => couldBe(value, node)));
  const into = (step: string | number): readonly SchemaPart[] => nodes.flatMap((part) => stepInto(part, step));
  if (Array.isArray(value)) return value.map((element: unknown, index) => completed(element, into(index), depth + 1));
  if (!isRecord(value)) return value;
  const declared = nodes.flatMap(({ node }) => Object.keys(node.properties ?? {}));
  const keys = [...new Set([...declared, ...Object.keys(value)])];
  const entries = keys.map((key) => {
    const inner = into(key);
    const given = own(value, key) ?? defaultOf(inner);
    return [key, given === undefined ? undefined : completed(given, inner, depth + 1)] as const;
  });
  return Object.fromEntries(entries.filter(([, inner]) => inner !== undefined));
}

function defaultOf(parts: readonly SchemaPart[]): unknown {
  const all = parts.flatMap((part) => withBranches(part, () => true));
  return all.map(({ node }) => node.default).find((value) => value !== undefined);
}

/** False for an alternative that clearly does not fit the value. */
function couldBe(value: unknown, node: JsonSchema): boolean {
  const types: readonly JsonType[] = typesOf(node).map((type) => (type === 'integer' ? 'number' : type));
  if (types.length > 0 && !types.includes(jsonTypeOf(value))) return false;
  if (node.const !== undefined && node.const !== value) return false;
  if (!isRecord(value)) return true;
  const { properties = {}, required = [] } = node;
  const isMet = (key: string): boolean => !isRecord(properties[key]) || couldBe(own(value, key), properties[key]);
  return required.every((key) => Object.hasOwn(value, key) && isMet(key));
}

type Path = readonly (string | number)[];

/** Removes the defaults that `refused` names, and those in them. */
function without(value: unknown, raw: unknown, refused: ReadonlySet<string>, path: Path = []): unknown {
  if (raw === undefined && refused.has(path.join('.'))) return undefined;
  if (path.length >= DEEPEST) return value;
  const inner = (step: string | number, child: unknown): unknown =>
    without(child, own(raw, step), refused, [...path, step]);
  if (Array.isArray(value)) return value.map((element: unknown, index) => inner(index, element));
  if (!isRecord(value)) return value;
  const entries = Object.entries(value).map(([key, child]) => [key, inner(key, child)] as const);
  return Object.fromEntries(entries.filter(([, child]) => child !== undefined));
}

/** The dotted paths of the keys that an issue is about. */
function pathsOf(issue: SchemaIssue & { readonly keys?: unknown }): readonly string[] {
  const path = pathOf(issue);
  const keys: readonly unknown[] = Array.isArray(issue.keys) ? issue.keys : [];
  return [path, ...keys.map((key) => [...path, String(key)])].map((one) => one.join('.'));
}

/** The own value of an object or a list at a key. */
export function own(value: unknown, step: string | number): unknown {
  if (Array.isArray(value)) return typeof step === 'number' ? value[step] : undefined;
  return isRecord(value) && Object.hasOwn(value, step) ? value[step] : undefined;
}

/** True for values that JSON can express. */
function isPlain(value: unknown, depth = 0): boolean {
  if (typeof value !== 'object' || value === null)
    return ['string', 'number', 'boolean', 'object'].includes(typeof value);
  const prototype: unknown = Object.getPrototypeOf(value);
  const isOurs = Array.isArray(value) || prototype === Object.prototype || prototype === null;
  return isOurs && depth < DEEPEST && Object.values(value).every((inner) => isPlain(inner, depth + 1));
}
