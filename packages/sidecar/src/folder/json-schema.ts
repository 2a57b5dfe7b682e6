import type { StandardSchemaV1 } from '@sputnikjs/core';

/** The types of JSON values. */
export type JsonType = 'string' | 'number' | 'integer' | 'boolean' | 'null' | 'object' | 'array';

/** The parts of JSON Schema that say something of keys. */
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
  /** True for secrets; false for what is none, whatever it is called. */
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

/** A schema does not change, and telling takes the library as long as all the rest of a check. */
const told = new WeakMap<StandardSchemaV1, JsonSchema>();

/** What a schema says as JSON Schema of what is written; nothing if its library cannot tell. */
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
    // zod throws for types that JSON has no word for, unless an option lets them be
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

/** What a part is made of: its alternatives, and what it refers to. */
export function branchesOf({ root, node }: SchemaPart): readonly SchemaPart[] {
  const branches = [...(node.allOf ?? []), ...(node.anyOf ?? []), ...(node.oneOf ?? []), ...referred(root, node)];
  return branches.map((branch) => ({ root, node: branch }));
}

/** A part and all that it is made of, if `fits`; a schema may refer to itself. */
export function withBranches(part: SchemaPart, fits: (node: JsonSchema) => boolean): readonly SchemaPart[] {
  const found = new Set<JsonSchema>();
  const visit = (one: SchemaPart): readonly SchemaPart[] => {
    if (found.has(one.node) || !fits(one.node)) return [];
    found.add(one.node);
    return [one, ...branchesOf(one).flatMap(visit)];
  };
  return visit(part);
}

/** What a part, without its branches, says of a key of an object, or of an element of a list. */
export function stepInto({ root, node }: SchemaPart, step: string | number): readonly SchemaPart[] {
  const { properties = {}, additionalProperties: others, items } = node;
  const key = typeof step === 'string' && Object.hasOwn(properties, step) ? properties[step] : others;
  const found = typeof step === 'number' ? items : key;
  return typeof found === 'object' ? [{ root, node: found }] : [];
}

/** The types that a part allows by itself, without its branches; none if it does not say. */
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
