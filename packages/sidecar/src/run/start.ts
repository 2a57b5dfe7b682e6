import { tellCollector } from './collector.js';
import { exitCodeOfError, exitCodeOfReport, linesOf } from './exit-code.js';
import { LogLevel } from '../log/log-level.js';
import { createLog } from '../log/logs.js';
import { writeError } from '../log/stderr.js';
import type { RunnerOptions } from '../folder/options.js';
import { usable } from '../folder/problems.js';
import { fly } from './runner.js';
import { setUp } from '../folder/setup.js';

/**
 * What `sputnik run` does: runs the satellite until it has landed, logs to stdout unless given a `log`, says on stderr
 * why it cannot start, and resolves with the exit code: 0 clean, 1 failure, 78 bad configuration. Never rejects.
 *
 * @example
 * import { defineBlock } from '@sputnikjs/core';
 * import { start } from '@sputnikjs/sidecar';
 * import { MemoryLog } from '@sputnikjs/testkit';
 * const hello = defineBlock({ name: 'hello', make: (_config, _to, { land }) => ({ run: () => land('said hello') }) });
 * process.exitCode = await start({ blocks: [{ name: 'hello' }], blockFactories: { hello }, log: new MemoryLog() });
 * console.log(process.exitCode); // 0
 */
export async function start<C = unknown>(options: RunnerOptions<C>): Promise<number> {
  try {
    const setup = usable(await setUp(options));
    const logLevel = options.log === undefined ? new LogLevel(setup.settings.logLevel) : undefined;
    const log = options.log ?? logLevel?.filtered(await createLog('debug'));
    if (log && logLevel) tellCollector(log);
    const runner = await fly(setup, { ...options, log, logLevel }, 'ours');
    return exitCodeOfReport(await runner.wait());
  } catch (error) {
    for (const line of linesOf(error)) writeError(line);
    return exitCodeOfError(error);
  }
}
