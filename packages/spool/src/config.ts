import { z } from 'zod';

/** Configuration of the block `spool`. */
export interface SpoolConfig {
  readonly path: string;
  readonly maxBytes: number;
  readonly maxMessages?: number | undefined;
  readonly maxAgeMs?: number | undefined;
  readonly whenFull: 'reject' | 'drop-oldest';
  readonly window: number;
  readonly deadLetter?: string | undefined;
  readonly flushAtLandingMs: number;
}

/** Schema of {@link SpoolConfig}. Unknown keys are errors. */
export const SPOOL_CONFIG: z.ZodType<SpoolConfig> = z.strictObject({
  path: z
    .string()
    .min(1)
    .default('spool')
    .describe(
      'Folder for the messages, on a disk of this machine, relative to the working directory. One for each satellite; created if it is missing.',
    ),
  maxBytes: z
    .int()
    .min(1_048_576)
    .default(1_073_741_824)
    .describe('Most bytes of all files with messages. A single message may have half of that.'),
  maxMessages: z.int().min(1).optional().describe('Most messages. Default: as many as maxBytes leaves room for.'),
  maxAgeMs: z
    .int()
    .min(1)
    .optional()
    .describe(
      'Largest age of a message, in milliseconds: an older one is dropped when its turn comes. Default: no limit.',
    ),
  whenFull: z
    .enum(['reject', 'drop-oldest'])
    .default('reject')
    .describe(
      'What a full spool does. reject: senders wait, or are rejected if they cannot wait. drop-oldest: the segment with the oldest messages is dropped, and counted.',
    ),
  window: z.int().min(1).default(512).describe('Most messages under way to the producer.'),
  deadLetter: z
    .string()
    .min(1)
    .optional()
    .describe('Target for messages that the server refuses for good. Without it, they are kept apart in the folder.'),
  flushAtLandingMs: z
    .int()
    .min(0)
    .default(0)
    .describe(
      'How long a landing goes on delivering what is kept, in milliseconds. 0: what is on disk waits for the next start.',
    ),
});
