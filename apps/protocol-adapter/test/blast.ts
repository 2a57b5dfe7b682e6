import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { freePort, natsServer, type RealServer } from '@sputnikjs/testkit/servers';
import { folder, Program, Satellite } from './support.js';

/** How long a blast takes. */
export interface Length {
  /** From its first message to its last. */
  readonly seconds: number;
  /** How long the server is away, in milliseconds, where it goes away. */
  readonly awayMs: number;
}

/** For the satellite at its peak, in bytes. */
const BUDGET = 200_000_000;

const BLOCKS = [
  { name: 'producer' },
  { name: 'syslogproducer', module: '@sputnikjs/adapter-syslog' },
  { name: 'syslogreceiver', module: '@sputnikjs/adapter-syslog' },
];

interface Blast {
  readonly server: RealServer;
  readonly satellite: Satellite;
  /** Numbers its messages from 0 and sends them by TCP as fast as they are taken. */
  readonly loggen: Program;
  /** The peak of the satellite's resident set so far, in bytes. */
  readonly peak: () => number;
}

async function blast(t: TestContext, seconds: number): Promise<Blast> {
  const [server, port] = [await natsServer(t), await freePort()];
  await server.start();
  const cf = folder(t, {
    'blocks.json': BLOCKS,
    'connector.json': {
      module: '@sputnikjs/connector-nats',
      url: server.url,
      streams: [{ name: 'LOGS', subjects: ['syslog'], storage: 'file' }],
    },
    'syslogreceiver.json': { port },
  });
  const satellite = new Satellite(t, cf);
  await satellite.logs('connected');
  let highest = 0;
  const look = (): number => (highest = Math.max(highest, residentPeakOf(satellite.process.pid)));
  const looking = setInterval(look, 20);
  t.after(() => clearInterval(looking));
  const rate = ['-I', `${seconds}`, '-r', '1000000', '-s', '200'];
  const loggen = new Program(t, 'loggen', ['-i', '-S', ...rate, '127.0.0.1', `${port}`]);
  return { server, satellite, loggen, peak: look };
}

/** As Linux counts it, in bytes; 0 when the process is gone. */
function residentPeakOf(pid: number | undefined): number {
  try {
    return 1024 * Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** What loggen says that it has sent. */
function sentBy({ lines, errors }: Program): { readonly count: number; readonly perSecond: number } {
  const [, rate, count] = /average rate = ([\d.]+) msg\/sec, count=(\d+)/.exec([...lines, ...errors].join('\n')) ?? [];
  return { count: Number(count), perSecond: Math.round(Number(rate)) };
}

/** The numbers of the messages in the stream, each once, and how many are in it twice, as a client sees them that is not ours. */
async function numbersIn({ url }: RealServer): Promise<{ readonly numbers: Set<number>; readonly twice: number }> {
  const client = await connect({ servers: url });
  try {
    const { messages } = (await (await jetstreamManager(client)).streams.info('LOGS')).state;
    const numbers = new Set<number>();
    const consumer = await jetstream(client).consumers.get('LOGS');
    let left = messages;
    if (left > 0)
      for await (const message of await consumer.consume({ max_messages: 5000 })) {
        numbers.add(Number(/seq: (\d+)/.exec(message.string())?.[1]));
        if (--left === 0) break;
      }
    return { numbers, twice: messages - numbers.size };
  } finally {
    await client.close();
  }
}

/** None is missing from 0 on. */
function assertUnbroken(numbers: ReadonlySet<number>): void {
  for (let n = 0; n < numbers.size; n++) assert.ok(numbers.has(n), `message ${n} of ${numbers.size} is missing`);
}

async function land({ satellite, peak }: Blast): Promise<Record<string, { accepted: number; handled: number }>> {
  satellite.process.kill('SIGTERM');
  assert.deepEqual(await satellite.ended, { code: 0, signal: null }, satellite.lines.slice(-5).join('\n'));
  const [landed] = satellite.records('landed');
  assert.equal(landed?.['clean'], true);
  assert.ok(peak() > 0 && peak() < BUDGET, `${peak()} bytes at the peak`);
  return landed['blocks'] as Record<string, { accepted: number; handled: number }>;
}

/** SIGTERM in the midst loses nothing that was read. */
export async function landInTheMidst(t: TestContext, { seconds }: Length): Promise<void> {
  const flight = await blast(t, seconds);
  await new Promise((resolve) => setTimeout(resolve, (seconds * 1000) / 2));
  const { syslogproducer } = await land(flight);
  await flight.loggen.ended;
  const { numbers, twice } = await numbersIn(flight.server);
  const { count, perSecond } = sentBy(flight.loggen);
  t.diagnostic(`offered ${perSecond}/s; of ${count} sent ${numbers.size} were read; peak ${flight.peak()} bytes`);
  assertUnbroken(numbers);
  assert.ok(numbers.size > 0 && numbers.size < count, 'it was in the midst');
  assert.deepEqual([numbers.size, twice], [syslogproducer?.accepted, 0]);
}

/** A server that is away in the midst costs nothing that was sent. */
export async function outlastOutage(t: TestContext, { seconds, awayMs }: Length): Promise<void> {
  const flight = await blast(t, seconds);
  const { server, loggen, satellite } = flight;
  await new Promise((resolve) => setTimeout(resolve, (seconds * 1000) / 3));
  await server.stop();
  await satellite.logs('disconnected');
  await new Promise((resolve) => setTimeout(resolve, awayMs));
  await server.start();
  await loggen.ended;
  const { count, perSecond } = sentBy(loggen);
  const arrived = async (): Promise<number> => {
    const client = await connect({ servers: server.url });
    const { messages } = (await (await jetstreamManager(client)).streams.info('LOGS')).state;
    await client.close();
    return messages;
  };
  while ((await arrived()) < count) await new Promise((resolve) => setTimeout(resolve, 50));
  await land(flight);
  const { numbers, twice } = await numbersIn(server);
  t.diagnostic(`offered ${perSecond}/s; all of ${count} arrived, ${twice} twice; peak ${flight.peak()} bytes`);
  assertUnbroken(numbers);
  assert.equal(numbers.size, count);
}
