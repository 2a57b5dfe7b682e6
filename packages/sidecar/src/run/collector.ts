import type { Logger } from '@sputnikjs/core';

/** With this flag, Node collects garbage only on the main thread. It must be on the command line (decision 0027). */
const FLAG = '--single-threaded-gc';

/** Logs a hint if Node was started without the flag. `args` are those of Node itself. */
export function tellCollector(log: Logger, args: readonly string[] = process.execArgv): void {
  if (args.some((arg) => arg.replaceAll('_', '-') === FLAG)) return;
  const text = `node was started without ${FLAG}; with it, a satellite takes about a quarter less CPU time under load`;
  log.info({ event: 'collectorThreads' }, text);
}
