import { execFile } from 'node:child_process';
import { access, chown, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { RealServer, type Scope } from '@sputnikjs/testkit/servers';

const run = promisify(execFile);

/** Where Debian has the programs, by version; only some of them are in the path. */
const VERSIONS = '/usr/lib/postgresql';
/** Who the server runs as where the tests run as root, which it refuses: `nobody`. */
const NOBODY = 65_534;
const AS_NOBODY = ['--reuid', `${NOBODY}`, '--regid', `${NOBODY}`, '--clear-groups', '--'];

/** The user and the password of the server's superuser. */
export const USER = 'sputnik';
export const PASSWORD = 'laika';

async function programs(): Promise<string> {
  const versions = await readdir(VERSIONS).catch(() => []);
  const newest = versions.toSorted((a, b) => Number(a) - Number(b)).at(-1);
  if (newest === undefined)
    throw new Error(`there is no PostgreSQL in ${VERSIONS}; node scripts/ensure-servers.mjs installs it, or says how`);
  return join(VERSIONS, newest, 'bin');
}

/** A program and its arguments, run as a user that PostgreSQL accepts. */
function accepted(program: string, args: readonly string[]): { program: string; args: readonly string[] } {
  return process.getuid?.() === 0
    ? { program: 'setpriv', args: [...AS_NOBODY, program, ...args] }
    : { program, args: [...args] };
}

async function initialised(bin: string, folder: string): Promise<string> {
  const data = join(folder, 'data');
  const exists = await access(data).then(
    () => true,
    () => false,
  );
  if (exists) return data;
  const passwordFile = join(folder, 'password');
  await writeFile(passwordFile, PASSWORD);
  if (process.getuid?.() === 0) await chown(folder, NOBODY, NOBODY);
  const options = ['--username', USER, '--pwfile', passwordFile, '--auth', 'scram-sha-256', '--no-sync'];
  const { program, args } = accepted(join(bin, 'initdb'), ['-D', data, '-E', 'UTF8', '--locale', 'C', ...options]);
  await run(program, args);
  return data;
}

/** A real PostgreSQL (sputnik, laika) whose data outlive a kill. `settings` are added to its own. It is not started yet. */
export function postgresServer(scope: Scope, settings: readonly string[] = []): Promise<RealServer> {
  return RealServer.of(scope, {
    scheme: 'postgres',
    ready: 'database system is ready to accept connections',
    async command(folder, port) {
      const bin = await programs();
      const data = await initialised(bin, folder);
      const own = ['listen_addresses=127.0.0.1', `port=${port}`, 'unix_socket_directories=', ...settings];
      return accepted(join(bin, 'postgres'), ['-D', data, ...own.flatMap((setting) => ['-c', setting])]);
    },
  });
}

/** The url of a database of the server, with user and password. */
export function urlOf({ port }: { readonly port: number }, password = PASSWORD, database = 'postgres'): string {
  return `postgres://${USER}:${password}@127.0.0.1:${port}/${database}`;
}
