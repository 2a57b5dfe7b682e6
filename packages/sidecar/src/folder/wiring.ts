import type { ListenPlace } from '@sputnikjs/core';

/** What is known of the ways of messages before any has passed. */
export interface BlockWiring {
  /** Its address in the outermost satellite. */
  readonly responsibility: string;
  readonly name: string;
  /** What it calls the blocks that it sends to, and their addresses: as it declares, or configuration has rewired. */
  readonly needs: readonly { readonly need: string; readonly to: string }[];
  /** Where it takes from outside. */
  readonly listens: readonly ListenPlace[];
  /** The path of the satellite whose server connection it hears of; undefined if it hears of none. */
  readonly server?: string | undefined;
}
