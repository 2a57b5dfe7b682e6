import {
  confFactory,
  CONNECTOR,
  type BlockDefinition,
  type BlockFactory,
  type ConfFactory,
  type ListenPlace,
} from '@sputnikjs/core';
import type { BlockList, SidecarEntry } from './blocks.js';
import type { Configuration } from './configuration.js';
import type { Factories } from './block-factories.js';
import { attempt, type WithProblems } from './problems.js';
import type { BlockWiring } from './wiring.js';

/** What is inspected: blocks that have passed their schemas, and where else the satellite listens. */
export interface Inspected {
  readonly list: BlockList;
  readonly factories: Factories;
  readonly configuration: Configuration;
  readonly names: ReadonlyMap<string, string>;
  readonly connectorListens: readonly ListenPlace[];
  readonly adminListens: readonly ListenPlace[];
}

/** A place, and whose it is. */
interface Claim extends ListenPlace {
  /** The responsibility of the block that is going to listen there, or `connector`. */
  readonly by: string;
  /** Where its configuration stands. */
  readonly label: string;
}

/**
 * Finds what no schema can: what the blocks' own `check` tells, such as files that are missing, blocks that stand before one that they
 * need (B1), and places that two listen at. One line each. The value is how the blocks are wired.
 */
export async function inspectSetup(inspected: Inspected): Promise<WithProblems<readonly BlockWiring[]>> {
  const { list, factories, configuration, names, connectorListens, adminListens } = inspected;
  const claims: Claim[] = [
    ...adminListens.map((place) => ({ ...place, by: 'admin', label: 'sputnik' })),
    ...connectorListens.map((place) => ({ ...place, by: CONNECTOR, label: CONNECTOR })),
  ];
  const problems: string[] = [];
  const wiring: BlockWiring[] = [];
  const read = confFactory(configuration.source(names));
  for (const entry of list.entries) {
    const factory = factories[entry.name];
    const { name, responsibility = name } = entry;
    const needs = needed(entry, factory);
    if (!isChecked(factory)) {
      wiring.push({ responsibility, name, needs, listens: [] });
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
    const { listens = [] } = checked.value;
    for (const place of listens) claims.push({ ...place, by: responsibility, label });
    wiring.push({ responsibility, name, needs, listens });
  }
  return { value: wiring, problems: [...problems, ...misplaced(list, factories), ...contested(claims)] };
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

/** Blocks that stand before one that they need: it would be finished first, with messages still to come. */
function misplaced({ label, entries }: BlockList, factories: Factories): readonly string[] {
  const places = new Map(entries.map(({ name, responsibility = name }, index) => [responsibility, index]));
  const needsOf = entries.map((entry) =>
    needed(entry, factories[entry.name]).flatMap(({ to }) => places.get(to) ?? []),
  );
  // guard: blocks stand behind those they need
  return needsOf.flatMap((needs, index) =>
    needs
      // those that need each other can stand in no other order
      .filter((need) => need > index && !reaches(need, index, needsOf))
      .map((need) => {
        const [own, other] = [entries[index], entries[need]].map((entry) => entry?.responsibility ?? entry?.name);
        return `${label}: [${index}]: block "${own}" is listed before "${other}", which it needs; list it after that`;
      }),
  );
}

function needed({ needs = {} }: SidecarEntry, factory: BlockFactory | undefined): BlockWiring['needs'] {
  if (typeof factory !== 'object') return [];
  return Object.entries({ ...factory.needs, ...needs }).map(([need, to]) => ({ need, to }));
}

function reaches(from: number, to: number, needsOf: readonly (readonly number[])[]): boolean {
  const seen = new Set([from]);
  for (const at of seen) for (const need of needsOf[at] ?? []) seen.add(need);
  return seen.has(to);
}

/** Places that two listen at. */
function contested(claims: readonly Claim[]): readonly string[] {
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

/** Whether all addresses of the machine, of IPv4 or of both kinds, include this one. */
function covers(all: string, address: string): boolean {
  return all === '::' || (all === '0.0.0.0' && !address.includes(':'));
}
