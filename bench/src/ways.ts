// The ways through the protocol adapter into JetStream, beside a script written by hand that goes the same ways.
import { setTimeout as sleep } from 'node:timers/promises';
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { natsServer, type Scope } from '@sputnikjs/testkit/servers';
import { measureFloods } from './floods.js';
import { median } from './measure.js';
import { inTurns, output } from './rounds.js';
import { adapter, cpuOf, handWritten, peakOf, type Satellite } from './satellite.js';
import { RowScope } from './scope.js';
import { megabytes, micros, millis, ratiosOf, spreadOf, thousands, type Row } from './table.js';

/** How much to measure. */
export interface WaysEffort {
  readonly rounds: number;
  readonly messages: number;
  /** Of each flood of datagrams. */
  readonly seconds: number;
  readonly starts: number;
}

const CONNECTIONS = [1, 10, 100];
const HTTP_CONNECTIONS = 64;
const HTTP = `HTTP, ${HTTP_CONNECTIONS} connections`;

/** What one measurement has found. */
export interface Sample {
  /** Messages a second. */
  readonly rate: number;
  /** Microseconds of CPU time a message. */
  readonly cpu: number;
}

/** Measures all ways, in rounds in which both go each way in turn; `tell` hears how far it is. */
export async function measureWays(effort: WaysEffort, tell: (progress: string) => void): Promise<readonly Row[]> {
  return onServer(async (url, streams, scope) => {
    await streams.streams.add({ name: 'script', subjects: ['script'], storage: 'memory' });
    const ours = await adapter(url, { stream: 'adapter' }, scope);
    const script = await handWritten(url, 'script', scope);
    const rows: Row[] = [];
    for (const connections of CONNECTIONS) {
      const title = `syslog over TCP, ${connections} connection${connections === 1 ? '' : 's'}`;
      tell(title);
      const samples = await inTurns(effort.rounds, [ours, script], (one) =>
        sample(one, tcpLoad(one, connections, effort.messages), effort.messages, streams),
      );
      rows.push(...rowsOf(title, samples, { rate: 0.8, cpu: 1.25 }));
    }
    tell(HTTP);
    const posts = postsOf(effort);
    const samples = await inTurns(effort.rounds, [ours, script], (one) =>
      sample(one, httpLoad(one, posts), posts, streams),
    );
    rows.push(...rowsOf(HTTP, samples, { rate: 0.9 }));
    const peaks = [await peakOf(ours), await peakOf(script)] as const;
    rows.push({
      title: 'peak memory, in MB',
      ours: megabytes(peaks[0]),
      baseline: megabytes(peaks[1]),
      figure: spreadOf([peaks[0]]),
      budget: { is: 'at most', bound: 120 },
    });
    rows.push(...(await measureFloods(effort, [ours, script], streams, tell)));
    tell('starts');
    rows.push(await startRow(url, effort.starts));
    return rows;
  });
}

/** The same with a spool, which has all on the disk before it is accepted, beside the same without. */
export async function measureSpool(effort: WaysEffort, tell: (progress: string) => void): Promise<readonly Row[]> {
  return onServer(async (url, streams, scope) => {
    const both = [
      await adapter(url, { stream: 'spooled', spool: 'with' }, scope),
      await adapter(url, { stream: 'straight' }, scope),
    ] as const;
    tell('syslog through a spool');
    const lines = Math.ceil(effort.messages / 4);
    const syslog = await inTurns(effort.rounds, both, (one) => sample(one, tcpLoad(one, 1, lines), lines, streams));
    tell('HTTP through a spool');
    const posts = postsOf(effort);
    const http = await inTurns(effort.rounds, both, (one) => sample(one, httpLoad(one, posts), posts, streams));
    return [...rowsOf('syslog over TCP, 1 connection', syslog, { rate: 0.7 }), ...rowsOf(HTTP, http, { rate: 0.7 })];
  });
}

/** Works with a NATS server and its streams; all that is in the scope ends with it. */
export async function onServer<T>(
  work: (url: string, streams: JetStreamManager, scope: Scope) => Promise<T>,
): Promise<T> {
  const scope = new RowScope();
  try {
    const server = await natsServer(scope);
    await server.start();
    const nats = await connect({ servers: server.url });
    scope.after(() => nats.close());
    return await work(server.url, await jetstreamManager(nats), scope);
  } finally {
    await scope.end();
  }
}

/** A program that sends lines over TCP. */
export function tcpLoad({ tcpPort }: Satellite, connections: number, messages: number): readonly unknown[] {
  return ['load-syslog.js', tcpPort, connections, messages];
}

/** As many to each connection. */
function postsOf({ messages }: WaysEffort): number {
  return HTTP_CONNECTIONS * Math.ceil(messages / 10 / HTTP_CONNECTIONS);
}

function httpLoad({ httpPort, stream }: Satellite, posts: number): readonly unknown[] {
  return ['load-http.js', httpPort, `/produce/${stream}`, HTTP_CONNECTIONS, posts];
}

/** Sends messages as fast as they are taken; what is measured ends when the stream has all of them. */
export async function sample(
  one: Satellite,
  load: readonly unknown[],
  messages: number,
  streams: JetStreamManager,
): Promise<Sample> {
  const before = await cpuOf(one);
  const rate = await rateOf(one, load, messages, streams);
  return { rate, cpu: ((await cpuOf(one)) - before) / messages };
}

/** How many messages a second get into the stream. */
export async function rateOf(
  { stream }: Pick<Satellite, 'stream'>,
  load: readonly unknown[],
  messages: number,
  { streams }: JetStreamManager,
): Promise<number> {
  await streams.purge(stream);
  const since = performance.now();
  const sent = output(load);
  while ((await streams.info(stream)).state.messages < messages) await sleep(5);
  const rate = (messages * 1000) / (performance.now() - since);
  await sent;
  return rate;
}

async function startRow(url: string, starts: number): Promise<Row> {
  const found: [number[], number[]] = [[], []];
  for (let n = 0; n < starts; n++) {
    const scope = new RowScope();
    found[0].push((await adapter(url, { stream: 'adapter' }, scope)).startMs);
    found[1].push((await handWritten(url, 'script', scope)).startMs);
    await scope.end();
  }
  return {
    title: 'start, until ports are open',
    ours: millis(median(found[0])),
    baseline: millis(median(found[1])),
    figure: ratiosOf(...found),
    budget: { is: 'at most', bound: 1.3 },
  };
}

/** How fast, and at which cost, with what both must keep at least or at most. */
export function rowsOf(
  title: string,
  [ours, baseline]: readonly [readonly Sample[], readonly Sample[]],
  { rate, cpu }: { readonly rate?: number; readonly cpu?: number },
): readonly Row[] {
  const of = (key: keyof Sample) => [ours.map((one) => one[key]), baseline.map((one) => one[key])] as const;
  const [[ourRates, rates], [ourCpus, cpus]] = [of('rate'), of('cpu')];
  return [
    {
      title: `${title}, messages a second`,
      ours: thousands(median(ourRates)),
      baseline: thousands(median(rates)),
      figure: ratiosOf(ourRates, rates),
      budget: rate === undefined ? undefined : { is: 'at least', bound: rate },
    },
    {
      title: `${title}, CPU time a message`,
      ours: micros(median(ourCpus)),
      baseline: micros(median(cpus)),
      figure: ratiosOf(ourCpus, cpus),
      budget: cpu === undefined ? undefined : { is: 'at most', bound: cpu },
    },
  ];
}
