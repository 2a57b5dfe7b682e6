import { realpath } from 'node:fs/promises';
import { basename, isAbsolute, join, resolve } from 'node:path';
import { CONNECTOR, withAddress } from '@sputnikjs/core';
import type { StartableConnector } from '@sputnikjs/messaging';
import { inside } from './address-book.js';
import { findFactories, type Factories } from './block-factories.js';
import { readBlocks, type BlockList, type ListedEntry } from './blocks.js';
import { ConfigFolder } from './config-folder.js';
import { Configuration } from './configuration.js';
import { findConnector, type ConnectorSetup } from './connector-conf.js';
import { layersInside, type Layer } from './environment.js';
import type { ConfigurationOptions, NestedEntry, NestedOptions, SatelliteOptions } from './options.js';
import { attempt, type WithProblems } from './problems.js';
import { CodeReader } from './reader.js';
import { SatelliteConf, type SatelliteSettings } from './satellite-conf.js';

/** A satellite as its configuration describes it. Its blocks are not checked yet. */
export interface SatelliteReading {
  /** Empty for the outermost satellite, `a/b` for satellite b nested in satellite a. */
  readonly path: string;
  readonly name: string;
  readonly configuration: Configuration;
  readonly settings: SatelliteSettings;
  /** Its blocks, and the nested satellites. */
  readonly list: BlockList;
  readonly factories: Factories;
  /** Its own connector. */
  readonly connector: ConnectorSetup | undefined;
  /** Its entry in the list of the enclosing satellite. */
  readonly entry: NestedEntry | undefined;
  /** Its nested satellites, by address, as far as they can be read. */
  readonly nested: ReadonlyMap<string, SatelliteReading>;
  /** What it leaves out, to use what the enclosing satellite has. */
  readonly leftOut: ReadonlySet<string>;
  /** How it was read, to read it again in a thread. */
  readonly origin: Origin;
}

/** How a satellite is read. */
export interface Origin {
  readonly options: SatelliteOptions;
  readonly around: Surroundings;
}

/** What encloses a satellite. */
export interface Surroundings {
  readonly path: string;
  /** The enclosing folders, and the names that lead from one to the next. */
  readonly trail: readonly { readonly folder: string; readonly name: string }[];
  /** The variables that the enclosing satellites have for it. */
  readonly layers: readonly Layer[];
  readonly entry: NestedEntry | undefined;
}

/** The connector for a folder without a usable one, so that the same run can check its blocks. */
const NEVER: StartableConnector = {
  connect: () => Promise.reject(new Error('this connector is never connected')),
  isConnected: () => false,
  disconnect: () => {},
};
const UNUSABLE: ConnectorSetup = { connector: NEVER, again: () => NEVER, listens: [] };

const DEFAULT_SETTINGS: SatelliteSettings = SatelliteConf.parse({});

/** Reads a satellite and all its nested satellites. Returns all problems, one line each. */
export async function readSatellite<C>(
  options: SatelliteOptions<C>,
): Promise<WithProblems<SatelliteReading | undefined>> {
  const environment = { label: 'environment', origin: 'process', base: process.cwd(), prefix: '' } as const;
  const layers = options.cf === undefined ? [] : [{ ...environment, variables: process.env }];
  // the compiler cannot check what configuration joins; the connect does
  return await readFrom({
    options: options as SatelliteOptions,
    around: { path: '', trail: [], layers, entry: undefined },
  });
}

