// What the admin endpoints cost: CPU time a message from syslog over TCP into JetStream, with and without them, in turns, and how fast they
// answer meanwhile. `node bench/dist/admin-cost.js [rounds] [messages]`
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect as connectNats } from '@nats-io/transport-node';
import { spawnSidecar, type Sidecar } from '@sputnikjs/testkit';
import { freePort, natsServer } from '@sputnikjs/testkit/servers';
import { median } from './measure.js';
import { RowScope } from './scope.js';

const [rounds = 5, messages = 100_000] = process.argv.slice(2).map(Number);
const APP = fileURLToPath(new URL('../../apps/protocol-adapter/bin/protocol-adapter.js', import.meta.url));
const LINE = `<13>1 2026-11-30T12:00:00Z host app 1 - - ${'x'.repeat(150)}\n`;
/** Lines in one write. */
const TOGETHER = 100;
/** `/proc` counts hundredths of a second. */
const TICK_US = 10_000;

const scope = new RowScope();
const server = await natsServer(scope);
await server.start();
const nats = await connectNats({ servers: server.url });
const manager = await jetstreamManager(nats);

interface Adapter {
  readonly process: Sidecar;
  readonly port: number;
  readonly adminPort: number | undefined;
  readonly stream: string;
}

async function adapter(stream: string, admin: 'with' | 'without'): Promise<Adapter> {
  const folder = await mkdtemp(join(tmpdir(), 'sputnik-bench-'));
  scope.after(() => rm(folder, { recursive: true, force: true }));
  const [port, adminPort] = [await freePort(), admin === 'with' ? await freePort() : undefined];
  const module = '@sputnikjs/adapter-syslog';
  const files = {
    blocks: [{ name: 'producer' }, { name: 'syslogproducer', module }, { name: 'syslogreceiver', module }],
    connector: {
      module: '@sputnikjs/connector-nats',
      url: server.url,
      streams: [{ name: stream, subjects: [stream], storage: 'memory' }],
    },
    syslogproducer: { target: stream },
    syslogreceiver: { listeners: [{ transport: 'tcp', host: '127.0.0.1', port }] },
    sputnik: adminPort === undefined ? {} : { admin: { port: adminPort } },
  };
  for (const [name, content] of Object.entries(files))
    await writeFile(join(folder, `${name}.json`), JSON.stringify(content));
  const sidecar = spawnSidecar(APP, ['run', '--cf', folder], {
    after: (end) => scope.after(async () => end()),
  });
  await sidecar.printed('"event":"connected"');
  return { process: sidecar, port, adminPort, stream };
}

/** CPU time of a process, in microseconds. */
async function cpuOf({ process: { pid } }: Adapter): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_US;
}

/** Sends as fast as they are taken; resolves when the stream has them all, with microseconds of CPU a message and messages a second. */
async function run(target: Adapter): Promise<{ readonly cpu: number; readonly rate: number }> {
  await manager.streams.purge(target.stream);
  const [before, since] = [await cpuOf(target), performance.now()];
  const socket = connect(target.port, '127.0.0.1');
  const chunk = LINE.repeat(TOGETHER);
  for (let sent = 0; sent < messages; sent += TOGETHER) if (!socket.write(chunk)) await once(socket, 'drain');
  socket.end();
  while ((await manager.streams.info(target.stream)).state.messages < messages) await sleep(5);
  const rate = (messages * 1000) / (performance.now() - since);
  return { cpu: ((await cpuOf(target)) - before) / messages, rate };
}

/** Asks what a probe and Prometheus ask, and notes how long the answers take, until `work` is done. */
async function asking({ adminPort }: Adapter, work: Promise<unknown>): Promise<readonly number[]> {
  const over = work.then(() => true);
  const took: number[] = [];
  const ask = async (path: string): Promise<void> => {
    const since = performance.now();
    await (await fetch(`http://127.0.0.1:${adminPort}${path}`)).text();
    took.push(performance.now() - since);
  };
  for (let n = 0; !(await Promise.race([over, sleep(200, false)])); n++)
    await ask(n % 5 === 0 ? '/metrics' : '/readyz');
  return took;
}

const [without, withAdmin] = [await adapter('without', 'without'), await adapter('with', 'with')];
const ratios: number[] = [];
const answers: number[] = [];
for (let round = 0; round <= rounds; round++) {
  const both = new Map<Adapter, Awaited<ReturnType<typeof run>>>();
  for (const one of round % 2 === 0 ? [without, withAdmin] : [withAdmin, without]) {
    const running = run(one);
    if (one === withAdmin) answers.push(...(await asking(one, running)));
    both.set(one, await running);
  }
  const [off, on] = [both.get(without), both.get(withAdmin)];
  if (off === undefined || on === undefined) throw new Error('one did not run');
  const shown = (name: string, { cpu, rate }: typeof on): string =>
    `${name} ${cpu.toFixed(2)} µs, ${(rate / 1000).toFixed(1)} k/s`;
  console.log(`${round === 0 ? 'warm-up' : `round ${round}`}: ${shown('without', off)}; ${shown('with', on)}`);
  if (round > 0) ratios.push(on.cpu / off.cpu);
}
console.log(`CPU time with admin endpoints: ${median(ratios).toFixed(3)} of that without (budget: <= 1.05)`);
console.log(`answers: ${median(answers).toFixed(1)} ms at the median of ${answers.length} (budget: <= 10 ms)`);
await nats.close();
await scope.end();
