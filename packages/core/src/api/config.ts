import { SputnikError } from './errors.js';
import type { SchemaIssue, StandardSchemaV1 } from './standard-schema.js';

/**
 * A source of configurations: returns the raw value for a name, or undefined. It gets the schema, since some sources need it (environment
 * variables are text).
 */
export type ConfigSource = (confName: string, schema: StandardSchemaV1) => unknown;

/** Resolves with the validated configuration of a name. Rejects with BAD_CONFIG; `problems` lists every problem. */
export type ConfFactory = <T>(confName: string, schema: StandardSchemaV1<unknown, T>) => Promise<T>;

/**
 * Validates the values of a source. A missing configuration counts as empty: it is valid if all keys have defaults.
 *
 * @example
 * import { confFactory } from '@sputnikjs/core';
 * import { z } from 'zod';
 * const config = confFactory((name) => (name === 'store' ? { port: 6379 } : undefined));
 * const Store = z.strictObject({ host: z.string().default('localhost'), port: z.number() });
 * const { host, port } = await config('store', Store);
 * console.log(host, port); // localhost 6379
 */
export function confFactory(source: ConfigSource): ConfFactory {
  return async (confName, schema) => {
    const raw = await source(confName, schema);
    // guard: B2 a configuration that is not there counts as empty
    const result = await schema['~standard'].validate(raw ?? {});
    if (!result.issues) return result.value;
    const problems = result.issues.map((issue) => describeIssue(confName, issue));
    if (raw === undefined)
      problems.unshift(`${confName}: this configuration is missing, and it has keys without a default`);
    throw new SputnikError('BAD_CONFIG', `configuration "${confName}" is not valid`, { problems });
  };
}

function describeIssue(confName: string, { message, path = [] }: SchemaIssue): string {
  const keys = path.map((part) => String(typeof part === 'object' ? part.key : part));
  return `${[confName, ...keys].join('.')}: ${message}`;
}
