import type { FlightStatus } from '@sputnikjs/core';

/** How a satellite inside another is. */
export interface NestedState {
  readonly path: string;
  /** `failed` while it is made anew. */
  readonly state: FlightStatus['state'] | 'failed';
  /** How often it was made anew. */
  readonly restarted: number;
  /** Of its own server; undefined if it has none. */
  readonly connection: FlightStatus['connection'] | undefined;
  /** Without anything secret. */
  readonly url: string | undefined;
}
