import {
  CONNECTOR,
  FINISHER,
  INITIATOR,
  type BlockMetrics,
  type BlockStatus,
  type FlightStatus,
} from '@sputnikjs/core';
import type { BlockWiring } from '../folder/wiring.js';
import { bottleneckOf } from './bottleneck.js';
import type { FlightMeter } from './flight-meter.js';
import type { FlightRecord } from './flight-record.js';
import { heldBy } from '../log/record.js';
import { alive, ready, type Judged, type ReadyzSettings } from './health.js';
import type { Histogram } from './histogram.js';
import { lossesOf, ownLosses, sum } from './losses.js';
import type { RecentLines } from './recent-lines.js';
import type { NestedState } from './nested-state.js';
import { ServerRecord } from './server-record.js';
import type { BlockEntry, NestedStatus, ServerStatus, Status } from './status.js';
import { summaryOf } from './summary.js';

/** The sources of a snapshot. */
export interface Watched {
  readonly name: string;
  readonly version: string;
  readonly meter: FlightMeter;
  readonly wiring: readonly BlockWiring[];
  readonly lines: RecentLines;
  readonly readyz: ReadyzSettings;
  readonly flight: () => FlightStatus | undefined;
  /** What the blocks measure themselves. */
  readonly metrics: () => readonly BlockMetrics[];
  readonly url: () => string | undefined;
  readonly nested: () => readonly NestedState[];
  readonly landingSoon: () => boolean;
  readonly logLevel: () => string | undefined;
}

const INFRASTRUCTURE: ReadonlySet<string> = new Set([INITIATOR, FINISHER, CONNECTOR]);

/** What the health endpoints judge. */
export function judged({ meter, flight, nested, landingSoon }: Watched): Judged {
  const now = flight();
  const oldestMs = Math.max(0, ...(now?.blocks ?? []).map((block) => meter.oldestMsOf(block)));
  return { flight: now, nested: nested(), record: meter.record, oldestMs, landingSoon: landingSoon() };
}

/** The state of a satellite at this instant. */
export function snapshot(watched: Watched): Status {
  const { meter, wiring, lines, readyz, name, version } = watched;
  const facts = judged(watched);
  const { flight } = facts;
  const given = watched.metrics();
  const losses = ownLosses(given);
  const blocks = (flight?.blocks ?? [])
    .filter(({ name }) => !INFRASTRUCTURE.has(name))
    .map((block) => entryOf(block, wiring, meter, given));
  const { server, launchedAt, startedAt, failed } = meter.record;
  const connection = flight?.connection ?? 'none';
  const { heapUsed, heapTotal, rss } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const loop = meter.loop.read();
  const now = new Date().toISOString();
  const logLevel = watched.logLevel();
  const url = watched.url();
  const told = {
    now,
    satellite: {
      name,
      state: flight?.state ?? 'preparing',
      since: iso(launchedAt ?? startedAt),
      pid: process.pid,
      sputnik: version,
      node: process.versions.node,
      ...(logLevel !== undefined && { logLevel }),
    },
    server: serverStatus(server, connection, url),
    satellites: facts.nested.map((one) => nestedStatus(one, meter)),
    blocks,
    held: heldBy(blocks) + heldBeside(given),
    oldestMs: facts.oldestMs,
    lost: lossesOf(blocks, failed, losses),
    ...bottleneck(blocks, connection),
    ...landingOf(meter.record),
  } satisfies Partial<Status>;
  return {
    version: 1,
    summary: summaryOf(told),
    ...told,
    ready: ready(facts, readyz),
    alive: alive(facts),
    edges: edgesOf(meter, wiring),
    problems: lines.problems,
    process: {
      rssBytes: rss,
      heapUsedBytes: heapUsed,
      heapTotalBytes: heapTotal,
      cpuSeconds: (user + system) / 1e6,
      loop: {
        p50Ms: loop.p50 * 1000,
        p99Ms: loop.p99 * 1000,
        maxMs: loop.max * 1000,
        utilization: loop.utilization,
      },
    },
  };
}

