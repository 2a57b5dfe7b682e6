import { basename, resolve } from 'node:path';
import { Sputnik, withAddress, type ConfigSource, type ListenPlace, type SputnikOptions } from '@sputnikjs/core';
import { adminProblems } from './admin-conf.js';
import { findFactories, type Factories } from './block-factories.js';
import { readBlocks, type BlockList } from './blocks.js';
import { ConfigFolder } from './config-folder.js';
import { Configuration } from './configuration.js';
import { findConnector, type ConnectorSetup } from './connector-conf.js';
import type { StartableConnector } from '@sputnikjs/messaging';
import { readableByAll } from '@sputnikjs/messaging/net';
import type { ConfigurationInForce } from './in-force.js';
import { inspectSetup } from './inspection.js';
import type { ConfigurationOptions, RunnerOptions } from './options.js';
import { attempt, problemsOf, type WithProblems } from './problems.js';
import { CodeReader } from './reader.js';
import { SatelliteConf, type SatelliteSettings } from './satellite-conf.js';
import { printable } from '../text.js';
import type { BlockWiring } from './wiring.js';

/** A satellite that has been checked and can be prepared. */
export interface Setup {
  /** What it is called. */
  readonly name: string;
  /** The blocks as the folder lists them. */
  readonly blocks: BlockList;
  readonly sputnik: SputnikOptions;
  readonly connector: StartableConnector | undefined;
  readonly settings: SatelliteSettings;
  readonly wiring: readonly BlockWiring[];
  /** What may be meant, and may not, one line each. */
  readonly warnings: readonly string[];
  /** Those of them that everybody on this machine can read a secret, one line each. */
  readonly readableSecrets: readonly string[];
  /** Where the connector is going to listen, as far as it tells. */
  readonly connectorListens: readonly ListenPlace[];
  /** What was read, with secrets. */
  readonly configuration: Configuration;
  /**
   * The configurations in force at the time of the call, without secrets: of the satellite, its connector, and each block; and those that
   * blocks have read beside their own, which some do at boot.
   */
  readonly configurations: () => Promise<readonly ConfigurationInForce[]>;
  /** Sets up anew what the folder says by now. */
  readonly again: () => Promise<SetupResult>;
}

/** What became of setting up. */
export interface SetupResult extends WithProblems<Setup | undefined> {
  /** What was read, whatever is wrong with it; undefined if there is no folder. */
  readonly configuration: Configuration | undefined;
}

/**
 * Reads and checks the whole configuration; initialises and starts nothing. The problems are all that is wrong, one line each; with any
 * there is no value.
 */
export async function setUp<C>(options: RunnerOptions<C>): Promise<SetupResult> {
  const opened = await openConfiguration(options);
  const configuration = opened.value;
  if (configuration === undefined) return { value: undefined, problems: opened.problems.map(printable), configuration };
  const folder = options.cf ?? process.cwd();
  const settings = await attempt(loadSettings(configuration), DEFAULT_SETTINGS);
  const list = await readBlocks(configuration.reader);
  const { label } = list.value;
  const factories = await findFactories(list.value, folder, (options.blockFactories ?? {}) as Factories);
  const entries = list.value.entries.map((entry) => withAddress(entry, factories.value[entry.name]));
  const found = await attempt(findConnector(configuration, folder, options.connector), UNUSABLE);
  const { connector, listens: connectorListens = [] } = found.value ?? {};
  const names = new Map(entries.map(({ name, responsibility = name }) => [responsibility, name]));
  const sputnik: SputnikOptions = {
    config: sourceOf(configuration, names, factories.value),
    appBlocks: entries,
    blockFactories: factories.value,
    connector,
    timeouts: settings.value.timeouts,
  };
  const inBlocks = await inspectBlocks(sputnik, label);
  const inspected = await inspectSetup({
    list: { label, entries },
    factories: factories.value,
    configuration,
    names,
    connectorListens,
    adminListens: adminPlaces(settings.value),
  });
  // known only now that all is loaded
  const known = ['blocks', 'connector', 'sputnik', ...names.keys(), ...names.values(), ...configuration.names];
  const variables = configuration.strayVariables();
  const strays = [...configuration.reader.strays(known), ...variables.problems];
  const parts = [opened, settings, list, factories, found].flatMap(({ problems }) => problems);
  const ofAdmin =
    settings.value.admin === undefined ? [] : await adminProblems(settings.value.admin, [...names.keys()]);
  const ofSatellite = ofAdmin.map((problem) => `${configuration.reader.place('sputnik')}: ${problem}`);
  const all = [...parts, ...ofSatellite, ...inBlocks.problems, ...inspected.problems, ...strays];
  // names that files give may have line breaks in them, and what a terminal obeys
  // guard: a problem is one line
  const problems = [...new Set(all)].map(printable);
  const name = settings.value.name ?? (options.cf === undefined ? 'satellite' : basename(resolve(options.cf)));
  const readableSecrets = configuration.secretFiles().flatMap((file) => readableByAll(file) ?? []);
  const warnings = [...inBlocks.warnings, ...variables.warnings, ...readableSecrets].map(printable);
  const setup: Setup = {
    name,
    blocks: { label, entries },
    sputnik,
    connector,
    settings: settings.value,
    wiring: inspected.value,
    connectorListens,
    warnings,
    readableSecrets,
    configuration,
    configurations: () => configuration.inForce(),
    again: () => setUp(options),
  };
  return { value: problems.length > 0 ? undefined : setup, problems, configuration };
}

