import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from './free-port.js';
import { RealServer, type Scope } from './real-server.js';

/**
 * The program itself: the one in the path wants to run as a user of its own, with its data in a place of its own. It would start
 * an epmd that outlives it, if there were none.
 */
const PROGRAM = 'epmd -address 127.0.0.1 & exec /usr/lib/rabbitmq/bin/rabbitmq-server';
/** It shares the machine with a test. */
const FRUGAL = '+S 1:1 +sbwt none +sbwtdcpu none +sbwtdio none';

/** A `rabbitmq-server` (guest, guest); `lines` are added to its rabbitmq.conf. Not started yet, which takes some seconds. */
export async function rabbitmqServer(scope: Scope, lines: readonly string[] = []): Promise<RealServer> {
  const [epmd, dist] = [await freePort(), await freePort()];
  return RealServer.of(scope, {
    scheme: 'amqp',
    ready: /Starting broker.*completed/,
    async command(folder, port) {
      const own = [`listeners.tcp.1 = 127.0.0.1:${port}`, 'log.console = false', 'log.file.level = warning'];
      await writeFile(join(folder, 'rabbitmq.conf'), [...own, ...lines, ''].join('\n'));
      await writeFile(join(folder, 'enabled_plugins'), '[].\n');
      const env = {
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
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: `${FRUGAL} -noinput`,
        RABBITMQ_QUORUM_DIR: join(folder, 'quorum'),
      };
      return { program: 'sh', args: ['-c', PROGRAM], env };
    },
  });
}
