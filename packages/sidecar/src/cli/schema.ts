import { published } from '../folder/key-facts.js';
import type { JsonSchema } from '../folder/json-schema.js';
import type { Reader } from '../folder/reader.js';
import { didYouMean } from '../folder/suggest.js';
import { EXIT } from '../run/exit-code.js';
import { printable } from '../text.js';
import { catalogue } from './catalogue.js';

/** Whose schema is written. */
export interface SchemaOptions {
  /** Of a configuration; all names are listed without. */
  readonly name?: string | undefined;
  readonly cf?: string | undefined;
  readonly dialect?: ((folder: Reader) => Reader) | undefined;
}

/** The command `sputnik schema`. Resolves with the exit code: 0, or 78 if there is no such configuration. */
export async function schema({ name, cf, dialect }: SchemaOptions): Promise<number> {
  const { entries, problems } = await catalogue(cf, dialect);
  const names = [...new Set(entries.map((entry) => entry.name))];
  const found = entries.filter((entry) => entry.name === name).map((entry) => entry.schema);
  if (name !== undefined && found.length > 0) {
    process.stdout.write(`${JSON.stringify(oneOf(name, found), undefined, 2)}\n`);
    return EXIT.clean;
  }
  // a folder that cannot be read says so
  if (entries.length === 0) for (const problem of problems) process.stderr.write(`${problem}\n`);
  else if (name === undefined) process.stdout.write(names.map((one) => `${one}\n`).join(''));
  else {
    const near = didYouMean(name, names);
    process.stderr.write(
      `there is no configuration "${printable(name)}"${near && `,${near}`}\nknown: ${names.join(', ')}\n`,
    );
  }
  return name === undefined && entries.length > 0 ? EXIT.clean : EXIT.badConfig;
}

/** Where several packages may read a file, each of their schemas will do. */
function oneOf(name: string, [first = {}, ...others]: readonly JsonSchema[]): JsonSchema {
  if (others.length === 0) return published(first, name);
  const anyOf = [first, ...others].map((one) => {
    const { $schema: _, ...rest } = published(one, name) as JsonSchema & { readonly $schema?: string };
    return rest;
  });
  return { ...published({}, name), anyOf };
}
