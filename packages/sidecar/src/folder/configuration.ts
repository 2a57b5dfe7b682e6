import { resolve } from 'node:path';
import { SputnikError, type ConfigSource, type SchemaIssue, type StandardSchemaV1 } from '@sputnikjs/core';
import {
  isOfKubernetes,
  override,
  prefixes,
  spellings,
  variablesOf,
  type Layer,
  type Variable,
} from './environment.js';
import { listedKeys, type ConfigurationInForce, type ListedKey, type Reading } from './in-force.js';
import { describeIssue, isMissing, keyText, pathOf, type Checked } from './issues.js';
import { isRecord } from './json-schema.js';
import { declaredKeys, settableKeys } from './known-keys.js';
import type { Reader } from './reader.js';
import { nearest } from './suggest.js';

/** The configurations of a satellite. Variables override what the reader has. */
export class Configuration {
  readonly reader: Reader;
  /** All names that were asked for, whether there is such a configuration or not. */
  readonly names: Set<string> = new Set();
  readonly #layers: readonly Layer[];
  /** Configurations that have passed their schema, by their first name, then by the schema. */
  readonly #readings = new Map<string, Map<StandardSchemaV1, Reading>>();
  /** The schemas that each configuration was checked against, whether it passed or not. */
  readonly #schemas = new Map<string, Set<StandardSchemaV1>>();
  /** The variables that could set something. */
  readonly #variables = new Set<string>();

  /** Variables of earlier layers count before later ones. */
  constructor(reader: Reader, layers: readonly Layer[]) {
    this.reader = reader;
    this.#layers = layers;
  }

  /**
   * A source for the core. A responsibility without a file of its own has the configuration of its block's name
   * (`nameOf`), under the responsibility's own variables.
   */
  source(nameOf: ReadonlyMap<string, string>): ConfigSource {
    return async (confName, schema) => {
      const { raw } = await this.load([...new Set([confName, nameOf.get(confName) ?? confName])], schema);
      return raw;
    };
  }