function serverStatus(server: ServerRecord, state: FlightStatus['connection'], url: string | undefined): ServerStatus {
  return {
    state,
    away: server.away,
    ...(url !== undefined && { url }),
    since: iso(server.since),
    attempts: server.attempts,
    connects: server.connects,
    losses: server.losses,
    connectedMs: server.connectedMs,
    ...(server.retryAt !== undefined && { retryAt: iso(server.retryAt) }),
    history: [...server.history],
  };
}

function nestedStatus(
  { path, state, restarted, connection, url, thread, instances, problem }: NestedState,
  { record }: FlightMeter,
): NestedStatus {
  const server = connection && serverStatus(record.servers.get(path) ?? new ServerRecord(), connection, url);
  return {
    path,
    state,
    restarts: restarted,
    ...(server && { server }),
    ...(thread && { thread }),
    ...(instances !== undefined && { instances }),
    ...(problem !== undefined && { problem }),
  };
}

const iso = (ms: number): string => new Date(ms).toISOString();

/** How many messages blocks hold in addition to their mailboxes. */
function heldBeside(all: readonly BlockMetrics[]): number {
  const values = all.flatMap(({ metrics }) => metrics.map(({ type, value }) => (type === 'held' ? value : 0)));
  return values.reduce((held, value) => held + value, 0);
}

function entryOf(
  block: BlockStatus,
  wiring: readonly BlockWiring[],
  meter: FlightMeter,
  given: readonly BlockMetrics[],
): BlockEntry {
  const { rates, record } = meter;
  const measured = meter.meters.get(block.responsibility);
  const { responsibility, dropped, depth } = block;
  const own = given.filter((one) => one.block.responsibility === responsibility);
  return {
    ...block,
    listens: wiring.find((other) => other.responsibility === responsibility)?.listens ?? [],
    underWay: heldBy([block]) - depth,
    acceptedRate: rates.of(`accepted ${responsibility}`),
    handledRate: rates.of(`handled ${responsibility}`),
    rejectedRate: rates.of(`rejected ${responsibility}`),
    oldestMs: meter.oldestMsOf(block),
    wait: durationsOf(measured?.waited),
    handling: durationsOf(measured?.handled),
    lost: dropped + (record.failed.get(responsibility)?.count ?? 0) + sum(ownLosses(own)),
    measured: own.flatMap(({ metrics }) => metrics),
  };
}

function durationsOf(histogram: Histogram | undefined): BlockEntry['wait'] {
  const [p50, p99] = [0.5, 0.99].map((quantile) => histogram?.atMost(quantile) ?? Infinity);
  return { ...inMs('p50', p50), ...inMs('p99', p99) };
}

function inMs(name: 'p50' | 'p99', seconds: number | undefined): BlockEntry['wait'] {
  return seconds === undefined || seconds === Infinity ? {} : { [name]: seconds * 1000 };
}

function edgesOf({ meters, rates }: FlightMeter, wiring: readonly BlockWiring[]): Status['edges'] {
  const seen = [...meters].flatMap(([to, { senders }]) =>
    [...senders].map(([{ responsibility: from }, { count }]) => ({
      from,
      to,
      count,
      rate: rates.of(`${from} → ${to}`),
    })),
  );
  const isSeen = new Set(seen.map(({ from, to }) => `${from} → ${to}`));
  const declared = wiring.flatMap(({ responsibility: from, needs }) =>
    [...new Set(needs.map(({ to }) => to))].map((to) => ({ from, to })),
  );
  return [
    ...seen,
    ...declared
      .filter(({ from, to }) => !isSeen.has(`${from} → ${to}`))
      .map((edge) => Object.assign(edge, { count: 0, rate: 0 })),
  ];
}

function bottleneck(blocks: readonly BlockEntry[], connection: FlightStatus['connection']): Pick<Status, 'bottleneck'> {
  const name = bottleneckOf(blocks, connection);
  return name === undefined ? {} : { bottleneck: name };
}

function landingOf({ landing, report }: FlightRecord): Pick<Status, 'landing'> {
  if (landing === undefined) return {};
  const { cause, since, waitsFor } = landing;
  const ended = report && { clean: report.clean, tookMs: report.tookMs };
  return { landing: { cause, since: iso(since), waitsFor: [...waitsFor], ...ended } };
}
