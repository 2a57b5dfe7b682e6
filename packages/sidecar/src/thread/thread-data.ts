import type { Layer } from '../folder/environment.js';
import type { NestedEntry, SidecarEntry } from '../folder/options.js';
import type { Origin } from '../folder/satellite-reading.js';
import type { Hearing, Shared } from '../satellite/assembly.js';
import type { NestedSetup, ThreadSetup } from '../folder/setup.js';
import type { AddressLevel } from '../folder/address-book.js';

/** What a thread is started with: plain data, from which it sets its satellite up anew. */
export interface ThreadData {
  /** Of its satellite. */
  readonly path: string;
  /** What that is read by. */
  readonly origin: Origin;
  /** Its folders are understood by the main thread only, which reads them for it. */
  readonly readsElsewhere: boolean;
  /** A failure has it made anew; else it lands the satellite around it. */
  readonly restarts: boolean;
  /** All satellites and their blocks. */
  readonly book: readonly AddressLevel[];
  /** All blocks that take messages. */
  readonly hearing: readonly Hearing[];
  /** The program that runs, where modules are looked for. */
  readonly program: string | undefined;
  /** What is lost with the thread: see {@link HELD}. */
  readonly counts: Int32Array;
  /** How often it has beaten. */
  readonly beats: Int32Array;
  readonly beatMs: number;
}

/** The part that is the same whenever it is started. */
export function plainData(
  { path, restart }: NestedSetup,
  { origin }: ThreadSetup,
  { book, hearing }: Shared,
): Omit<ThreadData, 'counts' | 'beats' | 'beatMs'> {
  const { options } = origin;
  return {
    path,
    origin: plainOrigin(origin),
    readsElsewhere: options.cf !== undefined && options.dialect !== undefined,
    restarts: restart !== undefined,
    book: book.levels,
    hearing,
    program: process.argv[1],
  };
}

function plainOrigin({ options, around }: Origin): Origin {
  const { layers, entry } = around;
  return {
    options:
      options.cf === undefined
        ? { blocks: options.blocks.map(plainEntry), configs: options.configs }
        : { cf: options.cf },
    around: { ...around, layers: layers.map(plainLayer), entry: entry && (plainEntry(entry) as NestedEntry) },
  };
}

function plainEntry(entry: SidecarEntry | NestedEntry): SidecarEntry | NestedEntry {
  if (!('satellite' in entry) || typeof entry.satellite === 'string') return entry;
  const { satellite } = entry;
  const own = { name: satellite.name };
  return {
    ...entry,
    satellite:
      satellite.cf === undefined
        ? { ...own, blocks: satellite.blocks.map(plainEntry), configs: satellite.configs }
        : { ...own, cf: satellite.cf },
  };
}

/** The environment of a process is no plain object. */
function plainLayer(layer: Layer): Layer {
  return { ...layer, variables: { ...layer.variables } };
}
