import { inspect, type SputnikOptions } from '@sputnikjs/core';
import { findFactories, type Factories } from './block-factories.js';
import { readBlocks } from './blocks.js';
import { ConfigFolder } from './config-folder.js';
import { Configuration } from './configuration.js';
import { findConnector, type FoundConnector } from './connector-conf.js';
import type { StartableConnector } from './contract.js';
import { inspectSetup } from './inspection.js';
import type { ConfigurationOptions, RunnerOptions } from './options.js';
import { Problems } from './problems.js';
import { CodeReader } from './reader.js';
import { SatelliteConf, type SatelliteSettings } from './satellite-conf.js';

/** A satellite that has been checked and can be prepared. */
export interface Setup {
  readonly sputnik: SputnikOptions;
  readonly connector: StartableConnector | undefined;
  readonly settings: SatelliteSettings;
}

/**
 * Reads and checks the whole configuration; initialises and starts nothing. Rejects with BAD_CONFIG, whose `problems` are
 * all that is wrong, one line each.
 */
export async function setUp<C>(options: RunnerOptions<C>): Promise<Setup> {
  const problems = new Problems();
  const folder = options.cf ?? process.cwd();
  const configuration = await openConfiguration(options, problems);
  const settings = await problems.attempt(loadSettings(configuration), {
    logLevel: 'info',
    timeouts: {},
    landing: { delayMs: 0 },
  });
  const list = await problems.attempt(readBlocks(configuration.reader), { label: '', entries: [], problems: [] });
  for (const problem of list.problems) problems.add(problem);
  const given = (options.blockFactories ?? {}) as Factories;
  const blockFactories = await findFactories(list, { folder, given, problem: (text) => problems.add(text) });
  const finding = findConnector(configuration, folder, options.connector);
  const found = await problems.attempt(finding, unusable);
  const names = new Map(list.entries.map(({ name, responsibility = name }) => [responsibility, name]));
  const sputnik: SputnikOptions = {
    config: configuration.source(names),
    appBlocks: list.entries,
    blockFactories,
    connector: found?.connector,
    timeouts: settings.timeouts,
  };
  await inspectBlocks(sputnik, list.label, problems);
  const connectorListens = found?.listens ?? [];
  const inspected = { list, factories: blockFactories, configuration, names, connectorListens };
  for (const problem of await inspectSetup(inspected)) problems.add(problem);
  const known = ['blocks', 'connector', 'sputnik', ...names.keys(), ...names.values(), ...configuration.names];
  for (const stray of [...configuration.reader.strays(known), ...configuration.strayVariables()]) problems.add(stray);
  problems.raise();
  return { sputnik, connector: found?.connector, settings };
}

/** Stands for a connector that could not be set up, so that the blocks can be checked in the same run. */
const unusable: FoundConnector = {
  connector: {
    connect: () => Promise.reject(new Error('this connector is never connected')),
    isConnected: () => false,
    disconnect: () => {},
  },
  listens: [],
};

/** The environment counts for folders only: what code says it means. */
async function openConfiguration(options: ConfigurationOptions, problems: Problems): Promise<Configuration> {
  if (options.cf === undefined) {
    return new Configuration(new CodeReader({ ...options.configs, blocks: options.blocks }), []);
  }
  const folder = await ConfigFolder.open(options.cf);
  const environment = { label: 'environment', origin: 'process', base: process.cwd(), variables: process.env } as const;
  const reader = options.dialect?.(folder) ?? folder;
  return new Configuration(reader, [environment, ...(await problems.attempt(folder.envLayers(), []))]);
}

async function loadSettings(configuration: Configuration): Promise<SatelliteSettings> {
  return (await configuration.load(['sputnik'], SatelliteConf)).value;
}

/** Adds what the core finds wrong with the blocks. Problems of configurations are told as their files have them. */
async function inspectBlocks(sputnik: SputnikOptions, label: string, problems: Problems): Promise<void> {
  const config: SputnikOptions['config'] = async (confName, schema) => {
    try {
      return await sputnik.config?.(confName, schema);
    } catch (error) {
      problems.take(error);
      throw error;
    }
  };
  for (const line of await inspect({ ...sputnik, config })) {
    if (!problems.has((known) => line.includes(known))) problems.add(`${label}: ${line}`);
  }
}
