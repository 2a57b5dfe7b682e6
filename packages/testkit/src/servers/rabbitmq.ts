import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, realpath, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { freePort } from './free-port.js';
import { RealServer, type Scope } from './real-server.js';

/** The programs themselves: those in the path insist on their own user and data folder. */
const PROGRAMS = '/usr/lib/rabbitmq/bin';
/** The server would start an epmd that outlives it, if there were none. */
const SCRIPT = `epmd -address 127.0.0.1 & exec ${PROGRAMS}/rabbitmq-server`;
/** It shares the machine with a test. */
const FRUGAL = '+S 1:1 +sbwt none +sbwtdcpu none +sbwtdio none';
/**
 * The parts of RabbitMQ, the largest first. At each start it loads all their modules, one after the other, and looks for each in a hundred
 * folders: two thirds of the time of a start (measured). Loading all at once, from these folders first, is fast.
 */
const PARTS =
  'rabbit,kernel,stdlib,ssl,rabbit_common,inets,compiler,ra,xmerl,mnesia,cuttlefish,rabbitmq_prelaunch,ranch,sasl,tools,' +
  'osiris,observer_cli,public_key,syslog,jsx,syntax_tools,systemd,os_mon,aten,recon,sysmon_handler,credentials_obfuscation,' +
  'stdout_formatter,seshat,amqp10_common,crypto,gen_batch_server,enough,asn1,getopt';

/** A `rabbitmq-server` in a process of its own. */
export interface RabbitmqServer extends RealServer {
  /**
   * Evaluates an Erlang expression in the running server, as `rabbitmqctl eval` does, but without the second that this takes to start.
   * Rejects with what the server says unless the value is `ok`.
   */
  evaluate(expression: string): Promise<void>;
}

/**
 * Makes a `rabbitmq-server` (guest, guest). `lines` are added to its rabbitmq.conf. It is not started yet; that takes some seconds.
 *
 * @example
 * import assert from 'node:assert/strict';
 * import { test } from 'node:test';
 * import { rabbitmqServer } from '@sputnikjs/testkit/servers';
 * test('a server is there, and gone with the test', async (t) => {
 *   const server = await rabbitmqServer(t);
 *   await server.start();
 *   await server.evaluate('rabbit_auth_backend_internal:add_user(<<"laika">>, <<"secret">>, <<"test">>)');
 *   assert.match(server.url, /^amqp:\/\/127\.0\.0\.1:\d+$/);
 * });
 */
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
      const plugins = join(await realpath(join(PROGRAMS, 'rabbitmq-server')), '../../plugins');
      await linkCore(plugins, join(folder, 'plugins'));
      const args = {
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: `${FRUGAL} -noinput`,
        ERL_AFLAGS: `-eval '${loading(plugins)}'`,
      };
      return { program: 'sh', args: ['-c', SCRIPT], env: { ...environment(folder, port), ...args } };
    },
  });
  return Object.assign(server, {
    async evaluate(expression: string) {
      // its cookie is in the home folder
      const env = { ...process.env, HOME: server.folder };
      const child = spawn('erl_call', ['-address', `127.0.0.1:${dist}`, '-r', '-e'], { env });
      await once(child, 'spawn');
      child.stdin.end(`${expression}.\n`);
      const said = await Promise.all([text(child.stdout), text(child.stderr)]);
      if (said.join('') !== '{ok, ok}') throw new Error(`the server does not evaluate ${expression}: ${said.join('')}`);
    },
  });
}

/** In Erlang: loads all modules of the parts, in one go. */
function loading(plugins: string): string {
  const folders = `L <- [code:lib_dir(), "${plugins}"], D <- filelib:wildcard(P ++ "-*/ebin", L)`;
  // the one left out wants to know, when it is loaded, whether RabbitMQ is running
  return `Ebins = [filename:join(L, D) || P <- string:lexemes("${PARTS}", ","), ${folders}],
    code:add_pathsa(lists:reverse(Ebins)),
    Files = [F || D <- Ebins, F <- filelib:wildcard("*.beam", D), F =/= "rabbit_feature_flags.beam"],
    code:ensure_modules_loaded([list_to_atom(filename:basename(F, ".beam")) || F <- Files]).`;
}

/** Makes a folder of plugins, unless it is there from the start before, with what RabbitMQ finds its configuration's schema in. */
async function linkCore(plugins: string, folder: string): Promise<void> {
  if ((await mkdir(folder, { recursive: true })) === undefined) return;
  for (const name of await readdir(plugins))
    if (name.startsWith('rabbit-')) await symlink(join(plugins, name), join(folder, name));
}
