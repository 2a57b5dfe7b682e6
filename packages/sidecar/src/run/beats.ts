/** What the main thread and the thread that watches its event loop share. */
export interface Beats {
  /** How long the loop may stand still after a signal, in milliseconds. */
  readonly mostMs: number;
  /** The interval between two beats of the loop. */
  readonly beatMs: number;
  /** The beginning of a line on stderr. */
  readonly errorPrefix: string;
  /** How often the loop has beaten; and for how long it was stuck, in milliseconds, once the process is to end for that. */
  readonly shared: Int32Array;
}

/** Indexes in the shared memory. */
export const COUNT = 0;
export const STUCK_MS = 1;
