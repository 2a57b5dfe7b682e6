import type { FlightStatus } from '@sputnikjs/core';

/** The state of a satellite's thread, read from outside. */
export interface ThreadState {
  /** The used heap in bytes, as it was at most a quarter of a second ago. */
  readonly heapBytes: number;
  /** The share of time in which its event loop was busy lately, from 0 to 1. */
  readonly utilization: number;
  /** How late its event loop was at worst in the last ten to twenty seconds, or is now, in milliseconds. */
  readonly loopMaxMs: number;
}

/** The state of a nested satellite. */
export interface NestedState {
  readonly path: string;
  /** `failed` while it restarts, `absent` while no process runs it, `incompatible` while only processes do that write messages in another format. */
  readonly state: FlightStatus['state'] | 'failed' | 'absent' | 'incompatible';
  /** How often it was restarted. */
  readonly restarted: number;
  /** The state of its own server connection. Undefined if it has none. */
  readonly connection: FlightStatus['connection'] | undefined;
  /** Without secrets. */
  readonly url: string | undefined;
  /** Its own thread, if it has one. */
  readonly thread: ThreadState | undefined;
  /** Where it runs in processes of its own: how many of them were found. */
  readonly instances?: number | undefined;
  /** Why no messages go to it although it runs. */
  readonly problem?: string | undefined;
}
