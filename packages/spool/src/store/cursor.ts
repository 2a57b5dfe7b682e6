import { crc32 } from 'node:zlib';
import type { Files } from './files.js';
import type { Segment } from './segment.js';

const [NAME, NEXT] = ['cursor', 'cursor.new'] as const;

/** Up to where the server has acknowledged. Without it messages are sent again, and none is lost. */
export interface Cursor {
  /** The sequence up to which all is acknowledged. */
  readonly sequence: number;
  /** Of the segment that the sequence is counted in: in other segments it means nothing. */
  readonly instance: string;
}

/** Replaces the cursor. When this resolves, the new one is on the disk. */
export async function writeCursor(files: Files, { sequence, instance }: Cursor): Promise<void> {
  const text = `${sequence} ${instance}`;
  const file = await files.create(NEXT, 0);
  try {
    await file.write(Buffer.from(`${text} ${crc32(text)}\n`));
    await file.sync();
  } finally {
    await file.close();
  }
  await files.rename(NEXT, NAME);
  await files.syncFolder();
}

/** The sequence up to which all is acknowledged, as far as the cursor says; undefined if it says nothing of these segments. */
export async function readCursor(files: Files, segments: readonly Segment[]): Promise<number | undefined> {
  const text = (await files.read(NAME, 0).catch(() => Buffer.alloc(0))).toString();
  const [, content = '', sequence, instance, check] = /^((\d+) (\S+)) (\d+)\n$/.exec(text) ?? [];
  if (Number(check) !== crc32(content)) return undefined;
  const segment = segments.find((one) => one.instance === instance);
  // guard: D4 a cursor of a store that is gone says nothing of this one
  return segment && Number(sequence) >= segment.first - 1 && Number(sequence) <= segment.last
    ? Number(sequence)
    : undefined;
}
