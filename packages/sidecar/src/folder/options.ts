import type { BlockEntry, BlockFactories, EventListener, Logger } from '@sputnikjs/core';
import type { GivenConnector } from './connector-conf.js';
import type { Reader } from './reader.js';

/** A block of the process as `blocks.json` lists it. */
export interface SidecarEntry extends BlockEntry {
  /**
   * Where its factory is: a package, or a file relative to the folder (in code: to the current one). Not needed for those
   * known already.
   */
  readonly module?: string | undefined;
}

/** How often a nested satellite that fails is flown anew. */
export interface RestartLimit {
  /** More failures than this within the time land the satellite around it. */
  readonly most: number;
  /** In which time, in milliseconds. A failure weighs less the longer ago it was: half after this time. */
  readonly withinMs: number;
}

/** Where a nested satellite flies. */
export type Place = 'here' | 'thread' | 'process';

/** A satellite inside this one, as `blocks.json` lists it. */
export interface NestedEntry {
  /**
   * Its address: from outside, its block `receiver` is `<satellite>/receiver`. Also its folder, relative to this one, unless `folder` is
   * given. In code it may be what the satellite is made of.
   */
  readonly satellite: string | NestedOptions;
  /** Its folder, relative to this one, where that is not called as the satellite is. */
  readonly folder?: string | undefined;
  /** Of its folder, the blocks that are left out, and `connector`: it uses those of the satellite around it. */
  readonly outer?: readonly string[] | undefined;
  /** Has it fly anew when it fails; without it, its failure lands the satellite around it. */
  readonly restart?: RestartLimit | undefined;
  /**
   * Where it flies: `here`, on the thread of the satellite around it, unless given; in a `thread` of its own; or in a `process` of its own,
   * which is started elsewhere, and joins by what `join.json` says.
   */
  readonly place?: Place | undefined;
  /** Has messages in and out cloned, as in a thread, where it flies `here`: so tests find what cannot go into one. */
  readonly clone?: boolean | undefined;
  /** How large the heap of its thread may get, in megabytes. Beyond that it fails. Node's own limit unless given. */
  readonly heapMb?: number | undefined;
}

/** What a satellite is configured by: a folder, or values in code. */
export type ConfigurationOptions =
  | {
      /** The configuration folder. Variables of the environment override what is in it. */
      readonly cf: string;
      /** Makes what is read of the folder what this version understands: for folders that were written for another program. */
      readonly dialect?: ((folder: Reader) => Reader) | undefined;
    }
  | {
      readonly cf?: undefined;
      /** The blocks and satellites, in the order of initialisation. */
      readonly blocks: readonly (SidecarEntry | NestedEntry)[];
      /** Configurations by name, as files of a folder would be; the environment is not looked at. */
      readonly configs?: Readonly<Record<string, unknown>> | undefined;
    };

/** What a satellite is put together from. */
export type SatelliteOptions<C = unknown> = ConfigurationOptions & {
  /** The server connector, instead of the one that the configuration names. A definition is made of configuration `connector`. */
  readonly connector?: GivenConnector<C> | undefined;
  /** Further blocks that entries may name without a module. */
  readonly blockFactories?: BlockFactories<C> | undefined;
};

/** A nested satellite in code; `name` is its address. It knows the blocks that the satellite around it was given. */
export type NestedOptions = SatelliteOptions & { readonly name: string };

/** What the runner puts a satellite together from. */
export type RunnerOptions<C = unknown> = SatelliteOptions<C> & {
  /** What events and blocks are logged to. */
  readonly log?: Logger | undefined;
  /** Runs only the satellite at this path, which has a process of its own (`"place": "process"`); the outermost one unless given. */
  readonly satellite?: string | undefined;
  /** Told of every event, after it was logged. */
  readonly onEvent?: EventListener | undefined;
  /** Lands the satellite when it aborts. */
  readonly signal?: AbortSignal | undefined;
};
