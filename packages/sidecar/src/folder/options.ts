import type { BlockEntry, BlockFactories, EventListener, Logger } from '@sputnikjs/core';
import type { GivenConnector } from './connector-conf.js';
import type { Reader } from './reader.js';

/** A block, as `blocks.json` lists it. */
export interface SidecarEntry extends BlockEntry {
  /**
   * The module with its factory: a package, or a file relative to the folder (in code: to the current folder). Leave it out for blocks that
   * Sputnik knows.
   */
  readonly module?: string | undefined;
}

/** How often a nested satellite may fail and restart. */
export interface RestartLimit {
  /** More failures than this within the time land the enclosing satellite. */
  readonly most: number;
  /** The time, in milliseconds. After this time, a failure counts half. */
  readonly withinMs: number;
}

/** Where a nested satellite flies. */
export type Place = 'here' | 'thread' | 'process';

/** A nested satellite, as `blocks.json` lists it. */
export interface NestedEntry {
  /**
   * Its address: from outside, its block `receiver` is `<satellite>/receiver`. Also its folder, relative to this one, unless `folder` is
   * given. In code, its options.
   */
  readonly satellite: string | NestedOptions;
  /** Its folder, relative to this one, if the folder has another name than the satellite. */
  readonly folder?: string | undefined;
  /** Blocks of its folder that it leaves out, or `connector`: it uses those of the enclosing satellite instead. */
  readonly outer?: readonly string[] | undefined;
  /** Restarts it when it fails. Without this key, its failure lands the enclosing satellite. */
  readonly restart?: RestartLimit | undefined;
  /**
   * Where it flies: `here`, on the thread of the enclosing satellite (the default); in a `thread` of its own; or in a `process` of its own,
   * which is started elsewhere, and joins by what `join.json` says.
   */
  readonly place?: Place | undefined;
  /** Clones messages in and out, as a thread does, although it flies `here`. Tests then find messages that cannot go into a thread. */
  readonly clone?: boolean | undefined;
  /** The largest heap of its thread, in megabytes. Beyond that it fails. Default: Node's own limit. */
  readonly heapMb?: number | undefined;
}

/** The configuration of a satellite: a folder, or values in code. */
export type ConfigurationOptions =
  | {
      /** The configuration folder. Variables of the environment override what is in it. */
      readonly cf: string;
      /** Translates what is read from the folder, for folders that were written for another program. */
      readonly dialect?: ((folder: Reader) => Reader) | undefined;
    }
  | {
      readonly cf?: undefined;
      /** The blocks and satellites, in the order of initialisation. */
      readonly blocks: readonly (SidecarEntry | NestedEntry)[];
      /** Configurations by name, in place of the files of a folder. Environment variables do not change them. */
      readonly configs?: Readonly<Record<string, unknown>> | undefined;
    };

/** What a satellite is made from. */
export type SatelliteOptions<C = unknown> = ConfigurationOptions & {
  /** The server connector, in place of the one that the configuration names. A definition makes one from the configuration `connector`. */
  readonly connector?: GivenConnector<C> | undefined;
  /** Further blocks that entries may name without a module. */
  readonly blockFactories?: BlockFactories<C> | undefined;
};

/** A nested satellite in code. `name` is its address. It knows the block factories of the enclosing satellite. */
export type NestedOptions = SatelliteOptions & { readonly name: string };

/** What the runner makes a satellite from. */
export type RunnerOptions<C = unknown> = SatelliteOptions<C> & {
  /** The log for events and blocks. */
  readonly log?: Logger | undefined;
  /** Runs only the satellite at this path, which has a process of its own (`"place": "process"`); the outermost one unless given. */
  readonly satellite?: string | undefined;
  /** Called with every event, after it was logged. */
  readonly onEvent?: EventListener | undefined;
  /** Lands the satellite when it aborts. */
  readonly signal?: AbortSignal | undefined;
};
