/** What a metric is. `info` and `gauge` are values, `counter` only grows, `histogram` counts durations. */
export type MetricType = 'counter' | 'gauge' | 'histogram';

export type Labels = Readonly<Record<string, string>>;

/** A value with its labels. `suffix` is of histograms: `_bucket`, `_sum`, `_count`. */
export interface Sample {
  readonly labels: Labels;
  readonly value: number;
  readonly suffix?: '_bucket' | '_sum' | '_count' | undefined;
}

/** A metric, and its values at an instant. */
export interface Family {
  /** With its unit, and for counters `_total`. */
  readonly name: string;
  readonly help: string;
  readonly type: MetricType;
  readonly samples: readonly Sample[];
}

/** A text format for metrics: https://prometheus.io/docs/instrumenting/exposition_formats/ */
export interface Format {
  readonly contentType: string;
  write(families: readonly Family[]): string;
}

export const PROMETHEUS: Format = {
  contentType: 'text/plain; version=0.0.4; charset=utf-8',
  write: (families) => families.map((family) => written(family, family.name)).join(''),
};

/** Counters have their `_total` on the values only, and the end is marked. */
export const OPEN_METRICS: Format = {
  contentType: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
  write: (families) =>
    `${families.map((family) => written(family, family.type === 'counter' ? family.name.replace(/_total$/, '') : family.name)).join('')}# EOF\n`,
};

/** The format that an `Accept` header asks for. */
export function formatFor(accept: string | undefined): Format {
  return accept?.includes('application/openmetrics-text') ? OPEN_METRICS : PROMETHEUS;
}

function written({ name, help, type, samples }: Family, head: string): string {
  if (samples.length === 0) return '';
  const lines = samples.map(
    ({ suffix = '', labels, value }) => `${name}${suffix}${labelText(labels)} ${number(value)}`,
  );
  return [`# HELP ${head} ${escaped(help, false)}`, `# TYPE ${head} ${type}`, ...lines, ''].join('\n');
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value, true)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escaped(text: string, quotes: boolean): string {
  const plain = text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
  return quotes ? plain.replaceAll('"', '\\"') : plain;
}

function number(value: number): string {
  if (Number.isFinite(value)) return `${value}`;
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
}
