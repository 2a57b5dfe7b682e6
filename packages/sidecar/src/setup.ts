import { inspect, SputnikError, type SputnikOptions } from '@sputnikjs/core';
import { findFactories, readBlocks, type Factories } from './blocks.js';
import { ConfigFolder } from './config-folder.js';
import { Configuration } from './configuration.js';
import { findConnector, type GivenConnector } from './connector-conf.js';
import type { StartableConnector } from './contract.js';
import type { ConfigurationOptions, RunnerOptions } from './options.js';
import { CodeReader } from './reader.js';
import { SatelliteConf, type SatelliteSettings } from './satellite-conf.js';

/** A satellite that has been checked and can be prepared. */
export interface Setup {
  readonly sputnik: SputnikOptions;
  readonly connector: StartableConnector | undefined;
  readonly settings: SatelliteSettings;
}

/**
 * Reads and checks the whole configuration; initialises and starts nothing. Rejects with BAD_CONFIG, whose `problems` are all
 * that is wrong, one line each.
 */
export async function setUp<C>(options: RunnerOptions<C>): Promise<Setup> {
  const problems = new Set<string>();
  const configuration = await openConfiguration(options);
  const folder = options.cf ?? process.cwd();
  /** Goes on past what is wrong, to find all of it in one run. */
  const attempt = async <T>(work: Promise<T>, otherwise: T): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      for (const problem of problemsOf(error)) problems.add(problem);
      return otherwise;
    }
  };
  const settings = await attempt(loadSettings(configuration), { logLevel: 'info', timeouts: {} });
  const list = await attempt(readBlocks(configuration.reader), { label: '', entries: [] });
  const factories = await findFactories(list, {
    folder,
    given: (options.blockFactories ?? {}) as Factories,
    problem: (text) => problems.add(text),
  });
  const given = options.connector as GivenConnector | undefined;
  const connector = await attempt(findConnector(configuration, folder, given), unusable);
  const source = configuration.source(new Map(list.entries.map(({ name, responsibility = name }) => [responsibility, name])));
  const sputnik: SputnikOptions = {
    config: source,
    appBlocks: list.entries,
    blockFactories: factories,
    connector,
    timeouts: settings.timeouts,
  };
  const told = new Set<string>();
  const listening: SputnikOptions['config'] = async (confName, schema) => {
    try {
      return await source(confName, schema);
    } catch (error) {
      for (const problem of problemsOf(error)) told.add(problem);
      throw error;
    }
  };
  const found = await inspect({ ...sputnik, config: listening });
  for (const problem of told) problems.add(problem);
  // what the configurations' own lines say already, without the file, is not said again
  for (const line of found) if (![...told].some((problem) => line.includes(problem))) problems.add(`${list.label}: ${line}`);
  if (problems.size === 0) return { sputnik, connector, settings };
  throw new SputnikError('BAD_CONFIG', 'the configuration cannot be used', { problems: [...problems] });
}

/** Stands for a connector that could not be set up, so that the blocks can be checked in the same run. */
const unusable: StartableConnector = {
  connect: () => Promise.reject(new Error('this connector is never connected')),
  isConnected: () => false,
  disconnect: () => {},
};

/** The environment counts for folders only: what code says it means. */
async function openConfiguration(options: ConfigurationOptions): Promise<Configuration> {
  if (options.cf === undefined) return new Configuration(new CodeReader({ ...options.configs, blocks: options.blocks }), []);
  const folder = await ConfigFolder.open(options.cf);
  const environment = { label: 'environment', base: process.cwd(), variables: process.env };
  return new Configuration(folder, [environment, ...(await folder.envLayers())]);
}

async function loadSettings(configuration: Configuration): Promise<SatelliteSettings> {
  return (await configuration.load(['sputnik'], SatelliteConf)).value;
}

function problemsOf(error: unknown): readonly string[] {
  if (error instanceof SputnikError && error.problems.length > 0) return error.problems;
  throw error;
}
