import type { Layer } from '../folder/environment.js';
import type { NestedEntry, SidecarEntry } from '../folder/options.js';
import type { Origin } from '../folder/satellite-reading.js';
import type { Hearing, Shared } from '../satellite/assembly.js';
import type { NestedSetup, ThreadSetup } from '../folder/setup.js';
import type { AddressLevel } from '../folder/address-book.js';

/** What a thread is started with: plain data, from which it sets up its satellite. */
export interface ThreadData {
  /** The path of its satellite. */
  readonly path: string;
  /** Where the configuration of its satellite comes from. */
  readonly origin: Origin;
  /** True if only the main thread can read its folders. It then reads them for the thread. */
  readonly readsElsewhere: boolean;
  /** True if a failure restarts the satellite. Otherwise a failure lands the enclosing satellite. */
  readonly restarts: boolean;
  /** All satellites of the process, with their blocks. */
  readonly book: readonly AddressLevel[];
  /** All blocks of the process that take messages. */
  readonly hearing: readonly Hearing[];
  /** The path of the program, from which modules are resolved. */
  readonly program: string | undefined;
  /** Counts of messages that are lost if the thread ends: see {@link HELD}. */
  readonly counts: Int32Array;
  /** How often the thread has beaten. */
  readonly beats: Int32Array;
  readonly beatMs: number;
}

/** The part of the data that is the same at each start. */
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

/** A copy of the layer: the environment of a process is not a plain object. */
function plainLayer(layer: Layer): Layer {
  return { ...layer, variables: { ...layer.variables } };
}
