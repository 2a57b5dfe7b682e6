import type { BlockEntry } from '@sputnikjs/core';
import { z } from 'zod';
import { describeIssue } from './issues.js';
import { declaredKeys } from './known-keys.js';
import { withSmallLetters } from './original.js';
import { attempt, type WithProblems } from './problems.js';
import type { RawConfiguration, Reader } from './reader.js';

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
  readonly entries: readonly SidecarEntry[];
}

const name = z.string().min(1);
const Entry = z.strictObject({
  name: name.describe('Which block.'),
  responsibility: name
    .optional()
    .describe('Its address, which no other has; the one that the block declares, or its name, unless given.'),
  module: name
    .optional()
    .describe(
      'Where the block comes from: a package, or a file relative to the folder. Not for those that are known already, as producer and consumer are.',
    ),
  needs: z
    .record(z.string(), name)
    .optional()
    .describe('The addresses that it sends to, where they are not the ones that it declares.'),
});

/** `blocks.json`: the blocks, in the order of initialisation. */
export const Entries: z.ZodType<readonly SidecarEntry[]> = z.array(Entry);

/** Reads the list of blocks: those that can be used, and what is wrong with the others. */
export async function readBlocks(reader: Reader): Promise<WithProblems<BlockList>> {
  const label = reader.place('blocks');
  const found = await attempt<RawConfiguration | undefined>(reader.read('blocks'), undefined);
  if (found.value !== undefined) return entriesOf(found.value);
  const missing = `${reader.missing(['blocks'])}; it lists the blocks of the satellite`;
  return { value: { label, entries: [] }, problems: found.problems.length > 0 ? found.problems : [missing] };
}

function entriesOf({ label, value }: RawConfiguration): WithProblems<BlockList> {
  const renamed = withSmallLetters(value);
  const { error } = Entries.safeParse(renamed.value);
  const checked = { label, value: renamed.value, origins: new Map<string, never>(), declared: declaredKeys(Entries) };
  const problems = [
    ...renamed.problems.map((problem) => `${label}: ${problem}`),
    ...(error?.issues ?? []).flatMap((issue) => describeIssue(issue, checked)),
  ];
  const list: readonly unknown[] = Array.isArray(renamed.value) ? renamed.value : [];
  return { value: { label, entries: list.flatMap((entry) => Entry.safeParse(entry).data ?? []) }, problems };
}
