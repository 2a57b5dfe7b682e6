import type { BlockStatus, MailboxOptions, SputnikOptions } from '@sputnikjs/core';
import type { StartableConnector } from '@sputnikjs/messaging';
import { readableByAll } from '@sputnikjs/messaging/net';
import { inside, type AddressBook } from './address-book.js';
import { adminProblems } from './admin-conf.js';
import type { BlockList } from './blocks.js';
import type { Configuration } from './configuration.js';
import type { ConfigurationInForce } from './in-force.js';
import { levelsOf } from './levels.js';
import { contested, misplaced, type Claim } from './inspection.js';
import type { Place, RestartLimit, RunnerOptions } from './options.js';
import { attempt, type WithProblems } from './problems.js';
import { bookOf, checkSatellite, deafNeeds } from './satellite-check.js';
import type { SatelliteSettings } from './satellite-conf.js';
import { readSatellite, type Origin, type SatelliteReading } from './satellite-reading.js';
import { joinTaken, placeProblems } from './place-check.js';
import { partOf, partsIn, type Part } from './parts.js';
import { findConnector, JOIN, type ConnectorSetup } from './connector-conf.js';
import { printable } from '../text.js';
import type { BlockWiring } from './wiring.js';

/** A satellite that has been checked, and can be assembled any number of times. */
export interface SatelliteSetup {
  /** Empty for the outermost satellite, `a/b` for satellite b nested in satellite a. */
  readonly path: string;
  /** The blocks and nested satellites, as the folder lists them. */
  readonly blocks: BlockList;
  readonly sputnik: SputnikOptions;
  /** Its own connector. Without one, it uses the connection of the enclosing satellite. */
  readonly connector: StartableConnector | undefined;
  /** Makes another connector, for a restart. */
  readonly connectorAgain: () => StartableConnector | undefined;
  /** Where the connector will listen itself, as far as it tells. */
  readonly connectorListens: readonly Claim[];
  readonly settings: SatelliteSettings;
  /** The configuration that was read, including secrets. */
  readonly configuration: Configuration;
  /** Its blocks, as they were made for the check. */
  readonly made: readonly MadeBlock[];
  /** The nested satellites, by address. */
  readonly nested: ReadonlyMap<string, NestedSetup>;
}

/** A block that was made, and has not flown. */
export interface MadeBlock extends BlockStatus {
  /** The bounds that the block sets for its mailbox. */
  readonly mailbox: MailboxOptions;
}

/** A nested satellite. */
export interface NestedSetup extends SatelliteSetup {
  readonly restart: RestartLimit | undefined;
  readonly place: Place;
  /** Set if it flies in a thread of its own. */
  readonly thread: ThreadSetup | undefined;
}

/** What a thread needs to set up its satellite. */
export interface ThreadSetup {
  readonly origin: Origin;
  /** How large its heap may get, in megabytes. */
  readonly heapMb: number | undefined;
}

/** A satellite that has been checked and can be prepared, with all its nested satellites. */
export interface Setup extends SatelliteSetup {
  /** The name of the satellite. */
  readonly name: string;
  /** How all blocks are wired, by their addresses in the outermost satellite. */
  readonly wiring: readonly BlockWiring[];
  /** How those of this process are. */
  readonly ownWiring: readonly BlockWiring[];
  /** Which block an address means. */
  readonly book: AddressBook;
  /** The outermost satellite. */
  readonly root: SatelliteSetup;
  /** What that is called. */
  readonly whole: string;
  /** The satellites that run in processes of their own, the outermost first. This is the setup of one of them. */
  readonly parts: readonly Part<SatelliteSetup>[];
  /** What joins them. */
  readonly join: ConnectorSetup | undefined;
  /** What may be a mistake, one line each. */
  readonly warnings: readonly string[];
  /** The warnings about secret files that everybody on this machine can read, one line each. */
  readonly readableSecrets: readonly string[];
  /**
   * The configurations in force at the time of the call, without secrets: of each satellite, its connector and its blocks, and of further
   * ones that blocks have read, which some do at boot.
   */
  readonly configurations: () => Promise<readonly ConfigurationInForce[]>;
  /** Reads the folder again, and sets the satellite up from it. */
  readonly again: () => Promise<SetupResult>;
}

/** The result of setting up. */
export interface SetupResult extends WithProblems<Setup | undefined> {
  /** What was read for each satellite, by its path, in spite of any problems. Empty if there is no folder. */
  readonly configurations: ReadonlyMap<string, Configuration>;
}

