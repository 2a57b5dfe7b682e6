import type { DuplicateWindow } from '@sputnikjs/messaging';
import { resultOf, type CheckResult } from '../folder/check.js';
import type { Reader } from '../folder/reader.js';
import { setUp } from '../folder/setup.js';
import { EXIT } from '../run/exit-code.js';
import { probeServer, type Probed } from '../run/server-probe.js';
import { chain, cutName, printable } from '../text.js';

/** What is checked, and how it is said. */
export interface CheckOptions {
  readonly cf: string;
  readonly dialect?: ((folder: Reader) => Reader) | undefined;
  /** One object of JSON on stdout, and nothing else. */
  readonly json?: boolean | undefined;
  /** Tries the server, too, where the folder has no problems. */
  readonly connect?: boolean | undefined;
}

/** What `sputnik check` does. Resolves with the exit code: 0, 78 for problems of the folder, 1 if the server would not let us in. */
export async function checkCommand({ cf, dialect, json, connect }: CheckOptions): Promise<number> {
  const found = await setUp({ cf, dialect });
  const result = resultOf(found);
  const server = connect === true && found.value !== undefined ? await probeServer(found.value) : undefined;
  if (json === true) process.stdout.write(`${JSON.stringify(asJson(result, server), undefined, 2)}\n`);
  else tell(cf, result, server);
  if (result.problems.length > 0) return EXIT.badConfig;
  return server?.kind === 'failed' ? EXIT.failure : EXIT.clean;
}

/** The shape is documented, and stable. */
function asJson(result: CheckResult, server: Probed | undefined): object {
  if (server === undefined) return result;
  const { kind, ...more } = server;
  const outcome =
    'error' in more
      ? { error: chain(more.error) }
      : 'server' in more
        ? { ...more.server, tookMs: whole(more.tookMs) }
        : {};
  return { ...result, server: { state: kind, ...outcome } };
}

function tell(cf: string, { problems, warnings, blocks }: CheckResult, server: Probed | undefined): void {
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  for (const warning of warnings) process.stderr.write(`warning: ${warning}\n`);
  if (problems.length > 0) return;
  process.stdout.write(`${cf}: ok, ${blocks.length} block${blocks.length === 1 ? '' : 's'}\n`);
  if (server?.kind === 'failed') process.stderr.write(`server: ${chain(server.error)}\n`);
  else if (server !== undefined) process.stdout.write(`server: ${found(server)}\n`);
  if (server?.kind !== 'found') return;
  for (const window of server.server.duplicateWindows ?? []) process.stdout.write(`${told(window)}\n`);
}

function told({ stream, exists, seconds }: DuplicateWindow): string {
  const plan = exists ? '' : '; it is made at the start';
  return `stream ${printable(stream)}: a message that comes again within ${seconds} s is stored once${plan}`;
}

function found(probed: Exclude<Probed, { kind: 'failed' }>): string {
  if (probed.kind === 'none') return 'none, since the folder has no connector.json';
  if (probed.kind === 'embedded') return 'none to connect to: the satellite brings its own';
  const { url, product } = probed.server;
  // a server may call itself anything
  const who = product === undefined ? [] : [printable(cutName(product))];
  const parts = [...who, ...(url === undefined ? [] : [url])];
  return `${parts.join(' at ')}${parts.length > 0 ? ', ' : ''}logged in after ${whole(probed.tookMs)} ms`;
}

function whole(ms: number): number {
  return Math.round(ms);
}
