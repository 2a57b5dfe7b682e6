import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort, type Scope } from '@sputnikjs/testkit/servers';
import { shippedAdapter } from './shipped.js';

const HAND_WRITTEN = fileURLToPath(new URL('hand-written.js', import.meta.url));
/** As our units and images start it (decision 27). */
const FLAG = '--single-threaded-gc';
/** The most connections that a row opens. */
const MOST_CONNECTIONS = 5_000;
/** `/proc` counts hundredths of a second. */
export const TICK_US = 10_000;

const SPOOLED = [
  { name: 'producer', responsibility: 'uplink' },
  { name: 'spool', module: '@sputnikjs/spool', needs: { producer: 'uplink' } },
];

/** A process between senders and the server; it puts all it gets into one stream. */
export interface Satellite {
  readonly pid: number;
  readonly stream: string;
  readonly tcpPort: number;
  readonly udpPort: number;
  readonly httpPort: number;
  /** Undefined without admin endpoints. */
  readonly adminPort?: number | undefined;
  /** Milliseconds from its start until its ports were open and the server was connected. */
  readonly startMs: number;
}

/** What makes an adapter: which blocks it has. */
export interface AdapterOptions {
  readonly stream: string;
  readonly admin?: 'with' | 'without';
  /** With one, it is in the folder of the configuration. */
  readonly spool?: 'with' | 'without';
}

/** The configuration of a connector. */
export interface ServerConnection {
  readonly module: string;
  readonly url: string;
  readonly streams?: readonly object[];
}

/** A connector of NATS with one stream. */
export const natsAt = (url: string, stream: string): ServerConnection => ({
  module: '@sputnikjs/connector-nats',
  url,
  streams: [{ name: stream, subjects: [stream], storage: 'memory' }],
});

/** Starts the protocol adapter with syslog and HTTP, from a configuration folder of its own; it runs until the end of the scope. */
export async function adapter(
  server: string | ServerConnection,
  { stream, admin = 'without', spool = 'without' }: AdapterOptions,
  scope: Scope,
): Promise<Satellite> {
  const folder = await newFolder(scope);
  const ports = { tcpPort: await freePort(), udpPort: await freePort(), httpPort: await freePort() };
  const adminPort = admin === 'with' ? await freePort() : undefined;
  const host = '127.0.0.1';
  const module = '@sputnikjs/adapter-syslog';
  const files = {
    blocks: [
      ...(spool === 'with' ? SPOOLED : [{ name: 'producer' }]),
      { name: 'syslogproducer', module },
      { name: 'syslogreceiver', module },
      { name: 'httpgateway', module: '@sputnikjs/adapter-http' },
    ],
    connector: typeof server === 'string' ? natsAt(server, stream) : server,
    syslogproducer: { target: stream },
    syslogreceiver: {
      listeners: [
        { transport: 'tcp', host, port: ports.tcpPort, maxConnections: MOST_CONNECTIONS },
        { transport: 'udp', host, port: ports.udpPort, udpBufferBytes: 4_194_304 },
      ],
    },
    httpgateway: { port: ports.httpPort },
    spool: { path: join(folder, 'spool') },
    sputnik: adminPort === undefined ? {} : { admin: { port: adminPort } },
  };
  const started = await startAdapter(folder, files, ports.httpPort, scope);
  return { ...started, ...ports, adminPort, stream };
}

/** Makes a folder for a configuration; it is removed at the end of the scope. */
export async function newFolder(scope: Scope): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sputnik-bench-'));
  scope.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Starts the protocol adapter from a folder with these files, by their names without ".json". It is there when the port is open. */
export async function startAdapter(
  folder: string,
  files: Readonly<Record<string, object>>,
  port: number,
  scope: Scope,
): Promise<Pick<Satellite, 'pid' | 'startMs'>> {
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, `${name}.json`);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, JSON.stringify(content));
  }
  return start([FLAG, shippedAdapter(), 'run', '--cf', folder], '"event":"connected"', port, scope);
}

/** Starts the script written by hand, as Node starts it without further ado. The stream must be there. */
export async function handWritten(url: string, stream: string, scope: Scope): Promise<Satellite> {
  const ports = { tcpPort: await freePort(), udpPort: await freePort(), httpPort: await freePort() };
  const args = [HAND_WRITTEN, url, stream, ...Object.values(ports).map(String)];
  const started = await start(args, 'listening', ports.httpPort, scope);
  return { ...started, ...ports, stream };
}

async function start(
  args: readonly string[],
  said: string,
  port: number,
  scope: Scope,
): Promise<Pick<Satellite, 'pid' | 'startMs'>> {
  const since = performance.now();
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  scope.after(async () => {
    if (child.kill('SIGKILL')) await once(child, 'close');
  });
  await Promise.all([printed(child, said), opened(port)]);
  return { pid: child.pid as number, startMs: performance.now() - since };
}

async function printed(child: ChildProcess, text: string): Promise<void> {
  let output = '';
  await new Promise<void>((resolve, reject) => {
    child.stdout?.on('data', (chunk) => (output += String(chunk)).includes(text) && resolve());
    child.once('close', () => reject(new Error(`it ended before it said ${text}: ${output}`)));
  });
}

/** Resolves when somebody listens there. */
export async function opened(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    const isOpen = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isOpen) return;
    await sleep(2);
  }
}

/** CPU time of a process so far, in microseconds. */
export function cpuOf({ pid }: Pick<Satellite, 'pid'>): Promise<number> {
  return cpuIn(`/proc/${pid}`);
}

/** CPU time of each thread of a process so far, in microseconds. */
export async function cpuOfThreads({ pid }: Pick<Satellite, 'pid'>): Promise<ReadonlyMap<string, number>> {
  const threads = await readdir(`/proc/${pid}/task`);
  return new Map(await Promise.all(threads.map(async (id) => [id, await cpuIn(`/proc/${pid}/task/${id}`)] as const)));
}

async function cpuIn(path: string): Promise<number> {
  const stat = await readFile(`${path}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_US;
}

/** The most resident memory that a process had so far, in MB. */
export async function peakOf({ pid }: Pick<Satellite, 'pid'>): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return (Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]) * 1024) / 1e6;
}
