// What the admin endpoints cost: CPU time a message from syslog over TCP into JetStream, with and without them, in turns, and how fast they
// answer meanwhile. `node bench/dist/admin-cost.js [rounds] [messages]`
import { setTimeout as sleep } from 'node:timers/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect as connectNats } from '@nats-io/transport-node';
import { natsServer } from '@sputnikjs/testkit/servers';
import { median } from './measure.js';
import { adapter, type Satellite } from './satellite.js';
import { RowScope } from './scope.js';
import { sample, tcpLoad, type Sample } from './ways.js';

const [rounds = 5, messages = 100_000] = process.argv.slice(2).map(Number);

const scope = new RowScope();
const server = await natsServer(scope);
await server.start();
const nats = await connectNats({ servers: server.url });
const manager = await jetstreamManager(nats);

/** Asks what a probe and Prometheus ask, and notes how long the answers take, until `work` is done. */
async function asking({ adminPort }: Satellite, work: Promise<unknown>): Promise<readonly number[]> {
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

const without = await adapter(server.url, { stream: 'without' }, scope);
const withAdmin = await adapter(server.url, { stream: 'with', admin: 'with' }, scope);
const ratios: number[] = [];
const answers: number[] = [];
for (let round = 0; round <= rounds; round++) {
  const both = new Map<Satellite, Sample>();
  for (const one of round % 2 === 0 ? [without, withAdmin] : [withAdmin, without]) {
    const running = sample(one, tcpLoad(one, 1, messages), messages, manager);
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
