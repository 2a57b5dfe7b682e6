import type { FlightStatus } from '@sputnikjs/core';

/** How the thread of a satellite is, read from outside. */
export interface ThreadState {
  /** Used of its heap, in bytes, some hundred milliseconds ago. */
  readonly heapBytes: number;
  /** The share of the time in which its event loop was busy last, from 0 to 1. */
  readonly utilization: number;
}

/** How a satellite inside another is. */
export interface NestedState {
  readonly path: string;
  /** `failed` while it is made anew, `absent` while no process runs it. */
  readonly state: FlightStatus['state'] | 'failed' | 'absent';
  /** How often it was made anew. */
  readonly restarted: number;
  /** Of its own server; undefined if it has none. */
  readonly connection: FlightStatus['connection'] | undefined;
  /** Without anything secret. */
  readonly url: string | undefined;
  /** Where it flies in a thread of its own. */
  readonly thread: ThreadState | undefined;
  /** Where it runs in processes of its own: how many of them were found. */
  readonly instances?: number | undefined;
}
