import type { StandardSchemaV1 } from '@sputnikjs/core';

/** The types of JSON values. */
export type JsonType = 'string' | 'number' | 'integer' | 'boolean' | 'null' | 'object' | 'array';

/** The parts of JSON Schema that describe keys. */
export interface JsonSchema {
  readonly $ref?: string;
  readonly type?: JsonType | readonly JsonType[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly description?: string;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  /** True for a secret. False for a key that is no secret in spite of its name. */
  readonly writeOnly?: boolean;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly required?: readonly string[];
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

/** A schema does not change, and to describe one takes the library as long as the rest of a check. */
const told = new WeakMap<StandardSchemaV1, JsonSchema>();

/** The JSON Schema of what a user writes. Empty if the schema library cannot give one. */
export function jsonSchemaOf(schema: StandardSchemaV1): JsonSchema {
  const before = told.get(schema);
  if (before !== undefined) return before;
  const result = tell(schema);
  told.set(schema, result);
  return result;
}

function tell(schema: StandardSchemaV1): JsonSchema {
  const standard: StandardSchemaV1['~standard'] & StandardJsonSchema = schema['~standard'];
  try {
    // without this option, zod throws for types that JSON cannot express
    return standard.jsonSchema?.input({ target: 'draft-2020-12', libraryOptions: { unrepresentable: 'any' } }) ?? {};
  } catch {
    return {};
  }
}

/** A part of a schema, and the whole, which it may refer to. */
export interface SchemaPart {
  readonly root: JsonSchema;
  readonly node: JsonSchema;
}

/** The alternatives of a part, and the part that it refers to. */
export function branchesOf({ root, node }: SchemaPart): readonly SchemaPart[] {
  const branches = [...(node.allOf ?? []), ...(node.anyOf ?? []), ...(node.oneOf ?? []), ...referred(root, node)];
  return branches.map((branch) => ({ root, node: branch }));
}

/** A part with all its branches for which `fits` is true. A schema may refer to itself. */
export function withBranches(part: SchemaPart, fits: (node: JsonSchema) => boolean): readonly SchemaPart[] {
  const found = new Set<JsonSchema>();
  const visit = (one: SchemaPart): readonly SchemaPart[] => {
    if (found.has(one.node) || !fits(one.node)) return [];
    found.add(one.node);
    return [one, ...branchesOf(one).flatMap(visit)];
  };
  return visit(part);
}

/** The schemas of a key of an object, or of an element of a list, from the part itself without its branches. */
export function stepInto({ root, node }: SchemaPart, step: string | number): readonly SchemaPart[] {
  const { properties = {}, additionalProperties: others, items } = node;
  const key = typeof step === 'string' && Object.hasOwn(properties, step) ? properties[step] : others;
  const found = typeof step === 'number' ? items : key;
  return typeof found === 'object' ? [{ root, node: found }] : [];
}

/** The types that the part itself allows, without its branches. Empty if it does not say. */
export function typesOf({ type, enum: choices = [], const: only }: JsonSchema): readonly JsonType[] {
  if (type !== undefined) return typeof type === 'string' ? [type] : type;
  return [...choices, ...(only === undefined ? [] : [only])].map((choice) => jsonTypeOf(choice));
}

/** The type of a value; never `integer`. */
export function jsonTypeOf(value: unknown): JsonType {
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

function referred(root: JsonSchema, { $ref }: JsonSchema): readonly JsonSchema[] {
  const definition = $ref === '#' ? root : root.$defs?.[$ref?.replace('#/$defs/', '') ?? ''];
  return definition === undefined ? [] : [definition];
}
