import type { StandardSchemaV1 } from '@sputnikjs/core';

/** The types of JSON values. */
export type JsonType = 'string' | 'number' | 'integer' | 'boolean' | 'null' | 'object' | 'array';

/** A key that a configuration may have, at any depth, and the types its value may have; none if that is not known. */
export interface KnownKey {
  readonly path: readonly string[];
  readonly types: ReadonlySet<JsonType>;
}

/** The parts of JSON Schema that name keys. */
interface JsonSchema {
  readonly $ref?: string;
  readonly type?: JsonType | readonly JsonType[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
  readonly allOf?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
}

/** Standard JSON Schema: what schema libraries add to Standard Schema. */
interface StandardJsonSchema {
  readonly jsonSchema?: { input(options: object): JsonSchema };
}

/** Configurations deeper than this are not looked into: a schema, or a YAML value with aliases, may be recursive. */
const DEEPEST = 8;

/** The keys that a schema declares, if it can tell (Standard JSON Schema); keys of list elements as if of the list. */
export function declaredKeys(schema: StandardSchemaV1): readonly KnownKey[] {
  return collect((add) => fromSchema(schema, true, add));
}

/** The keys that variables can set: those that the schema declares, and others that the value has; outer keys first. */
export function settableKeys(schema: StandardSchemaV1, value: unknown): readonly KnownKey[] {
  const declared = collect((add) => fromSchema(schema, false, add));
  const present = collect((add) => fromValue(value, [], add));
  const names = new Set(declared.map(({ path }) => JSON.stringify(path)));
  const others = present.filter(({ path }) => !names.has(JSON.stringify(path)));
  return [...declared, ...others].toSorted((a, b) => a.path.length - b.path.length);
}

type Add = (path: readonly string[], types: readonly JsonType[]) => void;

/** The keys that `walk` adds, each once, with the types of all its places. */
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
  const root = jsonSchema(schema);
  const visit = (node: JsonSchema, path: readonly string[], depth: number): void => {
    if (depth > DEEPEST) return;
    add(path, typesOf(node));
    const branches = [...(node.allOf ?? []), ...(node.anyOf ?? []), ...(node.oneOf ?? []), ...referred(root, node)];
    if (intoLists && node.items !== undefined) branches.push(node.items);
    for (const branch of branches) visit(branch, path, depth + 1);
    for (const [key, child] of Object.entries(node.properties ?? {})) visit(child, [...path, key], depth + 1);
  };
  visit(root, [], 0);
}

function jsonSchema(schema: StandardSchemaV1): JsonSchema {
  const standard: StandardSchemaV1['~standard'] & StandardJsonSchema = schema['~standard'];
  try {
    // zod throws for types that JSON has no word for, unless an option lets them be
    return standard.jsonSchema?.input({ target: 'draft-2020-12', libraryOptions: { unrepresentable: 'any' } }) ?? {};
  } catch {
    return {};
  }
}

function referred(root: JsonSchema, { $ref }: JsonSchema): readonly JsonSchema[] {
  const definition = $ref === '#' ? root : root.$defs?.[$ref?.replace('#/$defs/', '') ?? ''];
  return definition === undefined ? [] : [definition];
}

function typesOf({ type, enum: choices = [], const: only }: JsonSchema): readonly JsonType[] {
  if (type !== undefined) return typeof type === 'string' ? [type] : type;
  return [...choices, ...(only === undefined ? [] : [only])].map((choice) => typeOf(choice));
}

function fromValue(value: unknown, path: readonly string[], add: Add): void {
  if (path.length > DEEPEST) return;
  add(path, [typeOf(value)]);
  if (isRecord(value)) for (const [key, child] of Object.entries(value)) fromValue(child, [...path, key], add);
}

function typeOf(value: unknown): JsonType {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'object')
    return typeof value as JsonType;
  return 'string';
}

/** True for objects that hold keys. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
