/** What the main thread and the one that watches its loop share. */
export interface Beats {
  /** How long the loop may stand still after a signal, in milliseconds. */
  readonly mostMs: number;
  /** From one beat of the loop to the next. */
  readonly beatMs: number;
  /** What a line on stderr begins with. */
  readonly errorPrefix: string;
  /** How often the loop has beaten; and for how long it was stuck, in milliseconds, once the process is to end for that. */
  readonly shared: Int32Array;
}

/** Where in the shared memory. */
export const COUNT = 0;
export const STUCK_MS = 1;
