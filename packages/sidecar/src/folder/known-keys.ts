import type { StandardSchemaV1 } from '@sputnikjs/core';
import {
  branchesOf,
  isRecord,
  jsonSchemaOf,
  jsonTypeOf,
  typesOf,
  type JsonSchema,
  type JsonType,
} from './json-schema.js';

/** A key that a configuration may have, at any depth, and the types that its value may have. No types: not known. */
export interface KnownKey {
  readonly path: readonly string[];
  readonly types: ReadonlySet<JsonType>;
}

/** The greatest depth that is searched: a schema, or a YAML value with aliases, may be recursive. */
export const DEEPEST = 8;

/** The keys that a schema declares, if it can tell (Standard JSON Schema). Keys of list elements count as keys of the list. */
export function declaredKeys(schema: StandardSchemaV1): readonly KnownKey[] {
  return collect((add) => fromSchema(schema, true, add));
}

/** The keys that variables can set: those that the schema declares, and those that the value has. Outer keys come first. */
export function settableKeys(schema: StandardSchemaV1, value: unknown): readonly KnownKey[] {
  const declared = collect((add) => fromSchema(schema, false, add));
  const present = collect((add) => fromValue(value, [], add));
  const names = new Set(declared.map(({ path }) => JSON.stringify(path)));
  const others = present.filter(({ path }) => !names.has(JSON.stringify(path)));
  return [...declared, ...others].toSorted((a, b) => a.path.length - b.path.length);
}

type Add = (path: readonly string[], types: readonly JsonType[]) => void;

/** The keys that `walk` adds, each once, with all its types. */
function collect(walk: (add: Add) => void): readonly KnownKey[] {
  const found = new Map<string, { readonly path: readonly string[]; readonly types: Set<JsonType> }>();
  walk((path, types) => {
    if (path.length === 0) return;
    const key = found.get(JSON.stringify(path)) ?? { path, types: new Set() };
    for (const type of types) key.types.add(type);
    found.set(JSON.stringify(path), key);
  });
  return [...found.values()];
}

function fromSchema(schema: StandardSchemaV1, intoLists: boolean, add: Add): void {
  const root = jsonSchemaOf(schema);
  const visit = (node: JsonSchema, path: readonly string[], depth: number): void => {
    if (depth > DEEPEST) return;
    add(path, typesOf(node));
    const branches = branchesOf({ root, node }).map((branch) => branch.node);
    if (intoLists && node.items !== undefined) branches.push(node.items);
    for (const branch of branches) visit(branch, path, depth + 1);
    for (const [key, child] of Object.entries(node.properties ?? {})) visit(child, [...path, key], depth + 1);
  };
  visit(root, [], 0);
}

function fromValue(value: unknown, path: readonly string[], add: Add): void {
  if (path.length > DEEPEST) return;
  add(path, [jsonTypeOf(value)]);
  if (isRecord(value)) for (const [key, child] of Object.entries(value)) fromValue(child, [...path, key], add);
}
