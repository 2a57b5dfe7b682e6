import { readCursor } from './cursor.js';
import type { Files } from './files.js';
import { Decoder, recordsIn, type Kept } from './record.js';
import { endOf } from './recovery.js';
import { firstIn, HEADER_BYTES, nextIn, readHeader, type Segment } from './segment.js';

/** What a file with messages has. */
export interface SegmentFacts {
  readonly name: string;
  readonly bytes: number;
  readonly messages: number;
  /** Messages that ought to be there and cannot be read; undefined if nobody knows how many. */
  readonly damaged: number | undefined;
}

/** What a store has, as its files say. */
export interface StoreFacts {
  readonly segments: readonly SegmentFacts[];
  /** Files that were kept since something in them was damaged. */
  readonly aside: readonly string[];
  /** Messages that the server does not have, as far as is noted. */
  readonly kept: number;
}

/** Reads all files of a store, also while a satellite has it open. Changes nothing. Rejects if the folder cannot be read. */
export async function inspectStore(files: Files): Promise<StoreFacts> {
  const names = await files.names();
  const acknowledged = await acknowledgedIn(files, names);
  const segments: SegmentFacts[] = [];
  let kept = 0;
  for await (const { name, bytes, first, next, segment } of segmentsIn(files, names)) {
    let messages = 0;
    if (segment === undefined) {
      segments.push({ name, bytes: bytes.length, messages, damaged: next === undefined ? undefined : next - first });
      continue;
    }
    for (const { sequence } of recordsOf(bytes, segment)) {
      messages++;
      if (sequence > acknowledged) kept++;
    }
    segments.push({ name, bytes: bytes.length, messages, damaged: segment.last + 1 - first - messages });
  }
  return { segments, aside: names.filter((name) => name.endsWith('.damaged')).toSorted(), kept };
}

/** The messages that a store keeps, in order, also while a satellite has it open. Changes nothing. */
export async function* keptIn(files: Files): AsyncGenerator<Kept, void> {
  const names = await files.names();
  const acknowledged = await acknowledgedIn(files, names);
  const decoder = new Decoder();
  for await (const { bytes, segment } of segmentsIn(files, names))
    if (segment !== undefined)
      for (const { sequence, from } of recordsOf(bytes, segment))
        if (sequence > acknowledged) yield decoder.decode(bytes, from, segment.instance);
}

interface Read {
  readonly name: string;
  readonly bytes: Buffer;
  readonly first: number;
  /** The first sequence of the next segment. */
  readonly next: number | undefined;
  /** Undefined if its beginning is damaged. */
  readonly segment: Segment | undefined;
}

/** The segments, in order; without those that a satellite has removed since. */
async function* segmentsIn(files: Files, names: readonly string[]): AsyncGenerator<Read, void> {
  const own = names.filter((name) => firstIn(name) !== undefined).toSorted();
  for (const [index, name] of own.entries()) {
    const bytes = await files.read(name, 0).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
    if (bytes === undefined) continue;
    const first = firstIn(name) ?? 0;
    const next = nextIn(first, own[index + 1]);
    const marks = readHeader(name, bytes);
    const segment = marks && {
      ...marks,
      name,
      first,
      last: (next ?? first) - 1,
      bytes: bytes.length,
      isDamaged: false,
    };
    if (segment !== undefined && next === undefined) segment.last = endOf(bytes, segment).last;
    yield { name, bytes, first, next, segment };
  }
}

async function acknowledgedIn(files: Files, names: readonly string[]): Promise<number> {
  const segments: Segment[] = [];
  for await (const { segment } of segmentsIn(files, names)) if (segment !== undefined) segments.push(segment);
  return (await readCursor(files, segments)) ?? 0;
}

function* recordsOf(bytes: Buffer, { first, last, seed }: Segment) {
  let due = first;
  for (const found of recordsIn(bytes, HEADER_BYTES, seed)) {
    if (found.sequence < due || found.sequence > last) continue;
    due = found.sequence + 1;
    yield found;
  }
}
