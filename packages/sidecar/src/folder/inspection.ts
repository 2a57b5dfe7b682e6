import {
  confFactory,
  CONNECTOR,
  type BlockDefinition,
  type BlockFactory,
  type ConfFactory,
  type ListenPlace,
} from '@sputnikjs/core';
import { fullAddress, inside, isInside, type AddressBook } from './address-book.js';
import type { ListedEntry } from './blocks.js';
import type { Configuration } from './configuration.js';
import { attempt, type WithProblems } from './problems.js';
import type { SatelliteReading } from './satellite-reading.js';
import type { BlockWiring } from './wiring.js';

/** What is inspected: blocks that have passed their schemas. */
export interface Inspected {
  readonly reading: SatelliteReading;
  readonly book: AddressBook;
  /** The names of its blocks by address. */
  readonly names: ReadonlyMap<string, string>;
  /** Where the satellite will listen, in addition to its blocks, and for whom. */
  readonly listens: readonly Claim[];
}

/** A place to listen at, and its owner. */
export interface Claim extends ListenPlace {
  /** The address of the block that will listen there, or `connector`. */
  readonly by: string;
  /** Where its configuration stands. */
  readonly label: string;
}

/** The findings about one satellite, without its nested ones. */
export interface Inspection {
  /** How its blocks are wired, by their addresses in the outermost satellite. */
  readonly wiring: readonly BlockWiring[];
  readonly claims: readonly Claim[];
}

/**
 * Finds what no schema can: the problems that the blocks' own `check` reports, such as missing files, and the places where blocks will
 * listen. One line each.
 */
export async function inspectBlocks({ reading, book, names, listens }: Inspected): Promise<WithProblems<Inspection>> {
  const { path, list, factories, configuration } = reading;
  const claims = [...listens];
  const problems: string[] = [];
  const wiring: BlockWiring[] = [];
  const read = confFactory(configuration.source(names));
  for (const entry of list.entries) {
    if (entry.nested !== undefined) continue;
    const factory = factories[entry.name];
    const { name, responsibility = name } = entry;
    const needs = needed(entry, factory).map(({ need, to }) => {
      const place = book.find(path, to);
      return { need, to: place === undefined ? to : fullAddress(place) };
    });
    const address = inside(path, responsibility);
    if (!isChecked(factory)) {
      wiring.push({ responsibility: address, name, needs, listens: [] });
      continue;
    }
    const own = [...new Set([responsibility, name])];
    const found = await attempt(configuration.labelOf(own), responsibility);
    const label = found.value;
    const checked = await attempt(checkBlock(factory, own, configuration, read), {});
    problems.push(
      ...found.problems,
      ...checked.problems,
      ...(checked.value.problems ?? []).map((problem) => `${label}: ${problem}`),
    );
    const places = checked.value.listens ?? [];
    for (const place of places) claims.push({ ...place, by: address, label });
    wiring.push({ responsibility: address, name, needs, listens: places });
  }
  return { value: { wiring, claims }, problems };
}

/** Where the server connector of a satellite will listen. */
export function connectorClaims({ path, connector }: SatelliteReading): readonly Claim[] {
  return (connector?.listens ?? []).map((place) => ({ ...place, by: inside(path, CONNECTOR), label: CONNECTOR }));
}

type Checked = BlockDefinition & Required<Pick<BlockDefinition, 'check'>>;

function isChecked(factory: BlockFactory | undefined): factory is Checked {
  return typeof factory === 'object' && factory.check !== undefined;
}

async function checkBlock(
  block: Checked,
  names: readonly string[],
  configuration: Configuration,
  read: ConfFactory,
): Promise<Awaited<ReturnType<Checked['check']>>> {
  const value = block.config && (await configuration.load(names, block.config)).value;
  return block.check(value, read);
}

/** The addresses that a block sends to, by the names of its needs. */
export function needed({ needs = {} }: ListedEntry, factory: BlockFactory | undefined): BlockWiring['needs'] {
  if (typeof factory !== 'object') return [];
  return Object.entries({ ...factory.needs, ...needs }).map(([need, to]) => ({ need, to }));
}

/**
 * Finds blocks and nested satellites that are listed before one that they need (B1). The latter would finish first, with messages still to
 * come. `wiring` is that of all satellites.
 */
export function misplaced({ path, list }: SatelliteReading, wiring: readonly BlockWiring[]): readonly string[] {
  const { label, entries } = list;
  const addresses = entries.map(({ name, responsibility = name }) => inside(path, responsibility));
  const placeOf = (address: string): number => addresses.findIndex((place) => isInside(place, address));
  const needsOf = addresses.map((place, index) => {
    const own = wiring.filter(({ responsibility }) => isInside(place, responsibility));
    const needs = own.flatMap((block) => block.needs.map(({ to }) => placeOf(to)));
    return needs.filter((need) => need !== -1 && need !== index);
  });
  // guard: blocks come after those they need
  return needsOf.flatMap((needs, index) =>
    [...new Set(needs)]
      // blocks that need each other have no right order
      .filter((need) => need > index && !reaches(need, index, needsOf))
      .map((need) => {
        const [own, other] = [entries[index], entries[need]].map((entry) => entry?.responsibility ?? entry?.name);
        const what = entries[index]?.nested === undefined ? 'block' : 'satellite';
        return `${label}: [${entries[index]?.index}]: ${what} "${own}" is listed before "${other}", which it needs; list it after that`;
      }),
  );
}

function reaches(from: number, to: number, needsOf: readonly (readonly number[])[]): boolean {
  const seen = new Set([from]);
  for (const at of seen) for (const need of needsOf[at] ?? []) seen.add(need);
  return seen.has(to);
}

/** Finds places at which two blocks would listen. */
export function contested(claims: readonly Claim[]): readonly string[] {
  return claims.flatMap((claim, index) => {
    const other = claims.slice(0, index).find((before) => overlap(before, claim));
    if (other === undefined) return [];
    const { protocol, host, port, by, label } = claim;
    const whose = other.by === by ? 'by another listener of this block' : `by "${other.by}"`;
    return `${label}: ${protocol.toUpperCase()} port ${port} on ${host} is taken ${whose}; give one of them another port`;
  });
}

function overlap(a: ListenPlace, b: ListenPlace): boolean {
  if (a.protocol !== b.protocol || a.port !== b.port || a.port === 0) return false;
  const [one, other] = [addressOf(a), addressOf(b)];
  return one === other || covers(one, other) || covers(other, one);
}

function addressOf({ host }: ListenPlace): string {
  return host === 'localhost' ? '127.0.0.1' : host;
}

/** Whether `all`, a wildcard address, includes this address. */
function covers(all: string, address: string): boolean {
  return all === '::' || (all === '0.0.0.0' && !address.includes(':'));
}
