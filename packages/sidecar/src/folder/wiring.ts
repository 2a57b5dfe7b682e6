import type { ListenPlace } from '@sputnikjs/core';

/** How a block is connected, as known before any message passes. */
export interface BlockWiring {
  /** Its address in the outermost satellite. */
  readonly responsibility: string;
  readonly name: string;
  /** Its needs, and the addresses that they lead to: as it declares, or as configuration has rewired them. */
  readonly needs: readonly { readonly need: string; readonly to: string }[];
  /** Where it listens. */
  readonly listens: readonly ListenPlace[];
  /** The path of the satellite whose server connection it uses. Undefined if it uses none. */
  readonly server?: string | undefined;
}
