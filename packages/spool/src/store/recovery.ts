import { readCursor } from './cursor.js';
import type { Files } from './files.js';
import type { OnProblem } from './problem.js';
import { recordsIn } from './record.js';
import { asideOf, firstIn, HEADER_BYTES, nextIn, readHeader, UNNAMED, type Segment } from './segment.js';

/** What is found in a folder. */
export interface Recovered {
  /** In order; of the last one, what counts is on the disk. */
  readonly segments: Segment[];
  /** All up to this one is acknowledged. */
  readonly acknowledged: number;
  /** The last sequence that was given. */
  readonly last: number;
  /** Messages that are lost with segments that cannot be read. */
  readonly lost: number;
}

/** Finds what a store has left. Deletes nothing. Rejects if the folder cannot be read, or a newer version has written there. */
export async function recover(files: Files, onProblem: OnProblem): Promise<Recovered> {
  const names = (await files.names()).filter((name) => firstIn(name) !== undefined).toSorted();
  const segments: Segment[] = [];
  let lost = 0;
  for (const [index, name] of names.entries()) {
    const first = firstIn(name) ?? 0;
    const next = nextIn(first, names[index + 1]);
    const marks = readHeader(name, await files.read(name, 0, HEADER_BYTES));
    if (marks === undefined) {
      lost += await setAside(files, name, next === undefined ? undefined : next - first, onProblem);
      continue;
    }
    const bytes = await files.size(name);
    const segment = { ...marks, name, first, last: (next ?? first) - 1, bytes, isDamaged: false };
    segments.push(segment);
    // guard: D5 only the last segment has an end that may be torn
    if (next === undefined) await findEnd(files, segment, onProblem);
  }
  const last = segments.at(-1);
  const acknowledged = (await readCursor(files, segments)) ?? (segments[0]?.first ?? 1) - 1;
  return { segments, acknowledged, last: last?.last ?? 0, lost };
}

async function setAside(files: Files, name: string, count: number | undefined, onProblem: OnProblem): Promise<number> {
  const aside = asideOf(name);
  await files.rename(name, aside);
  const many = count === undefined ? 'an unknown number of messages is' : `${count} messages are`;
  const text = `the beginning of a segment is damaged: ${many} lost; the file is kept as ${aside}`;
  onProblem({ event: 'spoolDamaged', text, file: aside, lost: count });
  return count ?? 0;
}

/** Finds the end of the last segment, and has what is before it on the disk. */
async function findEnd(files: Files, segment: Segment, onProblem: OnProblem): Promise<void> {
  // What a killed process has written may be nowhere but in memory. The name is on the disk: records came after it.
  // guard: D3 what is found at the start is on the disk before it counts
  await files.syncFile(segment.name);
  const bytes = await files.read(segment.name, 0);
  const end = endOf(bytes, segment);
  segment.last = end.last;
  segment.bytes = end.at;
  // What is written ahead is zeros.
  const cut = bytes.findLastIndex((byte) => byte !== 0) + 1 - segment.bytes;
  const text = `the satellite was killed while it wrote: the last ${cut} bytes, which were never promised to a sender, are left out`;
  if (cut > 0) onProblem({ event: 'spoolTorn', text, file: segment.name });
}

/**
 * The last record of the last segment that was ever acknowledged to a sender, or may have been, and where it ends. A batch is synced before the
 * next one begins: so what is not intact has been synced if a batch begins behind it, and is damaged; otherwise it is the torn end of a batch
 * that was acknowledged to nobody, and ends the segment.
 */
export function endOf(bytes: Buffer, { first, seed }: Segment): { readonly last: number; readonly at: number } {
  const end = { last: first - 1, at: HEADER_BYTES };
  let isTorn = false;
  for (const { sequence, isFirst, to } of recordsIn(bytes, HEADER_BYTES, seed)) {
    isTorn = (isTorn || sequence !== end.last + 1) && !isFirst;
    // guard: D5 the torn end of a batch is cut
    if (isTorn) continue;
    end.last = sequence;
    end.at = to;
  }
  return end;
}

/** The names of what was never finished: they are in nobody's way. */
export const LEFTOVERS: readonly string[] = [UNNAMED, 'cursor.new'];
