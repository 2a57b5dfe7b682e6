import type { BlockFactories, EventListener, Logger } from '@sputnikjs/core';
import type { SidecarEntry } from './blocks.js';
import type { GivenConnector } from './connector-conf.js';
import type { Reader } from './reader.js';

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
      /** The blocks, in the order of initialisation. */
      readonly blocks: readonly SidecarEntry[];
      /** Configurations by name, as files of a folder would be; the environment is not looked at. */
      readonly configs?: Readonly<Record<string, unknown>> | undefined;
    };

/** What the runner puts a satellite together from. */
export type RunnerOptions<C = unknown> = ConfigurationOptions & {
  /** The server connector, instead of the one that the configuration names. A definition is made of configuration `connector`. */
  readonly connector?: GivenConnector<C> | undefined;
  /** Further blocks that entries may name without a module. */
  readonly blockFactories?: BlockFactories<C> | undefined;
  /** What events and blocks are logged to. */
  readonly log?: Logger | undefined;
  /** Told of every event, after it was logged. */
  readonly onEvent?: EventListener | undefined;
  /** Lands the satellite when it aborts. */
  readonly signal?: AbortSignal | undefined;
};
