import { resolve } from 'node:path';
import { fileText } from '@sputnikjs/messaging/net';
import { coerce } from './coerce.js';
import { isRecord } from './json-schema.js';
import type { KnownKey } from './known-keys.js';
import { inCapitals } from './original.js';
import { shown, textOf } from '../text.js';

/** A set of variables, and their origin. */
export interface Layer {
  readonly label: string;
  /** The environment of the process, or a file of the configuration folder. */
  readonly origin: 'process' | 'folder';
  /** The folder from which relative paths in `…_FILE` variables start. */
  readonly base: string;
  /** The prefix of all names for this satellite. For a nested satellite, its name in the enclosing one. */
  readonly prefix: string;
  readonly variables: Readonly<Record<string, string | undefined>>;
}

/** The layers for a nested satellite: in those of the enclosing satellite, its variables begin with its name. */
export function layersInside(layers: readonly Layer[], satellite: string): readonly Layer[] {
  return layers.map((layer) => ({ ...layer, prefix: `${layer.prefix}${snake(satellite)}_` }));
}

/** The variables of a layer for this satellite, by their names without the prefix. */
export function variablesOf({
  prefix,
  variables,
}: Layer): readonly (readonly [name: string, text: string | undefined])[] {
  return Object.entries(variables)
    .filter(([name]) => name.startsWith(prefix))
    .map(([name, text]) => [name.slice(prefix.length), text]);
}

/** A variable that sets a key. */
export interface Variable {
  readonly layer: Layer;
  readonly name: string;
  /** True if it names a file that contains the value. */
  readonly fromFile: boolean;
}

/** A configuration after its variables were applied. */
export interface Overridden {
  readonly value: unknown;
  /** Which variable a key was taken from, by its dotted path. */
  readonly origins: ReadonlyMap<string, Variable>;
  /** What is wrong with the variable for a key, by its dotted path. */
  readonly problems: ReadonlyMap<string, string>;
}

/**
 * Applies the variables that name known keys. `EXAMPLE_K_NAME` or `EXAMPLE_KNAME` sets key `kName` of configuration `example`,
 * `EXAMPLE_TLS_CA_FILE` its `tls.caFile`. With `_FILE` at the end, the variable names a file that contains the value. Earlier layers count
 * before later ones. Ignores variables that name no known key.
 */
export function override(
  confName: string,
  raw: unknown,
  keys: readonly KnownKey[],
  layers: readonly Layer[],
): Overridden {
  const origins = new Map<string, Variable>();
  const problems = new Map<string, string>();
  if (raw !== undefined && !isRecord(raw)) return { value: raw, origins, problems };
  let value: unknown = raw;
  const literal = new Set(keys.flatMap((key) => spellings(confName, key.path)));
  for (const key of keys) {
    const [found, second] = find(spellings(confName, key.path), literal, layers);
    if (found === undefined) continue;
    const variable = placeOf(found);
    const dotted = key.path.join('.');
    if (second !== undefined) {
      problems.set(
        dotted,
        `${variable}: sets ${dotted} of "${confName}", which ${second.name} sets too; keep one of them`,
      );
      continue;
    }
    try {
      const text = textFrom(found);
      const result = coerce(text, key.types);
      if ('value' in result) {
        value = withKey(value, key.path, result.value);
        origins.set(dotted, found);
      } else {
        // a file may hold a secret whatever the key is called
        const what = `${found.fromFile ? 'what the file holds' : shown(found.name, text)} does not fit ${dotted} of "${confName}", expected ${result.expected}`;
        problems.set(dotted, `${variable}: ${what}${kubernetesHint(text)}`);
      }
    } catch (error) {
      problems.set(dotted, `${variable}: ${textOf(error)}`);
    }
  }
  return { value, origins, problems };
}

/** The place of a variable, as problems show it. */
export function placeOf({ layer, name }: Variable): string {
  return `${layer.label}: ${name}`;
}

/** The names of the variable for a key: `kName` as K_NAME, and as the original has it, KNAME. */
export function spellings(confName: string, path: readonly string[]): readonly string[] {
  const names = [path.map(snake).join('_'), path.map(inCapitals).join('_')];
  return [...new Set(prefixes(confName).flatMap((prefix) => names.map((name) => `${prefix}_${name}`)))];
}

/** The beginnings of all variables of a configuration. */
export function prefixes(confName: string): readonly string[] {
  return [...new Set([snake(confName), inCapitals(confName)])];
}

function snake(name: string): string {
  return inCapitals(name.replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2').replaceAll(/([A-Z])([A-Z][a-z])/g, '$1_$2'));
}

/** The variables of the first layer that has any for the key. */
function find(names: readonly string[], literal: ReadonlySet<string>, layers: readonly Layer[]): readonly Variable[] {
  for (const layer of layers) {
    const whole = (name: string): string => `${layer.prefix}${name}`;
    const has = (name: string): boolean =>
      Object.hasOwn(layer.variables, whole(name)) && layer.variables[whole(name)] !== undefined;
    const found = [
      ...names.filter(has).map((name) => ({ layer, name: whole(name), fromFile: false })),
      // a key whose own name ends in File comes before the convention
      ...names
        .map((name) => `${name}_FILE`)
        .filter((name) => has(name) && !literal.has(name))
        .map((name) => ({ layer, name: whole(name), fromFile: true })),
    ];
    if (found.length > 0) return found;
  }
  return [];
}

function textFrom({ layer, name, fromFile }: Variable): string {
  const text = layer.variables[name] ?? '';
  return fromFile ? fileText(resolve(layer.base, text), 'cannot read the file').replace(/\r?\n$/, '') : text;
}

/** A copy of `value` in which the key at `path` is `leaf`. */
function withKey(value: unknown, [key, ...rest]: readonly string[], leaf: unknown): unknown {
  if (key === undefined) return leaf;
  const record = isRecord(value) ? value : {};
  return { ...record, [key]: withKey(Object.hasOwn(record, key) ? record[key] : undefined, rest, leaf) };
}

const KUBERNETES_URL = /^(tcp|udp|sctp):\/\//;

/** True for variables that Kubernetes injects for a service. */
export function isOfKubernetes(name: string, text = ''): boolean {
  return KUBERNETES_URL.test(text) || /_SERVICE_(HOST|PORT)|_PORT_\d+_(TCP|UDP|SCTP)/.test(name);
}

function kubernetesHint(text: string): string {
  if (!KUBERNETES_URL.test(text)) return '';
  return '; Kubernetes injects such variables for services: rename the service, or set enableServiceLinks: false in the pod';
}
