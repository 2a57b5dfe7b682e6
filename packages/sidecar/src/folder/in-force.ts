import type { StandardSchemaV1 } from '@sputnikjs/core';
import { merged, own, withDefaults } from './defaults.js';
import type { Variable } from './environment.js';
import { keyText } from './issues.js';
import { isRecord, jsonSchemaOf, stepInto, withBranches, type SchemaPart } from './json-schema.js';
import { DEEPEST } from './known-keys.js';
import { scrubbed, soundsSecret } from '../text.js';

/** Stands for the value of a secret. */
export const HIDDEN = '***';

/** A key that has a value, and where the value comes from. */
export interface KeyInForce {
  /** As people write it: `tls.caFile`, `listeners[0].port`. Empty for a configuration that is one value, not an object. */
  readonly path: string;
  /** As JSON has it. Of a secret `***`, of a URL with one in it the rest of the URL. A list of plain values is one value. */
  readonly value: unknown;
  /** True if `value` is not all of it. */
  readonly secret: boolean;
  /** `default`, `file PATH`, `variable NAME`; of a `*.env` file of the folder `variable NAME in PATH`; `code` for what code configures. */
  readonly source: string;
}

/** A configuration of a satellite: each key that has a value. */
export interface ConfigurationInForce {
  /** `sputnik`, `connector`, the responsibility of a block, or what a block calls a configuration that it reads beside its own. */
  readonly name: string;
  readonly keys: readonly KeyInForce[];
}

/** A configuration that was read and has passed its schema. */
export interface Reading {
  readonly schema: StandardSchemaV1;
  /** As the folder and variables have it; undefined if there is none. */
  readonly raw: unknown;
  /** What the schema made of it. */
  readonly value: unknown;
  /** What has set the keys that no variable has: `file PATH`, or `code`. */
  readonly source: string;
  /** The variables that keys were taken from, by dotted path. */
  readonly origins: ReadonlyMap<string, Variable>;
}

/** A key, as it may be shown, and its value, which may not. */
export interface ListedKey {
  readonly shown: KeyInForce;
  readonly actual: unknown;
}

/** Each key that has a value, of a configuration that was read once or more often, by other schemas. */
export async function listedKeys(readings: readonly Reading[]): Promise<readonly ListedKey[]> {
  const written = readings.reduce<unknown>((before, { raw }) => merged(before, raw ?? {}), undefined);
  const all = await Promise.all(readings.map(({ raw, schema, value }) => withDefaults(raw ?? {}, schema, value)));
  const roots = readings.map(({ schema }) => jsonSchemaOf(schema));
  const lister = new Lister(readings.at(-1)?.source ?? '', new Map(readings.flatMap(({ origins }) => [...origins])));
  lister.list({
    path: [],
    value: merged(
      all.reduce((a, b) => merged(a, b)),
      written,
    ),
    written,
    parts: roots.map((root) => ({ root, node: root })),
    from: undefined,
  });
  return lister.keys;
}

/** A part of a configuration that is to be listed. */
interface Part {
  readonly path: readonly (string | number)[];
  readonly value: unknown;
  /** Undefined if it is a default. */
  readonly written: unknown;
  /** What the schemas say of it. */
  readonly parts: readonly SchemaPart[];
  /** The variable that set it, or what it is in. */
  readonly from: Variable | undefined;
}

class Lister {
  readonly keys: ListedKey[] = [];
  readonly #source: string;
  readonly #origins: ReadonlyMap<string, Variable>;

  constructor(source: string, origins: ReadonlyMap<string, Variable>) {
    this.#source = source;
    this.#origins = origins;
  }

  list({ path, value, written, parts, from }: Part): void {
    const nodes = parts.flatMap((part) => withBranches(part, () => true));
    const set = from === undefined ? this.#source : sourceOf(from);
    const add = (shown: unknown, secret: boolean): void =>
      void this.keys.push({
        shown: {
          path: scrubbed(keyText(path)),
          value: shown,
          secret,
          source: written === undefined ? 'default' : set,
        },
        actual: value,
      });
    // guard: secrets are not in the configuration in force
    if (from?.fromFile === true || isSecret(path.at(-1), nodes)) return add(HIDDEN, true);
    const inner = entriesOf(value);
    if (inner.length === 0 && path.length === 0 && isRecord(value)) return;
    if (inner.length > 0 && path.length >= DEEPEST) return add('…', false);
    if (inner.length === 0) {
      const shown = cleaned(value);
      return add(shown, JSON.stringify(shown) !== JSON.stringify(value));
    }
    for (const [step, child] of inner) {
      const childPath = [...path, step];
      this.list({
        path: childPath,
        value: child,
        written: own(written, step),
        parts: nodes.flatMap((node) => stepInto(node, step)),
        from: this.#origins.get(childPath.join('.')) ?? from,
      });
    }
  }
}

/** A schema knows best; of one that says nothing the name counts. */
function isSecret(key: string | number | undefined, nodes: readonly SchemaPart[]): boolean {
  const said = nodes.flatMap(({ node }) => node.writeOnly ?? []);
  return said.length > 0 ? said.includes(true) : typeof key === 'string' && soundsSecret(key);
}

function sourceOf({ layer, name }: Variable): string {
  return layer.origin === 'process' ? `variable ${name}` : `variable ${name} in ${layer.label}`;
}

/** What is listed by itself: the keys of an object, the elements of a list that has more than plain values. */
function entriesOf(value: unknown): readonly (readonly [string | number, unknown])[] {
  if (isRecord(value)) return Object.entries(value);
  const hasMore = Array.isArray(value) && value.some((element) => typeof element === 'object' && element !== null);
  return hasMore ? [...value.entries()] : [];
}

/** A value without the passwords that URLs carry. */
function cleaned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(cleaned);
  return typeof value === 'string' ? scrubbed(value) : value;
}
