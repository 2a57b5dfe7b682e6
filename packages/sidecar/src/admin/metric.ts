import type { BlockMetrics } from '@sputnikjs/core';
import type { BlockMeter } from './block-meter.js';
import type { MetricType, Sample } from './exposition.js';
import { BOUNDS, type Histogram } from './histogram.js';
import type { RecentLines } from './recent-lines.js';
import type { BlockEntry, Status } from './status.js';
import type { TargetCounts } from './target-counts.js';

/** The source of the metrics. */
export interface Measured {
  readonly status: Status;
  readonly meters: ReadonlyMap<string, BlockMeter>;
  readonly lines: RecentLines;
  readonly targets: TargetCounts;
  /** By the blocks. */
  readonly given: readonly BlockMetrics[];
  readonly startedAt: number;
}

/** A metric. Its name is API. */
export interface Metric {
  readonly name: string;
  readonly type: MetricType;
  readonly help: string;
  readonly labels: readonly string[];
  readonly read: (measured: Measured) => readonly Sample[];
}

/** One value. */
export function one(value: number, labels: Sample['labels'] = {}): readonly Sample[] {
  return [{ labels, value }];
}

/** A metric without labels. */
export function single(name: string, type: MetricType, help: string, value: (measured: Measured) => number): Metric {
  return { name, type, help, labels: [], read: (measured) => one(value(measured)) };
}

/** A metric of each block that takes messages. */
export function ofBlocks(name: string, type: MetricType, help: string, value: (block: BlockEntry) => number): Metric {
  const read: Metric['read'] = ({ status }) =>
    status.blocks
      .filter(({ capacity }) => capacity > 0)
      .map((block) => ({ labels: { block: block.responsibility }, value: value(block) }));
  return { name, type, help, labels: ['block'], read };
}

/** A metric of each nested satellite that has a value for it. */
export function ofSatellites(
  name: string,
  type: MetricType,
  help: string,
  value: (satellite: Status['satellites'][number]) => number | undefined,
): Metric {
  const read: Metric['read'] = ({ status }) =>
    status.satellites.flatMap((one) => {
      const found = value(one);
      return found === undefined ? [] : { labels: { satellite: one.path }, value: found };
    });
  return { name, type, help, labels: ['satellite'], read };
}

/** Durations of each block that took messages. */
export function durations(name: string, help: string, of: (meter: BlockMeter) => Histogram): Metric {
  const read: Metric['read'] = ({ meters }) => [...meters].flatMap(([block, meter]) => buckets(of(meter), { block }));
  return { name, type: 'histogram', help, labels: ['block', 'le'], read };
}

function buckets(histogram: Histogram, labels: Sample['labels']): readonly Sample[] {
  const { cumulative, count, sum } = histogram;
  const bounded = BOUNDS.map((bound, at) => ({ le: `${bound}`, value: cumulative[at] ?? 0 }));
  return [
    ...[...bounded, { le: '+Inf', value: count }].map(
      ({ le, value }) => ({ suffix: '_bucket', labels: { ...labels, le }, value }) as const,
    ),
    { suffix: '_sum', labels, value: sum },
    { suffix: '_count', labels, value: count },
  ];
}
