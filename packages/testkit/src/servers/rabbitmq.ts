import { execFile } from 'node:child_process';
import { mkdir, readdir, realpath, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from './free-port.js';
import { RealServer, type Scope } from './real-server.js';

/** The programs themselves: those in the path want to run as a user of their own, with their data in a place of its own. */
const PROGRAMS = '/usr/lib/rabbitmq/bin';
/** The server would start an epmd that outlives it, if there were none. */
const SCRIPT = `epmd -address 127.0.0.1 & exec ${PROGRAMS}/rabbitmq-server`;
/** It shares the machine with a test. */
const FRUGAL = '+S 1:1 +sbwt none +sbwtdcpu none +sbwtdio none';
/** What is not a part of RabbitMQ itself. It would look through all of it at each start, for a quarter of the time (measured). */
const OPTIONAL = /^rabbitmq_(?!prelaunch)/;

/** A `rabbitmq-server` in a process of its own. */
export interface RabbitmqServer extends RealServer {
  /** Has `rabbitmqctl` do something to the server, which runs; rejects with what that says if it fails. Takes a second. */
  ctl(...args: readonly string[]): Promise<void>;
}

/** A `rabbitmq-server` (guest, guest); `lines` are added to its rabbitmq.conf. Not started yet, which takes some seconds. */
export async function rabbitmqServer(scope: Scope, lines: readonly string[] = []): Promise<RabbitmqServer> {
  const [epmd, dist] = [await freePort(), await freePort()];
  const environment = (folder: string, port: number): Record<string, string> => ({
    HOME: folder,
    ERL_EPMD_ADDRESS: '127.0.0.1',
    ERL_EPMD_PORT: `${epmd}`,
    RABBITMQ_ALLOW_INPUT: 'true',
    RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq'),
    RABBITMQ_CONF_ENV_FILE: join(folder, 'none'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'enabled_plugins'),
    RABBITMQ_DIST_PORT: `${dist}`,
    RABBITMQ_LOG_BASE: join(folder, 'log'),
    RABBITMQ_MNESIA_BASE: join(folder, 'data'),
    RABBITMQ_NODENAME: `sputnik${port}@localhost`,
    RABBITMQ_PID_FILE: join(folder, 'pid'),
    RABBITMQ_PLUGINS_DIR: join(folder, 'plugins'),
    RABBITMQ_QUORUM_DIR: join(folder, 'quorum'),
  });
  const server = await RealServer.of(scope, {
    scheme: 'amqp',
    ready: /Starting broker.*completed/,
    async command(folder, port) {
      const own = [`listeners.tcp.1 = 127.0.0.1:${port}`, 'log.console = false', 'log.file.level = warning'];
      await writeFile(join(folder, 'rabbitmq.conf'), [...own, ...lines, ''].join('\n'));
      await writeFile(join(folder, 'enabled_plugins'), '[].\n');
      await linkPlugins(join(folder, 'plugins'));
      const env = { ...environment(folder, port), RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: `${FRUGAL} -noinput` };
      return { program: 'sh', args: ['-c', SCRIPT], env };
    },
  });
  return Object.assign(server, {
    async ctl(...args: readonly string[]) {
      // without the server there is no epmd, and it would start one that stays
      const env = { ...process.env, ...environment(server.folder, server.port), ERL_FLAGS: '-start_epmd false' };
      await promisify(execFile)(join(PROGRAMS, 'rabbitmqctl'), args, { env });
    },
  });
}

/** Fills the folder, unless it is there from the start before, with links to what RabbitMQ cannot do without. */
async function linkPlugins(folder: string): Promise<void> {
  if ((await mkdir(folder, { recursive: true })) === undefined) return;
  const all = join(await realpath(join(PROGRAMS, 'rabbitmq-server')), '../../plugins');
  for (const name of await readdir(all)) if (!OPTIONAL.test(name)) await symlink(join(all, name), join(folder, name));
}
