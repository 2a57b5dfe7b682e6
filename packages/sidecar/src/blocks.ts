import { SputnikError, type BlockEntry } from '@sputnikjs/core';
import { z } from 'zod';
import { describeIssue } from './issues.js';
import { declaredKeys, isRecord } from './known-keys.js';
import type { Reader } from './reader.js';

/** A block of the process as `blocks.json` lists it. */
export interface SidecarEntry extends BlockEntry {
  /**
   * Where its factory is: a package, or a file relative to the folder (in code: to the current one). Not needed for those
   * known already.
   */
  readonly module?: string | undefined;
}

/** The list of blocks, and where it stands. */
export interface BlockList {
  readonly label: string;
  /** Those that can be used. */
  readonly entries: readonly SidecarEntry[];
  /** What is wrong with the others. */
  readonly problems: readonly string[];
}

const name = z.string().min(1);
const Entry = z.strictObject({
  name,
  responsibility: name.optional(),
  module: name.optional(),
  needs: z.record(z.string(), name).optional(),
});
const Entries = z.array(Entry);

/** Reads the list of blocks. Rejects with BAD_CONFIG if there is none. */
export async function readBlocks(reader: Reader): Promise<BlockList> {
  const found = await reader.read('blocks');
  if (found === undefined) throw badBlocks([`${reader.missing(['blocks'])}; it lists the blocks of the satellite`]);
  const { label } = found;
  const problems: string[] = [];
  const value = withSmallLetters(found.value, (problem) => problems.push(`${label}: ${problem}`));
  const { error } = Entries.safeParse(value);
  const checked = { label, value, origins: new Map<string, string>(), declared: declaredKeys(Entries) };
  for (const issue of error?.issues ?? []) problems.push(...describeIssue(issue, checked));
  if (!Array.isArray(value)) throw badBlocks(problems);
  return { label, entries: value.flatMap((entry) => Entry.safeParse(entry).data ?? []), problems };
}

/** Takes the original's spelling, `Name` and `Responsibility`, too. */
function withSmallLetters(value: unknown, problem: (text: string) => void): unknown {
  if (!Array.isArray(value)) return value;
  return value.map((entry: unknown, index) => {
    if (!isRecord(entry)) return entry;
    const renamed = { ...entry };
    for (const key of ['name', 'responsibility']) {
      const capital = `${key.charAt(0).toUpperCase()}${key.slice(1)}`;
      if (!Object.hasOwn(renamed, capital)) continue;
      if (Object.hasOwn(renamed, key))
        problem(`[${index}].${capital}: is given twice, also as ${key}; keep one of them`);
      else renamed[key] = renamed[capital];
      delete renamed[capital];
    }
    return renamed;
  });
}

function badBlocks(problems: readonly string[]): SputnikError {
  return new SputnikError('BAD_CONFIG', 'the list of blocks cannot be used', { problems });
}