  /**
   * Reads the first of `names` that exists. Returns it raw, and as the schema makes it. Raw is undefined if none exists and none is needed.
   * `without` leaves out a key that does not belong to the schema. Rejects with BAD_CONFIG, with one line for each problem.
   */
  async load<T>(
    names: readonly string[],
    schema: StandardSchemaV1<unknown, T>,
    without?: string,
  ): Promise<{ readonly raw: unknown; readonly value: T }> {
    for (const name of names) this.names.add(name);
    const [own = ''] = names;
    this.#schemas.set(own, (this.#schemas.get(own) ?? new Set()).add(schema));
    const { rank, label, value } = await this.#find(names);
    let raw = isRecord(value) ? Object.fromEntries(Object.entries(value).filter(([key]) => key !== without)) : value;
    const origins = new Map<string, Variable>();
    const bad = new Map<string, string>();
    for (const name of names.slice(0, rank + 1).toReversed()) {
      const keys = settableKeys(schema, raw);
      for (const { path } of keys) for (const variable of spellings(name, path)) this.#variables.add(variable);
      const result = override(name, raw, keys, this.#layers);
      raw = result.value;
      for (const [key, origin] of result.origins) {
        // the variable replaces all keys in it
        for (const inner of [...origins.keys()].filter((one) => one.startsWith(`${key}.`))) origins.delete(inner);
        origins.set(key, origin);
      }
      for (const [key, problem] of result.problems) bad.set(key, problem);
    }
    const result = await schema['~standard'].validate(raw ?? {});
    if (result.issues === undefined && bad.size === 0) {
      // configurations in code have no layers: the environment does not override them
      const source = this.#layers.length === 0 ? 'code' : `file ${label}`;
      this.#note(own, { schema, raw, value: result.value, source, origins });
      return { raw, value: result.value };
    }
    // a key with a bad variable has its line already
    const issues = (result.issues ?? []).filter((issue) => !bad.has(pathOf(issue).join('.')));
    const checked = {
      label: label ?? this.reader.place(names[0] ?? ''),
      value: raw ?? {},
      origins,
      declared: declaredKeys(schema),
    };
    const problems = [...bad.values(), ...this.#describe(issues, checked, label === undefined ? names : undefined)];
    throw new SputnikError('BAD_CONFIG', `configuration "${names[0]}" is not valid`, { problems });
  }

  /** Each key that has a value, of all configurations read so far. Blocks may read more while they boot. */
  async inForce(): Promise<readonly ConfigurationInForce[]> {
    return [...(await this.listed())].map(([name, keys]) => ({ name, keys: keys.map(({ shown }) => shown) }));
  }

  /** The same by name of the configuration, including the values that must not be shown. */
  async listed(): Promise<ReadonlyMap<string, readonly ListedKey[]>> {
    const found = [...this.#readings].map(
      async ([name, readings]) => [name, await listedKeys([...readings.values()])] as const,
    );
    return new Map(await Promise.all(found));
  }

  /** The schemas that configurations have passed so far, by name. */
  get passed(): ReadonlyMap<string, readonly StandardSchemaV1[]> {
    return new Map([...this.#readings].map(([name, readings]) => [name, [...readings.keys()]]));
  }

  /** The schemas of all configurations that were asked for, also of those with problems. */
  get schemas(): ReadonlyMap<string, ReadonlySet<StandardSchemaV1>> {
    return this.#schemas;
  }

  /** The place of the first of `names` that exists. If none does, the place where it would be. */
  async labelOf(names: readonly string[]): Promise<string> {
    return (await this.#find(names)).label ?? this.reader.place(names[0] ?? '');
  }

  /**
   * Finds variables that set nothing. Call it when all is loaded. A variable in a file of the folder is a problem if its name is close to a
   * valid one. A variable of the process is a warning if its name begins like that of a configuration: a process may have any variables.
   * Ignores those that begin with the name of a satellite in `inside`.
   */
  strayVariables(inside: readonly string[]): {
    readonly problems: readonly string[];
    readonly warnings: readonly string[];
  } {
    const known = [...this.#variables].flatMap((name) => [name, `${name}_FILE`]);
    const isKnown = new Set(known);
    const starts = inside.flatMap(prefixes).map((prefix) => `${prefix}_`);
    const strays = this.#layers.flatMap((layer) =>
      variablesOf(layer)
        .filter(([name, text]) => !isKnown.has(name) && !isOfKubernetes(name, text))
        .filter(([name]) => !starts.some((start) => name.startsWith(start)))
        // only the folder's own variables get a suggestion: the process may have very many others
        .map(([name]) => ({ layer, name, near: layer.origin === 'folder' ? nearest(name, known) : undefined })),
    );
    return {
      problems: strays.flatMap(({ layer, name, near }) =>
        near === undefined
          ? []
          : `${layer.label}: ${shown(`${layer.prefix}${name}`)}: sets no key of any configuration, did you mean "${layer.prefix}${near}"?`,
      ),
      warnings: strays
        .filter(({ near }) => near === undefined)
        .flatMap(({ layer, name }) =>
          this.#setsNone(name, known).map((text) => `${layer.label}: ${shown(`${layer.prefix}${name}`)}: ${text}`),
        ),
    };
  }

  /** Says of a variable that begins with the name of a configuration, the longest one, that it sets no key of that. */
  #setsNone(variable: string, known: readonly string[]): readonly string[] {
    const all = [...this.names].flatMap((name) => prefixes(name).map((prefix) => ({ name, start: `${prefix}_` })));
    const [own] = all
      .filter(({ start }) => variable.startsWith(start))
      .toSorted((a, b) => b.start.length - a.start.length);
    if (own === undefined) return [];
    const { name, start } = own;
    const keys = known.filter((one) => one.startsWith(start)).map((one) => one.slice(start.length));
    const near = nearest(variable.slice(start.length), keys);
    return [`sets no key of "${name}"${near === undefined ? '' : `, did you mean "${start}${near}"?`}`];
  }

  /** The files that variables name, which may hold secrets; to be asked when all is loaded. */
  secretFiles(): readonly string[] {
    const names = [...this.#variables].filter((name) => !this.#variables.has(`${name}_FILE`));
    const found = this.#layers.flatMap(({ base, prefix, variables }) =>
      names.flatMap((name) => variables[`${prefix}${name}_FILE`] ?? []).map((path) => resolve(base, path)),
    );
    return [...new Set(found)];
  }

  #note(name: string, reading: Reading): void {
    const readings = this.#readings.get(name) ?? new Map<StandardSchemaV1, Reading>();
    this.#readings.set(name, readings.set(reading.schema, reading));
  }

  async #find(names: readonly string[]): Promise<{ rank: number; label?: string; value?: unknown }> {
    for (const [rank, name] of names.entries()) {
      const found = await this.reader.read(name);
      // an empty YAML file is an empty configuration
      if (found !== undefined) return { rank, label: found.label, value: found.value ?? {} };
    }
    return { rank: names.length - 1 };
  }

  /** Describes the problems. The required keys of a configuration that is missing (`absent`) make one line. */
  #describe(
    issues: readonly SchemaIssue[],
    checked: Checked,
    absent: readonly string[] | undefined,
  ): readonly string[] {
    const missing = absent === undefined ? [] : issues.filter((issue) => isMissing(issue, checked.value));
    const others = issues.filter((issue) => !missing.includes(issue)).flatMap((issue) => describeIssue(issue, checked));
    if (absent === undefined || missing.length === 0) return others;
    const keys = missing.map((issue) => keyText(pathOf(issue))).join(', ');
    return [`${this.reader.missing(absent)}; these keys have no default: ${keys}`, ...others];
  }
}

/** The part of a name that can be shown. In a broken file, a secret value may follow a character that no name has. */
function shown(name: string): string {
  const own = /^\w*/.exec(name)?.[0] ?? '';
  return own === name ? name : `${own}…`;
}
