import { inside } from './address-book.js';
import type { ListedKey } from './in-force.js';
import type { NestedEntry, SidecarEntry } from './options.js';
import { problemsOf } from './problems.js';
import { levelsOf } from './levels.js';
import type { SatelliteSetup, Setup } from './setup.js';

/** A key whose value has changed. */
export interface Change {
  /** The configuration that has the key: `sputnik`, `connector`, `blocks`, or the responsibility of a block. */
  readonly block: string;
  /** As people write it: `tls.caFile`, `listeners[0].port`; of `blocks` the responsibility of the block, or `order`. */
  readonly key: string;
  /** What has set it: `file PATH`, `variable NAME`, `default`. */
  readonly source: string;
  /** The values before and after; absent for a secret. `was` is absent for a new key, `is` for a removed one. */
  readonly was?: unknown;
  readonly is?: unknown;
}

/** What differs between two configurations of a satellite. */
export interface Changes {
  readonly changed: readonly Change[];
  /** How many keys have not changed. */
  readonly unchanged: number;
}

/** Reads, in the new setup, the configurations that blocks have read in addition to their own. Returns the problems. */
export async function askAgain(before: Setup, after: Setup): Promise<readonly string[]> {
  const now = byPath(after);
  const problems: string[] = [];
  for (const one of levelsOf<SatelliteSetup>(before)) {
    const other = now.get(one.path);
    if (other !== undefined) problems.push(...(await askSatellite(one, other)));
  }
  return problems;
}

/** For one satellite, without its nested ones. */ async function askSatellite(
  before: SatelliteSetup,
  after: SatelliteSetup,
): Promise<readonly string[]> {
  const problems: string[] = [];
  const known = after.configuration.passed;
  const gone = new Set(entriesOf(before).keys());
  for (const [name, schemas] of before.configuration.passed) {
    for (const schema of schemas.filter((one) => known.get(name)?.includes(one) !== true)) {
      try {
        await after.sputnik.config?.(name, schema);
      } catch (error) {
        // the schema may belong to a block or connector that was replaced; the new one was asked already
        if (!known.has(name) && !gone.has(name)) problems.push(...problemsOf(error));
      }
    }
  }
  return problems;
}

/** Compares the configuration in force with a new one, key by key, except for the keys in `left`. */
export async function changesBetween(
  before: Setup,
  after: Setup,
  left: (block: string, key: string) => boolean,
): Promise<Changes> {
  const now = byPath(after);
  const found: Changes[] = [];
  for (const one of levelsOf<SatelliteSetup>(before)) {
    const other = now.get(one.path);
    // a new or removed satellite is a change of the list that has it
    if (other !== undefined) found.push(await changesOf(one, other, left));
  }
  return {
    changed: found.flatMap(({ changed }) => changed),
    unchanged: found.reduce((sum, { unchanged }) => sum + unchanged, 0),
  };
}

function byPath(setup: Setup): ReadonlyMap<string, SatelliteSetup> {
  return new Map(levelsOf<SatelliteSetup>(setup).map((one) => [one.path, one]));
}

/** For one satellite, without its nested ones. */ async function changesOf(
  before: SatelliteSetup,
  after: SatelliteSetup,
  left: (block: string, key: string) => boolean,
): Promise<Changes> {
  const { path } = after;
  const changed = [...changedBlocks(before, after)];
  let unchanged = 0;
  const [old, now] = [await before.configuration.listed(), await after.configuration.listed()];
  // all keys of a new or removed block come or go with it
  const moving = new Set([...entriesOf(before).keys()].filter((name) => !entriesOf(after).has(name)));
  for (const name of entriesOf(after).keys()) if (!entriesOf(before).has(name)) moving.add(name);
  for (const name of new Set([...old.keys(), ...now.keys()])) {
    if (moving.has(name)) continue;
    const [was, is] = [old, now].map((all) => new Map(all.get(name)?.map((key) => [key.shown.path, key])));
    const block = inside(path, name);
    for (const key of new Set([...(was?.keys() ?? []), ...(is?.keys() ?? [])])) {
      if (left(block, key)) continue;
      const change = changeOf(block, key, was?.get(key), is?.get(key));
      if (change === undefined) unchanged++;
      else changed.push(change);
    }
  }
  return { changed, unchanged };
}

function changeOf(
  block: string,
  key: string,
  was: ListedKey | undefined,
  is: ListedKey | undefined,
): Change | undefined {
  if (isSame(was?.actual, is?.actual)) return undefined;
  const source = (is ?? was)?.shown.source ?? '';
  // guard: a reload shows no secret
  if (was?.shown.secret === true || is?.shown.secret === true) return { block, key, source };
  return { block, key, source, was: was?.shown.value, is: is?.shown.value };
}

/** Blocks that are new, removed, or listed differently. */
function changedBlocks(before: SatelliteSetup, after: SatelliteSetup): readonly Change[] {
  const [old, now] = [entriesOf(before), entriesOf(after)];
  const source = `file ${after.blocks.label}`;
  const change = (key: string, was: unknown, is: unknown): readonly Change[] =>
    isSame(was, is) ? [] : [{ block: inside(after.path, 'blocks'), key, source, was, is }];
  const both = (one: typeof old, other: typeof old): readonly string[] =>
    [...one.keys()].filter((name) => other.has(name));
  return [
    ...[...new Set([...old.keys(), ...now.keys()])].flatMap((name) => change(name, old.get(name), now.get(name))),
    ...change('order', both(old, now), both(now, old)),
  ];
}

/** The entries of the list by address. Their order is compared separately. */
function entriesOf({ blocks }: SatelliteSetup): ReadonlyMap<string, SidecarEntry | NestedEntry> {
  return new Map(
    blocks.entries.map(({ name, responsibility, module, needs, nested }) => [
      responsibility ?? name,
      nested ?? { name, responsibility, module, needs },
    ]),
  );
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