/**
 * Reads and checks the whole configuration. Initialises and starts nothing. Returns all problems, one line each, or the value if there are
 * none.
 */
export async function setUp<C>(options: RunnerOptions<C>): Promise<SetupResult> {
  const read = await readSatellite(options);
  const { value: reading } = read;
  if (reading === undefined)
    return { value: undefined, problems: read.problems.map(printable), configurations: new Map() };
  const book = bookOf(reading);
  const folder = options.cf ?? process.cwd();
  const join = await attempt(findConnector(reading.configuration, folder, undefined, JOIN), undefined);
  const joins = join.value !== undefined || join.problems.length > 0;
  const found = await checkSatellite(reading, undefined, book);
  const root: SatelliteSetup = found.setup;
  const parts = partsIn<SatelliteSetup>(root);
  const part = parts.find(({ path }) => path === (options.satellite ?? ''));
  const readings = levelsOf<SatelliteReading>(reading);
  const own = readings.find(({ path }) => path === part?.path) ?? reading;
  const ofPart = ({ responsibility }: BlockWiring): boolean => partOf(parts, responsibility) === part;
  const claimsOf = (one: Part<unknown>): readonly Claim[] => found.claims.filter(({ by }) => partOf(parts, by) === one);
  const all = [
    ...read.problems,
    ...join.problems,
    ...(part ? [] : [noPart(options.satellite ?? '', parts)]),
    ...(await problemsOfAdmin(own, found.wiring)),
    ...found.problems,
    ...readings.flatMap((one) => deafNeeds(one, book, found.hearing)),
    ...readings.flatMap((one) => misplaced(one, found.wiring)),
    ...(parts.length > 1 ? readings.filter(({ path }) => parts.some((one) => one.path === path)) : []).flatMap(
      joinTaken,
    ),
    ...placeProblems(reading, { wiring: found.wiring, joins }),
    // processes may be on different machines
    ...parts.flatMap((one) => contested([...(one === part ? adminClaims(own) : []), ...claimsOf(one)])),
    ...found.strays,
  ];
  // names from files may contain line breaks and terminal controls
  // guard: a problem is one line
  const problems = [...new Set(all)].map(printable);
  const secrets = readings.flatMap(({ configuration }) => configuration.secretFiles());
  const readableSecrets = secrets.flatMap((file) => readableByAll(file) ?? []);
  const warnings = [...found.warnings, ...readableSecrets].map(printable);
  const setup: Setup = {
    ...(part?.setup ?? root),
    name: own.name,
    wiring: found.wiring,
    ownWiring: found.wiring.filter(ofPart),
    book,
    root,
    whole: reading.name,
    parts,
    join: join.value,
    warnings,
    readableSecrets,
    configurations: async () => {
      const all = (await Promise.all(readings.map(inForce))).flat();
      // of another process only what joins them
      return all.filter(({ name }) => name === JOIN || partOf(parts, name) === part);
    },
    again: () => setUp(options),
  };
  const configurations = new Map(readings.map(({ path, configuration }) => [path, configuration]));
  return { value: problems.length > 0 ? undefined : setup, problems, configurations };
}

async function inForce({ path, configuration }: SatelliteReading): Promise<readonly ConfigurationInForce[]> {
  return (await configuration.inForce()).map(({ name, keys }) => ({ name: inside(path, name), keys }));
}

function noPart(path: string, parts: readonly Part<unknown>[]): string {
  const known = parts.flatMap((one) => (one.path === '' ? [] : `"${one.path}"`));
  const which =
    known.length === 0
      ? 'no satellite here has a process of its own'
      : `the satellites with one are ${known.join(', ')}`;
  return `satellite "${path}" has no process of its own: ${which}; give it "place": "process" in blocks.json, or correct the name`;
}

/** Of each process, the outermost satellite has admin endpoints. */
async function problemsOfAdmin(
  { configuration, settings }: SatelliteReading,
  wiring: readonly BlockWiring[],
): Promise<readonly string[]> {
  if (settings.admin === undefined) return [];
  const problems = await adminProblems(
    settings.admin,
    wiring.map(({ responsibility }) => responsibility),
  );
  return problems.map((problem) => `${configuration.reader.place('sputnik')}: ${problem}`);
}

function adminClaims({ settings: { admin } }: SatelliteReading): readonly Claim[] {
  if (admin === undefined || admin.socket !== undefined) return [];
  return [{ protocol: 'tcp', host: admin.host, port: admin.port, by: 'admin', label: 'sputnik' }];
}