/** Reads a satellite from its origin, and all its nested satellites. */
export async function readFrom(origin: Origin): Promise<WithProblems<SatelliteReading | undefined>> {
  const { options, around } = origin;
  const { path, entry } = around;
  const leftOut = new Set(entry?.outer);
  const opened = await openConfiguration(options, around.layers);
  if (opened.value === undefined) return { value: undefined, problems: opened.problems };
  const { configuration, layers } = opened.value;
  const folder = options.cf ?? process.cwd();
  const given = (options.blockFactories ?? {}) as Factories;
  const settings = await attempt(loadSettings(configuration), DEFAULT_SETTINGS);
  const listed = await readBlocks(configuration.reader);
  const { label } = listed.value;
  const own = listed.value.entries.filter(({ name, responsibility = name }) => !leftOut.has(responsibility));
  const factories = await findFactories({ label, entries: own }, folder, given);
  const entries = own
    .map((entry) => withAddress(entry, factories.value[entry.name]))
    // only now is the address known that the block declares
    .filter(({ responsibility = '' }) => !leftOut.has(responsibility));
  const connector = leftOut.has(CONNECTOR)
    ? { value: undefined, problems: [] }
    : await attempt(findConnector(configuration, folder, options.connector), UNUSABLE);
  const trail = [...around.trail, { folder: await realFolder(options.cf), name: basename(resolve(folder)) }];
  const nested = await readNested(entries, label, options, { path, trail, layers, entry });
  const name = settings.value.name ?? (options.cf === undefined ? 'satellite' : basename(resolve(options.cf)));
  const value: SatelliteReading = {
    path,
    name,
    configuration,
    settings: settings.value,
    list: { label, entries },
    factories: factories.value,
    connector: connector.value,
    entry,
    nested: nested.value,
    leftOut,
    origin,
  };
  const problems = [opened, settings, listed, factories, connector, nested].flatMap((part) => part.problems);
  return { value, problems };
}

async function readNested(
  entries: readonly ListedEntry[],
  label: string,
  options: SatelliteOptions,
  around: Surroundings,
): Promise<WithProblems<ReadonlyMap<string, SatelliteReading>>> {
  const found = new Map<string, SatelliteReading>();
  const problems: string[] = [];
  for (const { nested, responsibility = '', index } of entries) {
    if (nested === undefined || found.has(responsibility)) continue;
    const own = optionsOf(nested, options);
    const circle = await circleOf(own.cf, around);
    if (circle !== undefined) {
      problems.push(`${label}: [${index}].satellite: "${responsibility}" is inside itself: ${circle}`);
      continue;
    }
    const layers = layersInside(around.layers, responsibility);
    const path = inside(around.path, responsibility);
    const inner = await readFrom({ options: own, around: { ...around, path, layers, entry: nested } });
    problems.push(...inner.problems);
    if (inner.value !== undefined) found.set(responsibility, inner.value);
  }
  return { value: found, problems };
}

/** The options of a nested satellite. It knows the block factories of the enclosing satellite. */
function optionsOf({ satellite, folder }: NestedEntry, around: SatelliteOptions): SatelliteOptions {
  const { blockFactories } = around;
  if (typeof satellite !== 'string') {
    const { name: _, ...own }: NestedOptions = satellite;
    return { ...own, blockFactories: { ...blockFactories, ...own.blockFactories } };
  }
  const own = folder ?? satellite;
  const cf = isAbsolute(own) ? own : join(around.cf ?? '.', own);
  return { cf, blockFactories, ...(around.cf !== undefined && { dialect: around.dialect }) };
}

/** The names that lead from a folder back to itself, if the folder encloses itself. */
async function circleOf(cf: string | undefined, { trail }: Surroundings): Promise<string | undefined> {
  const folder = await realFolder(cf);
  const start = folder === '' ? -1 : trail.findIndex((one) => one.folder === folder);
  if (start === -1) return undefined;
  const names = trail.slice(start).map(({ name }) => name);
  return [...names, names[0]].join(' → ');
}

/** The real path of a folder. Empty if there is none. */
async function realFolder(cf: string | undefined): Promise<string> {
  return cf === undefined ? '' : await realpath(cf).catch(() => '');
}

/** Opens the configuration. Environment variables count only for folders, not for configurations in code. No value: the folder is missing. */
async function openConfiguration(
  options: ConfigurationOptions,
  around: readonly Layer[],
): Promise<WithProblems<{ readonly configuration: Configuration; readonly layers: readonly Layer[] } | undefined>> {
  if (options.cf === undefined) {
    const reader = new CodeReader({ ...options.configs, blocks: options.blocks });
    return { value: { configuration: new Configuration(reader, around), layers: around }, problems: [] };
  }
  const folder = await attempt<ConfigFolder | undefined>(ConfigFolder.open(options.cf), undefined);
  if (folder.value === undefined) return { value: undefined, problems: folder.problems };
  const files = await attempt(folder.value.envLayers(), []);
  const layers = [...around, ...files.value];
  const reader = options.dialect?.(folder.value) ?? folder.value;
  return { value: { configuration: new Configuration(reader, layers), layers }, problems: files.problems };
}

async function loadSettings(configuration: Configuration): Promise<SatelliteSettings> {
  return (await configuration.load(['sputnik'], SatelliteConf)).value;
}
