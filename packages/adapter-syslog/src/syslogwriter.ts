import { defineBlock, type BlockDefinition } from '@sputnikjs/core';
import { ProblemLog } from '@sputnikjs/messaging/net';
import { z } from 'zod';
import { checkWriter } from './checks.js';
import { RotatingFile } from './deliver/rotating-file.js';
import { SYSLOG_WRITER, type UnsentMessage } from './deliver/unsent.js';

/** Most messages in one write. */
const BATCH = 1024;
/** Messages that wait to be written, in bytes at most; room for all that `syslogproducer` may have left at landing. */
const HELD_BYTES = 33_554_432;
/** What a message takes beside its payload. */
const OVERHEAD = 512;

const Config = z.strictObject({
  path: z
    .string()
    .min(1)
    .default('syslog-unsent.ndjson')
    .describe('Path of the file, relative to the working directory.'),
  maxBytes: z
    .int()
    .min(1024)
    .default(67_108_864)
    .describe(
      'Largest file, in bytes. When it is full, it is renamed to end in .1, the former .1 to .2, and so on, and a new file begins.',
    ),
  maxFiles: z
    .int()
    .min(1)
    .default(8)
    .describe('Most files, including the current one. Beyond that, the oldest is deleted, and the log says so.'),
});

/**
 * The block `syslogwriter`: writes the messages that `syslogproducer` cannot deliver to a file, one line of JSON each:
 * `{"written_at":…,"target":…,"reason":…,"message":…}`. A message that it cannot write fails, and is counted.
 *
 * @example
 * import assert from 'node:assert/strict';
 * import { readFileSync, rmSync } from 'node:fs';
 * import { tmpdir } from 'node:os';
 * import { join } from 'node:path';
 * import { test } from 'node:test';
 * import { SYSLOG_WRITER, syslogwriter } from '@sputnikjs/adapter-syslog';
 * import { testFlight } from '@sputnikjs/testkit';
 * test('what was not sent is in the file', async (t) => {
 *   const path = join(tmpdir(), `unsent-${process.pid}.ndjson`);
 *   t.after(() => rmSync(path));
 *   const flight = await testFlight({ blocks: { syslogwriter }, config: { syslogwriter: { path } } });
 *   await flight.to(SYSLOG_WRITER).ask({ target: 'logs', payload: '{"n":1}', reason: 'refused' });
 *   assert.match(readFileSync(path, 'utf8'), /"target":"logs","reason":"refused","message":\{"n":1\}/);
 * });
 */
export const syslogwriter: BlockDefinition = defineBlock({
  name: 'syslogwriter',
  address: SYSLOG_WRITER,
  config: Config,
  check: checkWriter,
  make: ({ path, maxBytes, maxFiles }, _to, ctx) => {
    const problemLog = new ProblemLog(ctx);
    const file = new RotatingFile(path, maxBytes, maxFiles, (deleted) => {
      const text = `an old file was deleted with all messages in it: there were already maxFiles (${maxFiles})`;
      problemLog.note('unsentDeleted', text, { path: deleted });
    });
    let lines: Buffer[] = [];
    /** The batch that fills while the previous one is written. */
    let next: Promise<void> | undefined;
    let last: Promise<void> = Promise.resolve();
    const write = async (): Promise<void> => {
      const text = Buffer.concat(lines);
      lines = [];
      next = undefined;
      await file.write(text);
    };
    const begin = (): Promise<void> => {
      const batch = last.then(write);
      last = batch.catch(() => {});
      return batch;
    };
    return {
      mailbox: { concurrency: BATCH, weigh: weightOfUnsent, maxWeight: HELD_BYTES },
      async init() {
        try {
          await file.open();
        } catch (cause) {
          const { message } = cause as Error;
          throw new Error(`"${path}" cannot be written (${message}). Configure another "path"`, { cause });
        }
      },
      onMsg(message): Promise<void> {
        lines.push(lineOf(message));
        return (next ??= begin());
      },
      async finish() {
        await file.close();
        problemLog.close();
      },
      onError: (_error, where) => (where === 'onMsg' ? 'continue' : 'shutdown'),
    };
  },
});

/** Whoever sends anything else than a message fails when that is written. */
function weightOfUnsent({ payload }: Partial<UnsentMessage>): number {
  return OVERHEAD + (typeof payload === 'string' ? Buffer.byteLength(payload) : (payload?.byteLength ?? 0));
}

function lineOf({ target, payload, reason }: UnsentMessage): Buffer {
  const head = JSON.stringify({ written_at: new Date().toISOString(), target, reason });
  return Buffer.concat([Buffer.from(`${head.slice(0, -1)},"message":`), Buffer.from(payload), Buffer.from('}\n')]);
}