/** As of the configuration; but a block that is asked for by its name is not taken for another one that has that name as its address. */
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

const DEFAULT_SETTINGS: SatelliteSettings = SatelliteConf.parse({});

function adminPlaces({ admin }: SatelliteSettings): readonly ListenPlace[] {
  if (admin === undefined || admin.socket !== undefined) return [];
  return [{ protocol: 'tcp', host: admin.host, port: admin.port }];
}

/** Stands for a connector that could not be set up, so that the blocks can be checked in the same run. */
const UNUSABLE: ConnectorSetup = {
  connector: {
    connect: () => Promise.reject(new Error('this connector is never connected')),
    isConnected: () => false,
    disconnect: () => {},
  },
  listens: [],
};

/** The environment counts for folders only: what code says it means. Without the folder there is no value. */
async function openConfiguration(options: ConfigurationOptions): Promise<WithProblems<Configuration | undefined>> {
  if (options.cf === undefined) {
    return {
      value: new Configuration(new CodeReader({ ...options.configs, blocks: options.blocks }), []),
      problems: [],
    };
  }
  const folder = await attempt<ConfigFolder | undefined>(ConfigFolder.open(options.cf), undefined);
  if (folder.value === undefined) return { value: undefined, problems: folder.problems };
  const environment = { label: 'environment', origin: 'process', base: process.cwd(), variables: process.env } as const;
  const files = await attempt(folder.value.envLayers(), []);
  const reader = options.dialect?.(folder.value) ?? folder.value;
  return { value: new Configuration(reader, [environment, ...files.value]), problems: files.problems };
}

async function loadSettings(configuration: Configuration): Promise<SatelliteSettings> {
  return (await configuration.load(['sputnik'], SatelliteConf)).value;
}

/** What is wrong, and what may be, one line each. */
interface Findings {
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

/** What the core finds wrong with the blocks. Problems of configurations name the files that have them. */
async function inspectBlocks(sputnik: SputnikOptions, label: string): Promise<Findings> {
  const ofConfigs: string[] = [];
  const config: SputnikOptions['config'] = async (confName, schema) => {
    try {
      return await sputnik.config?.(confName, schema);
    } catch (error) {
      ofConfigs.push(...problemsOf(error));
      throw error;
    }
  };
  const { problems, warnings } = await new Sputnik({ ...sputnik, config }).assemble();
  const others = problems.filter((line) => !ofConfigs.some((known) => line.includes(known)));
  return {
    problems: [...ofConfigs, ...others.map((line) => `${label}: ${line}`)],
    warnings: warnings.map((line) => `${label}: ${line}`),
  };
}
