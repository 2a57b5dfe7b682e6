// How CPU time and memory grow with the number of blocks and connections, and with the size of messages.
import type { JetStreamManager } from '@nats-io/jetstream';
import { output } from './rounds.js';
import { adapter, peakOf } from './satellite.js';
import { RowScope } from './scope.js';
import { megabytes, micros, spreadOf, type Row } from './table.js';
import { onServer, sample } from './ways.js';

/** What was measured at one point. */
interface Point {
  readonly at: number;
  /** CPU time a message, in microseconds. */
  readonly cpu: number;
  /** The most memory, in MB. */
  readonly peak: number;
}

/** How much to measure. */
export interface GrowthEffort {
  readonly counts: readonly number[];
  readonly sizes: readonly number[];
  readonly messages: number;
}

/** Bytes of the messages in the rows of connections, and how many bytes to send at least. */
const BYTES = 200;

/** Measures all points one after the other, each in a process of its own. */
export async function measureGrowth(effort: GrowthEffort, tell: (progress: string) => void): Promise<readonly Row[]> {
  const { counts, sizes, messages } = effort;
  tell('growth with blocks');
  const blocks: Point[] = [];
  for (const at of counts) {
    const found = JSON.parse(await output(['growth-blocks.js', at, 10 * messages])) as Omit<Point, 'at'>;
    blocks.push({ at, ...found });
  }
  const [connections, bytes] = await onServer(async (url, streams) => {
    const measured: [Point[], Point[]] = [[], []];
    for (const at of counts) {
      tell(`growth with connections, ${at}`);
      const count = at * Math.ceil(messages / at);
      measured[0].push({ at, ...(await throughAdapter(url, streams, { connections: at, bytes: BYTES, count })) });
    }
    for (const at of sizes) {
      tell(`growth with bytes, ${at}`);
      const count = Math.ceil((messages * BYTES) / Math.max(BYTES, at));
      measured[1].push({ at, ...(await throughAdapter(url, streams, { connections: 1, bytes: at, count })) });
    }
    return measured;
  });
  return [...rowsOf('blocks', blocks), ...rowsOf('connections', connections), ...rowsOf('bytes a message', bytes)];
}

interface Load {
  readonly connections: number;
  readonly bytes: number;
  readonly count: number;
}

/** Sends twice: the first time is for the compiler. */
async function throughAdapter(
  url: string,
  streams: JetStreamManager,
  { connections, bytes, count }: Load,
): Promise<Omit<Point, 'at'>> {
  const scope = new RowScope();
  try {
    const one = await adapter(url, { stream: 'growth' }, scope);
    const load = ['load-syslog.js', one.tcpPort, connections, count, bytes];
    await sample(one, load, count, streams);
    const { cpu } = await sample(one, load, count, streams);
    return { cpu, peak: await peakOf(one) };
  } finally {
    await scope.end();
  }
}

/** The figure is the exponent: 0 if it costs the same at all points, 1 if twice as much at twice as many. */
function rowsOf(what: string, points: readonly Point[]): readonly Row[] {
  const [first, last] = [points[0] as Point, points.at(-1) as Point];
  const range = `${what}, ${first.at.toLocaleString('en')} to ${last.at.toLocaleString('en')}`;
  const exponent = (key: 'cpu' | 'peak') => spreadOf([exponentOf(points.map((point) => [point.at, point[key]]))]);
  return [
    {
      title: `${range}: CPU time a message`,
      ours: micros(first.cpu),
      baseline: micros(last.cpu),
      figure: exponent('cpu'),
    },
    {
      title: `${range}: peak memory`,
      ours: megabytes(first.peak),
      baseline: megabytes(last.peak),
      figure: exponent('peak'),
    },
  ];
}

/** The slope of the line that fits best where both axes are logarithmic. */
export function exponentOf(points: readonly (readonly [x: number, y: number])[]): number {
  const logs = points.map(([x, y]) => [Math.log(x), Math.log(y)] as const);
  const mean = (of: 0 | 1): number => logs.reduce((sum, log) => sum + log[of], 0) / logs.length;
  const [x, y] = [mean(0), mean(1)];
  const along = logs.reduce((sum, log) => sum + (log[0] - x) * (log[1] - y), 0);
  return along / logs.reduce((sum, log) => sum + (log[0] - x) ** 2, 0);
}
