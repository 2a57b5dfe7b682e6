import {
  CONNECTOR,
  Sputnik,
  SputnikError,
  type BlockCommunicator,
  type ConfigSource,
  type Lookup,
  type SputnikOptions,
} from '@sputnikjs/core';
import type { StartableConnector } from '@sputnikjs/messaging';
import { AddressBook, fullAddress, inside } from './address-book.js';
import type { Factories } from './block-factories.js';
import type { BlockList } from './blocks.js';
import type { Configuration } from './configuration.js';
import { JOIN } from './connector-conf.js';
import { connectorClaims, inspectBlocks, needed, type Claim } from './inspection.js';
import { problemsOf } from './problems.js';
import { ServerUsers } from './server-users.js';
import type { SatelliteReading } from './satellite-reading.js';
import type { MadeBlock, NestedSetup, SatelliteSetup } from './setup.js';
import type { BlockWiring } from './wiring.js';

/** The findings about a satellite and all its nested satellites. */
export interface Found extends Record<'problems' | 'warnings' | 'strays', readonly string[]> {
  readonly setup: SatelliteSetup;
  /** In the order of initialisation. */
  readonly wiring: readonly BlockWiring[];
  readonly claims: readonly Claim[];
  /** The blocks that take messages, by their addresses in the outermost satellite. */
  readonly hearing: ReadonlySet<string>;
}

/** A server connector, and the path of the satellite that has it. */
interface Server {
  readonly connector: StartableConnector;
  readonly path: string;
}

/** The names of its blocks by address. That belongs to the first block that has it: for another one it is a problem (B2). */
export function namesOf({ list }: SatelliteReading): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const { name, responsibility = name, nested } of list.entries)
    if (nested === undefined && !names.has(responsibility)) names.set(responsibility, name);
  return names;
}

/** The address book of a satellite and all its nested satellites. */
export function bookOf(reading: SatelliteReading, book: AddressBook = new AddressBook()): AddressBook {
  book.add(reading.path, namesOf(reading), reading.nested.keys(), reading.entry?.clone);
  for (const one of reading.nested.values()) bookOf(one, book);
  return book;
}

/** Checks a satellite and all its nested satellites. `server` is the one that the enclosing satellite connects to. */
export async function checkSatellite(
  reading: SatelliteReading,
  server: Server | undefined,
  book: AddressBook,
): Promise<Found> {
  const { path, configuration, factories, list, settings } = reading;
  const names = namesOf(reading);
  const connector = reading.connector?.connector;
  const sputnik: SputnikOptions = {
    config: sourceOf(configuration, names, factories),
    appBlocks: list.entries,
    blockFactories: factories,
    connector,
    timeouts: settings.timeouts,
  };
  const hears = connector ? { connector, path } : server;
  const checked = await checkBlocks(
    { ...sputnik, connector: hears?.connector, outer: standIns(book, path) },
    list.label,
  );
  const users = new Set(checked.serverUsers.map((one) => inside(path, one)));
  const listens = connectorClaims(reading);
  const { value: inspected, problems } = await inspectBlocks({ reading, book, names, listens });
  const wired = inspected.wiring.map((block) =>
    users.has(block.responsibility) ? { ...block, server: hears?.path } : block,
  );
  const nested = new Map<string, Found>();
  for (const [name, one] of reading.nested) nested.set(name, await checkSatellite(one, hears, book));
  const inner = [...nested.values()];
  const hearing = checked.made.filter(({ capacity }) => capacity > 0);
  // known only after all is loaded
  const own = ['blocks', 'sputnik', CONNECTOR, JOIN, ...names.keys(), ...names.values()];
  const known = [...own, ...configuration.names, ...reading.leftOut];
  const variables = configuration.strayVariables([...reading.nested.keys()]);
  const innerSetup = (name: string, { setup }: Found): NestedSetup => {
    const { entry, origin } = reading.nested.get(name) as SatelliteReading;
    const thread = entry?.place === 'thread' ? { origin, heapMb: entry.heapMb } : undefined;
    return { ...setup, restart: entry?.restart, place: entry?.place ?? 'here', thread };
  };
  return {
    setup: {
      path,
      blocks: list,
      sputnik,
      connector,
      connectorAgain: () => reading.connector?.again(),
      connectorListens: listens,
      settings,
      configuration,
      made: checked.made,
      nested: new Map([...nested].map(([name, found]) => [name, innerSetup(name, found)])),
    },
    problems: [
      ...checked.problems,
      ...leftOutOfBoth(reading, hears, book),
      ...problems,
      ...inner.flatMap((one) => one.problems),
    ],
    warnings: [...checked.warnings, ...variables.warnings, ...inner.flatMap((one) => one.warnings)],
    strays: [...configuration.reader.strays(known), ...variables.problems, ...inner.flatMap((one) => one.strays)],
    wiring: inOrder(list, path, wired, nested),
    claims: [...inspected.claims, ...inner.flatMap(({ claims }) => claims)],
    hearing: new Set([
      ...hearing.map((one) => inside(path, one.responsibility)),
      ...inner.flatMap((one) => [...one.hearing]),
    ]),
  };
}

