import type { DuplicateWindow } from '@sputnikjs/messaging';
import { inside } from '../folder/address-book.js';
import { resultOf, type CheckResult } from '../folder/check.js';
import type { Reader } from '../folder/reader.js';
import { levelsOf } from '../folder/levels.js';
import { setUp, type SatelliteSetup, type Setup } from '../folder/setup.js';
import { EXIT } from '../run/exit-code.js';
import { probeServer, type Probed } from '../run/server-probe.js';
import { chain, cutName, printable } from '../text.js';

/** The options of `check`. */
export interface CheckOptions {
  readonly cf: string;
  readonly dialect?: ((folder: Reader) => Reader) | undefined;
  /** One object of JSON on stdout, and nothing else. */
  readonly json?: boolean | undefined;
  /** Also tests the server, if the folder has no problems. */
  readonly connect?: boolean | undefined;
}

/** The command `sputnik check`. Resolves with the exit code: 0, 78 for problems of the folder, 1 if the login to the server fails. */
export async function checkCommand({ cf, dialect, json, connect }: CheckOptions): Promise<number> {
  const found = await setUp({ cf, dialect });
  const result = resultOf(found);
  const servers =
    connect === true && found.value !== undefined ? await probeAll(found.value) : new Map<string, Probed>();
  if (json === true) process.stdout.write(`${JSON.stringify(asJson(result, servers), undefined, 2)}\n`);
  else tell(cf, result, servers);
  if (result.problems.length > 0) return EXIT.badConfig;
  return [...servers.values()].some(({ kind }) => kind === 'failed') ? EXIT.failure : EXIT.clean;
}

/** The servers of the satellite, and of nested satellites that have their own, by path. */
async function probeAll(setup: Setup): Promise<ReadonlyMap<string, Probed>> {
  const own = levelsOf<SatelliteSetup>(setup).filter(({ path, connector }) => path === '' || connector !== undefined);
  return new Map(await Promise.all(own.map(async (one) => [one.path, await probeServer(one)] as const)));
}

/** The shape is documented, and stable. */
function asJson(result: CheckResult, servers: ReadonlyMap<string, Probed>): object {
  const all = [...servers].map(([path, probed]) => [path, outcomeOf(probed)] as const);
  const [[, server] = [], ...nested] = all;
  if (server === undefined) return result;
  return { ...result, server, ...(nested.length > 0 && { satellites: Object.fromEntries(nested) }) };
}

function outcomeOf({ kind, ...more }: Probed): object {
  const outcome =
    'error' in more
      ? { error: chain(more.error) }
      : 'server' in more
        ? { ...more.server, tookMs: whole(more.tookMs) }
        : {};
  return { state: kind, ...outcome };
}

function tell(cf: string, { problems, warnings, blocks }: CheckResult, servers: ReadonlyMap<string, Probed>): void {
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  for (const warning of warnings) process.stderr.write(`warning: ${warning}\n`);
  if (problems.length > 0) return;
  process.stdout.write(`${cf}: ok, ${blocks.length} block${blocks.length === 1 ? '' : 's'}\n`);
  for (const [path, server] of servers) tellServer(inside(path, 'server'), server);
}

function tellServer(name: string, server: Probed): void {
  if (server.kind === 'failed') process.stderr.write(`${name}: ${chain(server.error)}\n`);
  else process.stdout.write(`${name}: ${found(server)}\n`);
  if (server.kind !== 'found') return;
  for (const window of server.server.duplicateWindows ?? []) process.stdout.write(`${told(window)}\n`);
}

function told({ stream, exists, seconds }: DuplicateWindow): string {
  const plan = exists ? '' : '; it is created at the start';
  return `stream ${printable(stream)}: a message that is repeated within ${seconds} s is stored once${plan}`;
}

function found(probed: Exclude<Probed, { kind: 'failed' }>): string {
  if (probed.kind === 'none') return 'none: the folder has no connector.json';
  if (probed.kind === 'embedded') return 'none to connect to: the satellite starts its own';
  const { url, product } = probed.server;
  // a server may call itself anything
  const who = product === undefined ? [] : [printable(cutName(product))];
  const parts = [...who, ...(url === undefined ? [] : [url])];
  return `${parts.join(' at ')}${parts.length > 0 ? ', ' : ''}logged in after ${whole(probed.tookMs)} ms`;
}

function whole(ms: number): number {
  return Math.round(ms);
}
