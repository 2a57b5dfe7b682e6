// Syslog over TCP into Redis: the protocol adapter beside rsyslog, which writes to Redis, or to a file.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort, redisServer, type Scope } from '@sputnikjs/testkit/servers';
import { Redis } from 'ioredis';
import { inTurns, output } from './rounds.js';
import { adapter, cpuOf, opened, TICK_US } from './satellite.js';
import { RowScope } from './scope.js';
import type { Row } from './table.js';
import { rowsOf, type Sample } from './ways.js';

const PROGRAM = fileURLToPath(new URL('../../.servers/bin/rsyslogd', import.meta.url));
const KEY = 'syslog';
/** The bytes of a line of the load. */
const LINE = 200;
/** Most of the fields that the adapter's messages have. */
const JSON_OF_A_MESSAGE = [
  '\\"received_at\\":\\"%timegenerated:::date-rfc3339%\\"',
  '\\"source\\":\\"%fromhost-ip%\\"',
  '\\"priority\\":%pri%',
  '\\"facility\\":%syslogfacility%',
  '\\"severity\\":%syslogseverity%',
  '\\"timestamp\\":\\"%timereported:::date-rfc3339%\\"',
  '\\"hostname\\":\\"%hostname%\\"',
  '\\"app_name\\":\\"%app-name%\\"',
  '\\"proc_id\\":\\"%procid%\\"',
  '\\"message\\":\\"%msg:::json%\\"',
].join(',');

/** A program that puts lines somewhere. */
interface Collector {
  readonly pid: number;
  readonly tcpPort: number;
  /** Forgets what has come. */
  clear(): Promise<unknown>;
  /** How many messages have come. */
  count(): Promise<number>;
}

/** Lines go to each in turn; what is measured ends when all have come. */
export async function measureRsyslog(
  { rounds, messages }: { readonly rounds: number; readonly messages: number },
  tell: (progress: string) => void,
): Promise<readonly Row[]> {
  const scope = new RowScope();
  try {
    const server = await redisServer(scope, ['appendonly no']);
    await server.start();
    const redis = new Redis(server.port, '127.0.0.1');
    scope.after(async () => redis.disconnect());
    const connector = { module: '@sputnikjs/connector-redis', url: server.url };
    const ours = {
      ...(await adapter(connector, { stream: KEY }, scope)),
      clear: () => redis.del(KEY),
      count: () => redis.xlen(KEY),
    };
    const rows: Row[] = [];
    for (const into of [await intoRedis(server.port, redis, scope), await intoFile(scope)]) {
      tell(into.title);
      const samples = await inTurns(rounds, [ours, into.collector], (one) => sample(one, messages));
      rows.push(...rowsOf(into.title, samples, {}));
    }
    return rows;
  } finally {
    await scope.end();
  }
}

async function sample(one: Collector, messages: number): Promise<Sample> {
  await one.clear();
  const [before, since] = [await cpuOf(one), performance.now()];
  const sent = output(['load-syslog.js', one.tcpPort, 1, messages]);
  while ((await one.count()) < messages) await sleep(5);
  const rate = (messages * 1000) / (performance.now() - since);
  await sent;
  // of few messages it may take less than can be counted
  return { rate, cpu: Math.max(TICK_US, (await cpuOf(one)) - before) / messages };
}

/** A list: this version of its module writes no streams. */
async function intoRedis(port: number, redis: Redis, scope: Scope): Promise<Named> {
  const list = `${KEY}:rsyslog`;
  const action = `action(type="omhiredis" server="127.0.0.1" serverport="${port}" mode="queue" key="${list}" template="json")`;
  const started = await rsyslog(['module(load="omhiredis")', action], scope);
  return {
    title: 'beside rsyslog into Redis',
    collector: { ...started, clear: () => redis.del(list), count: () => redis.llen(list) },
  };
}

/** Lines as they came, so that the size of the file tells how many. */
async function intoFile(scope: Scope): Promise<Named> {
  const file = join(await folderIn(scope), 'lines');
  await writeFile(file, '');
  const started = await rsyslog([`action(type="omfile" file="${file}" template="raw")`], scope);
  return {
    title: 'beside rsyslog into a file',
    collector: { ...started, clear: () => truncate(file), count: async () => (await stat(file)).size / LINE },
  };
}

interface Named {
  readonly title: string;
  readonly collector: Collector;
}

async function rsyslog(lines: readonly string[], scope: Scope): Promise<{ pid: number; tcpPort: number }> {
  if (!existsSync(PROGRAM)) throw new Error('rsyslogd is missing; run `node scripts/ensure-servers.mjs`');
  const [folder, tcpPort] = [await folderIn(scope), await freePort()];
  const conf = join(folder, 'conf');
  const all = [
    'module(load="imtcp")',
    `template(name="json" type="string" string="{${JSON_OF_A_MESSAGE}}")`,
    'template(name="raw" type="string" string="%rawmsg%\\n")',
    `input(type="imtcp" port="${tcpPort}" address="127.0.0.1")`,
    ...lines,
  ];
  await writeFile(conf, `${all.join('\n')}\n`);
  const args = ['-n', '-f', conf, '-i', join(folder, 'pid')];
  const child = spawn(PROGRAM, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  scope.after(async () => {
    if (child.kill('SIGKILL')) await once(child, 'close');
  });
  await opened(tcpPort);
  return { pid: child.pid as number, tcpPort };
}

async function folderIn(scope: Scope): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sputnik-bench-'));
  scope.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
