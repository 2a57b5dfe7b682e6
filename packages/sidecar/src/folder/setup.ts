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
  /** Empty for the outermost satellite, `a/b` for satellite b inside satellite a. */
  readonly path: string;
  /** The blocks as the folder lists them, and the satellites inside it. */
  readonly blocks: BlockList;
  readonly sputnik: SputnikOptions;
  /** Its own; without one it has the connection of the satellite around it. */
  readonly connector: StartableConnector | undefined;
  /** Makes another one, for when the satellite is made anew. */
  readonly connectorAgain: () => StartableConnector | undefined;
  /** Where that is going to listen itself, as far as it tells. */
  readonly connectorListens: readonly Claim[];
  readonly settings: SatelliteSettings;
  /** What was read, with secrets. */
  readonly configuration: Configuration;
  /** Its blocks, as they were made to be checked. */
  readonly made: readonly MadeBlock[];
  /** The satellites inside it, by address. */
  readonly nested: ReadonlyMap<string, NestedSetup>;
}

/** A block that was made, and has not flown. */
export interface MadeBlock extends BlockStatus {
  /** The bounds of its mailbox that it gives itself. */
  readonly mailbox: MailboxOptions;
}

/** A satellite inside another. */
export interface NestedSetup extends SatelliteSetup {
  readonly restart: RestartLimit | undefined;
  readonly place: Place;
  /** Where it flies in a thread of its own. */
  readonly thread: ThreadSetup | undefined;
}

/** What a thread needs to set its satellite up anew. */
export interface ThreadSetup {
  readonly origin: Origin;
  /** How large its heap may get, in megabytes. */
  readonly heapMb: number | undefined;
}

/** A satellite that has been checked and can be prepared, with all that are inside it. */
export interface Setup extends SatelliteSetup {
  /** What it is called. */
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
  /** What may be meant, and may not, one line each. */
  readonly warnings: readonly string[];
  /** Those of them that everybody on this machine can read a secret, one line each. */
  readonly readableSecrets: readonly string[];
  /**
   * The configurations in force at the time of the call, without secrets: of each satellite, its connector, and each block; and those that
   * blocks have read beside their own, which some do at boot.
   */
  readonly configurations: () => Promise<readonly ConfigurationInForce[]>;
  /** Sets up anew what the folder says by now. */
  readonly again: () => Promise<SetupResult>;
}

/** What became of setting up. */
export interface SetupResult extends WithProblems<Setup | undefined> {
  /** What was read, whatever is wrong with it, of each satellite by its path; empty if there is no folder. */
  readonly configurations: ReadonlyMap<string, Configuration>;
}

/**
 * Reads and checks the whole configuration; initialises and starts nothing. The problems are all that is wrong, one line each; with any
 * there is no value.
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
    ...levelsOf(reading).flatMap((one) => deafNeeds(one, book, found.hearing)),
    ...levelsOf(reading).flatMap((one) => misplaced(one, found.wiring)),
    ...(parts.length > 1
      ? parts.flatMap(({ path }) => readings.filter((one) => one.path === path).flatMap(joinTaken))
      : []),
    ...placeProblems(reading, { wiring: found.wiring, joins }),
    // processes may be on different machines
    ...parts.flatMap((one) => contested([...(one === part ? adminClaims(own) : []), ...claimsOf(one)])),
    ...found.strays,
  ];
  // names that files give may have line breaks in them, and what a terminal obeys
  // guard: a problem is one line
  const problems = [...new Set(all)].map(printable);
  const secrets = levelsOf(reading).flatMap(({ configuration }) => configuration.secretFiles());
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
  const configurations = new Map(levelsOf(reading).map(({ path, configuration }) => [path, configuration]));
  return { value: problems.length > 0 ? undefined : setup, problems, configurations };
}

async function inForce({ path, configuration }: SatelliteReading): Promise<readonly ConfigurationInForce[]> {
  return (await configuration.inForce()).map(({ name, keys }) => ({ name: inside(path, name), keys }));
}

function noPart(path: string, parts: readonly Part<unknown>[]): string {
  const known = parts.flatMap((one) => (one.path === '' ? [] : `"${one.path}"`));
  const which =
    known.length === 0 ? 'no satellite here has a process of its own' : `those with one are ${known.join(', ')}`;
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
