import type { ListenPlace } from '@sputnikjs/core';

/** What is known of the ways of messages before any has passed. */
export interface BlockWiring {
  readonly responsibility: string;
  /** Addresses of the blocks that it sends to, as it declares, or configuration has rewired. */
  readonly needs: readonly string[];
  /** Where it takes from outside. */
  readonly listens: readonly ListenPlace[];
}
