import type { StandardSchemaV1 } from '@sputnikjs/core';
import { merged, own, withDefaults } from './defaults.js';
import type { Variable } from './environment.js';
import { keyText } from './issues.js';
import { isRecord, jsonSchemaOf, stepInto, withBranches, type SchemaPart } from './json-schema.js';
import { DEEPEST } from './known-keys.js';
import { scrubbed, soundsSecret } from '../text.js';

/** Shown in place of a secret. */
export const HIDDEN = '***';

/** A key that has a value, and where the value comes from. */
export interface KeyInForce {
  /** As people write it: `tls.caFile`, `listeners[0].port`. Empty for a configuration that is one value, not an object. */
  readonly path: string;
  /** The value as JSON. A secret is `***`; a URL is shown without the secret in it. A list of plain values is one value. */
  readonly value: unknown;
  /** True if `value` is not all of it. */
  readonly secret: boolean;
  /** `default`, `file PATH`, `variable NAME`, `variable NAME in PATH` for a `*.env` file of the folder, or `code`. */
  readonly source: string;
}

/** A configuration of a satellite: each key that has a value. */
export interface ConfigurationInForce {
  /** `sputnik`, `connector`, the responsibility of a block, or the name of a further configuration that a block reads. */
  readonly name: string;
  readonly keys: readonly KeyInForce[];
}

/** A configuration that was read and has passed its schema. */
export interface Reading {
  readonly schema: StandardSchemaV1;
  /** As the folder and the variables have it. Undefined if there is none. */
  readonly raw: unknown;
  /** The value that the schema made from it. */
  readonly value: unknown;
  /** What has set the keys that no variable sets: `file PATH`, or `code`. */
  readonly source: string;
  /** The variables that keys were taken from, by dotted path. */
  readonly origins: ReadonlyMap<string, Variable>;
}

/** A key as it may be shown, and its real value, which may be secret. */
export interface ListedKey {
  readonly shown: KeyInForce;
  readonly actual: unknown;
}

/** Each key that has a value, of one configuration. Several blocks may have read it, with different schemas. */
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
  /** The parts of the schemas that describe it. */
  readonly parts: readonly SchemaPart[];
  /** The variable that set it, or set the object or list that contains it. */
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

/** Whether a key is a secret: as the schema says; if it does not say, by the name of the key. */
function isSecret(key: string | number | undefined, nodes: readonly SchemaPart[]): boolean {
  const said = nodes.flatMap(({ node }) => node.writeOnly ?? []);
  return said.length > 0 ? said.includes(true) : typeof key === 'string' && soundsSecret(key);
}

function sourceOf({ layer, name }: Variable): string {
  return layer.origin === 'process' ? `variable ${name}` : `variable ${name} in ${layer.label}`;
}

/** The parts that are listed separately: keys of an object, elements of a list with objects in it. */
function entriesOf(value: unknown): readonly (readonly [string | number, unknown])[] {
  if (isRecord(value)) return Object.entries(value);
  const hasMore = Array.isArray(value) && value.some((element) => typeof element === 'object' && element !== null);
  return hasMore ? [...value.entries()] : [];
}

/** The value without passwords in URLs. */
function cleaned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(cleaned);
  return typeof value === 'string' ? scrubbed(value) : value;
}
