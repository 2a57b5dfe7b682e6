import type { SchemaIssue } from '@sputnikjs/core';
import { placeOf, type Variable } from './environment.js';
import { isRecord } from './json-schema.js';
import type { KnownKey } from './known-keys.js';
import { didYouMean } from './suggest.js';
import { scrubbed } from '../text.js';

/** What zod adds to an issue; other libraries' issues have their message alone. */
interface RichIssue extends SchemaIssue {
  readonly code?: unknown;
  readonly keys?: unknown;
  readonly expected?: unknown;
  readonly errors?: unknown;
}

/** Where a value comes from, to say where it is wrong. */
export interface Checked {
  /** The file or place of the configuration. */
  readonly label: string;
  readonly value: unknown;
  /** The variables that keys were taken from, by dotted path. */
  readonly origins: ReadonlyMap<string, Variable>;
  /** The keys that its schema declares. */
  readonly declared: readonly KnownKey[];
}

/** One line for each problem: `<where>: <key>: what is wrong, what is expected`. */
export function describeIssue(
  issue: RichIssue,
  checked: Checked,
  above: readonly PropertyKey[] = [],
): readonly string[] {
  const path = [...above, ...pathOf(issue)];
  if (issue.code === 'unrecognized_keys' && Array.isArray(issue.keys)) {
    return issue.keys.map((key) =>
      line(checked, [...path, String(key)], unknownKey(String(key), path, checked.declared)),
    );
  }
  if (issue.code === 'invalid_union' && Array.isArray(issue.errors)) {
    const nearest = nearestBranch(issue.errors as readonly (readonly RichIssue[])[]);
    if (nearest.length > 0) return nearest.flatMap((inner) => describeIssue(inner, checked, path));
  }
  const text = scrubbed(issue.message).replace(/^Invalid input: /, '');
  if (path.length > 0 && at(checked.value, path) === undefined) {
    const expected = typeof issue.expected === 'string' ? `expected ${issue.expected}` : text;
    return [line(checked, path, `is missing, ${expected}`)];
  }
  return [line(checked, path, text)];
}

/** True if the issue is a missing key. */
export function isMissing(issue: RichIssue, value: unknown): boolean {
  const path = pathOf(issue);
  return path.length > 0 && issue.code !== 'unrecognized_keys' && at(value, path) === undefined;
}

/** The keys that lead to the place of an issue. */
export function pathOf({ path = [] }: SchemaIssue): readonly PropertyKey[] {
  return path.map((part) => (typeof part === 'object' ? part.key : part));
}

function line({ label, origins }: Checked, path: readonly PropertyKey[], what: string): string {
  const origin = origins.get(path.join('.'));
  if (origin !== undefined) return `${placeOf(origin)}: ${what}`;
  return path.length === 0 ? `${label}: ${what}` : `${label}: ${keyText(path)}: ${what}`;
}

/** A path as people write it: `[2].tls.caFile`. */
export function keyText(path: readonly PropertyKey[]): string {
  const parts = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`));
  return parts.join('').replace(/^\./, '');
}

function unknownKey(key: string, path: readonly PropertyKey[], keys: readonly KnownKey[]): string {
  const outer = path.filter((part) => typeof part !== 'number').join('.');
  const known = keys.filter((one) => one.path.slice(0, -1).join('.') === outer).map((one) => one.path.at(-1) ?? '');
  const near = didYouMean(key, known);
  if (near !== '') return `unknown key,${near}`;
  return known.length > 0 ? `unknown key, expected one of ${known.join(', ')}` : 'unknown key';
}

/** The branch of a union that fits best: the one with the fewest issues. */
function nearestBranch(branches: readonly (readonly RichIssue[])[]): readonly RichIssue[] {
  return branches.reduce((best, branch) => (branch.length < best.length ? branch : best), branches[0] ?? []);
}

function at(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((inner, key) => {
    if (Array.isArray(inner)) return inner[Number(key)];
    return isRecord(inner) && typeof key === 'string' && Object.hasOwn(inner, key) ? inner[key] : undefined;
  }, value);
}
