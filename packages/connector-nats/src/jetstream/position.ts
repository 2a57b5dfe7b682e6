import type { StreamInfo } from '@nats-io/jetstream';

/** Where a message stands in a stream: its number, and when it was stored, in nanoseconds, which tells it from those of a former stream. */
export interface Position {
  readonly number: number;
  readonly time: bigint;
}

/** Parses the `sequence` of a message. Returns undefined if it cannot be one. */
export function positionOf(sequence: string): Position | undefined {
  const [, number, time] = /^([1-9]\d{0,15})-(\d{1,19})$/.exec(sequence) ?? [];
  if (number === undefined || time === undefined || !Number.isSafeInteger(Number(number))) return undefined;
  return { number: Number(number), time: BigInt(time) };
}

/** A time as the server writes it, such as 2026-12-01T08:00:00.12Z, in nanoseconds. */
export function nanosOf(time: string): bigint {
  const [, seconds = '', fraction = '', zone = 'Z'] = /^([^.]*?)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/.exec(time) ?? [];
  return BigInt(Date.parse(seconds + zone)) * 1_000_000n + BigInt(fraction.padEnd(9, '0'));
}

/** Why a stream does not keep every message until it has no room for it, if so. */
export function lossOf({ config }: StreamInfo): string | undefined {
  const { name, retention, max_msgs_per_subject: perSubject } = config;
  const stream = `the stream "${name}"`;
  if (retention !== 'limits') return `${stream} deletes what was handled (retention: ${retention})`;
  if (perSubject > 0) return `${stream} keeps only the last messages of each subject (max_msgs_per_subject)`;
  return undefined;
}

/** Why messages after a number may be missing in the stream, if so. */
export function gapBehind(number: number, { config, state }: Pick<StreamInfo, 'config' | 'state'>): string | undefined {
  // guard: what was removed after a message is told
  if (state.first_seq <= number + 1) return undefined;
  return `messages after it were removed from the stream "${config.name}", which begins with ${state.first_seq}`;
}
