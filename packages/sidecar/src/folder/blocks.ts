import { z } from 'zod';
import { describeIssue } from './issues.js';
import { isRecord } from './json-schema.js';
import { declaredKeys } from './known-keys.js';
import type { NestedEntry, NestedOptions, SidecarEntry } from './options.js';
import { withSmallLetters } from './original.js';
import { attempt, type WithProblems } from './problems.js';
import type { RawConfiguration, Reader } from './reader.js';

/** The block name of nested satellites. */
export const SATELLITE = 'satellite';

/** A block of the list, or a nested satellite. */
export interface ListedEntry extends SidecarEntry {
  /** Its place in the list. */
  readonly index: number;
  readonly nested?: NestedEntry | undefined;
}

/** The list of blocks, and the file that has it. */
export interface BlockList {
  readonly label: string;
  readonly entries: readonly ListedEntry[];
}

const name = z.string().min(1);
const Block = z.strictObject({
  name: name.describe('Name of the block.'),
  responsibility: name
    .optional()
    .describe('Its address; must be unique. Default: the address that the block declares, or its name.'),
  module: name
    .optional()
    .describe(
      'Where the block comes from: a package, or a file relative to the folder. Leave it out for blocks that Sputnik knows, such as producer, consumer and bridge.',
    ),
  needs: z
    .record(z.string(), name)
    .optional()
    .describe('The addresses that it sends to, if they are not those that it declares.'),
});

const Code = z.custom<NestedOptions>((value) => isRecord(value) && typeof value['name'] === 'string');
const Nested = z.strictObject({
  satellite: name
    .regex(/^[^/]+$/, 'contains a slash, which separates satellites from blocks; use another name')
    .describe(
      'A nested satellite, and its address: from outside, its block "receiver" is "<satellite>/receiver". Also its folder, relative to this one, unless "folder" is given.',
    ),
  folder: name.optional().describe('Its folder, relative to this one.'),
  outer: z
    .array(name)
    .optional()
    .describe(
      'Blocks of its folder that it leaves out, or "connector": it uses those of the enclosing satellite instead.',
    ),
  restart: z
    .strictObject({
      most: z.int().min(1).describe('More failures than this within the time land the enclosing satellite.'),
      withinMs: z
        .number()
        .positive()
        .describe('The time for "most", in milliseconds. After this time, a failure counts half.'),
    })
    .optional()
    .describe('Restarts the satellite when it fails. Without this key, its failure lands the enclosing satellite.'),
  place: z
    .enum(['here', 'thread', 'process'])
    .optional()
    .describe(
      'Where it flies: "here", on the thread of the enclosing satellite, in a "thread" of its own, or in a "process" of its own, which "run --satellite" starts.',
    ),
  clone: z
    .boolean()
    .optional()
    .describe(
      'Clones messages in and out, as a thread does, although it flies "here". Tests then find messages that cannot go into a thread.',
    ),
  heapMb: z
    .int()
    .min(16)
    .optional()
    .describe('For a thread: the largest heap, in megabytes. Beyond that, the satellite fails.'),
});
const InCode = z.strictObject({ ...Nested.shape, satellite: z.union([Nested.shape.satellite, Code]) });

/** `blocks.json`: the blocks and satellites, in the order of initialisation. */
export const Entries: z.ZodType<readonly (SidecarEntry | NestedEntry)[]> = z.array(z.union([Block, Nested]));

/** Reads the list of blocks. Returns the usable entries, and the problems of the others. */
export async function readBlocks(reader: Reader): Promise<WithProblems<BlockList>> {
  const label = reader.place('blocks');
  const found = await attempt<RawConfiguration | undefined>(reader.read('blocks'), undefined);
  if (found.value !== undefined) return entriesOf(found.value);
  const missing = `${reader.missing(['blocks'])}; it lists the blocks of the satellite`;
  return { value: { label, entries: [] }, problems: found.problems.length > 0 ? found.problems : [missing] };
}

function entriesOf({ label, value }: RawConfiguration): WithProblems<BlockList> {
  const renamed = withSmallLetters(value);
  const checked = { label, value: renamed.value, origins: new Map<string, never>() };
  const problems = renamed.problems.map((problem) => `${label}: ${problem}`);
  const entries: ListedEntry[] = [];
  if (!Array.isArray(renamed.value)) {
    const { error } = Entries.safeParse(renamed.value);
    const lines = (error?.issues ?? []).flatMap((issue) => describeIssue(issue, { ...checked, declared: [] }));
    return { value: { label, entries }, problems: lines };
  }
  for (const [index, entry] of renamed.value.entries()) {
    const schema = isRecord(entry) && Object.hasOwn(entry, 'satellite') ? InCode : Block;
    const { data, error } = schema.safeParse(entry);
    if (data !== undefined) entries.push(listed(data, index));
    if (error === undefined) continue;
    const declared = declaredKeys(schema);
    problems.push(...error.issues.flatMap((issue) => describeIssue(issue, { ...checked, declared }, [index])));
  }
  return { value: { label, entries }, problems };
}

function listed(entry: SidecarEntry | NestedEntry, index: number): ListedEntry {
  if (!('satellite' in entry)) return { ...entry, index };
  const { satellite } = entry;
  return {
    name: SATELLITE,
    responsibility: typeof satellite === 'string' ? satellite : satellite.name,
    index,
    nested: entry,
  };
}