/** In the order of initialisation. */
function inOrder(
  { entries }: BlockList,
  path: string,
  own: readonly BlockWiring[],
  nested: ReadonlyMap<string, Found>,
): readonly BlockWiring[] {
  return entries.flatMap(({ name, responsibility = name }) => {
    const found = nested.get(responsibility)?.wiring;
    return found ?? own.filter((block) => block.responsibility === inside(path, responsibility));
  });
}

/** The configuration source. A block that is asked for by name is not mistaken for one that has that name as its address. */
function sourceOf(
  configuration: Configuration,
  names: ReadonlyMap<string, string>,
  factories: Factories,
): ConfigSource {
  const [byAddress, byName] = [configuration.source(names), configuration.source(new Map())];
  return (confName, schema) => {
    const factory = factories[confName];
    const isByName = typeof factory === 'object' && factory.config === schema;
    return isByName ? byName(confName, schema) : byAddress(confName, schema);
  };
}

/** Has the core check the blocks. Returns the problems, with the files that have them, and which blocks take messages. */
async function checkBlocks(
  sputnik: SputnikOptions,
  label: string,
): Promise<Record<'problems' | 'warnings' | 'serverUsers', readonly string[]> & { made: readonly MadeBlock[] }> {
  const ofConfigs: string[] = [];
  const config: SputnikOptions['config'] = async (confName, schema) => {
    try {
      return await sputnik.config?.(confName, schema);
    } catch (error) {
      ofConfigs.push(...problemsOf(error));
      throw error;
    }
  };
  const users = new ServerUsers(sputnik.blockFactories as Factories, sputnik.appBlocks);
  const blockFactories = users.factories;
  const { value, problems, warnings } = await new Sputnik({ ...sputnik, config, blockFactories }).assemble();
  const others = problems.filter((line) => !ofConfigs.some((known) => line.includes(known)));
  return {
    problems: [...ofConfigs, ...others.map((line) => `${label}: ${line}`)],
    warnings: warnings.map((line) => `${label}: ${line}`),
    serverUsers: [...users.found],
    made: value
      .status()
      .blocks.map((block) => ({ ...block, mailbox: users.mailboxes.get(block.responsibility) ?? {} })),
  };
}

/** Handles on blocks of other satellites, for blocks that are made only for the check. */
function standIns(book: AddressBook, path: string): Lookup {
  return (address): BlockCommunicator | undefined => {
    const place = book.find(path, address);
    if (place === undefined) return undefined;
    return {
      descriptor: { name: place.name, responsibility: address },
      communicator: () => undefined,
      send: () => false,
      post: async () => false,
      ask: () => Promise.reject(new SputnikError('ASK_REFUSED')),
    };
  };
}

/** Problems: names in `outer` that the enclosing satellite does not have. */
function leftOutOfBoth(
  { path, list, nested }: SatelliteReading,
  server: Server | undefined,
  book: AddressBook,
): readonly string[] {
  const has = (name: string): boolean =>
    name === CONNECTOR ? server !== undefined : book.find(path, name) !== undefined;
  return list.entries.flatMap(({ index, nested: entry, responsibility = '' }) =>
    (nested.has(responsibility) ? (entry?.outer ?? []) : [])
      .filter((name) => !has(name))
      .map(
        (name) =>
          `${list.label}: [${index}].outer: no enclosing satellite of "${responsibility}" has "${name}"; list it here, or remove it from "outer"`,
      ),
  );
}

/** Problems: needs for blocks of other satellites that take no messages. For blocks of the same satellite the core reports this. */
export function deafNeeds(
  { path, list, factories }: SatelliteReading,
  book: AddressBook,
  hearing: ReadonlySet<string>,
): readonly string[] {
  return list.entries.flatMap((entry) =>
    needed(entry, factories[entry.name]).flatMap(({ need, to }) => {
      const place = book.find(path, to);
      if (place === undefined || place.path === path || hearing.has(fullAddress(place))) return [];
      return `${list.label}: block ${entry.responsibility ?? entry.name}: its need "${need}" is unmet: block "${to}" takes no messages (it has neither onMsg nor onMsgs)`;
    }),
  );
}
