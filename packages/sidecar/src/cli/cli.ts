import { CommanderError } from 'commander';
import { writeError } from '../log/stderr.js';
import { EXIT } from '../run/exit-code.js';
import { VERSION } from '../own-files.js';
import { programOf, type CliOptions } from './program.js';

export type { CliOptions } from './program.js';

/** What is left running after the landing gets this long to end by itself. */
const GRACE_MS = 1_000;

/**
 * Runs the command on the command line of the process, such as `run` or `check`, and sets the exit code.
 *
 * @example
 * import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
 * import { tmpdir } from 'node:os';
 * import { join } from 'node:path';
 * import { cli } from '@sputnikjs/sidecar/cli';
 * const folder = mkdtempSync(join(tmpdir(), 'satellite-'));
 * writeFileSync(join(folder, 'blocks.json'), '[]');
 * process.argv = [process.execPath, 'satellite', 'check', '--cf', folder];
 * await cli({ name: 'satellite' }); // …: ok, 0 blocks
 * rmSync(folder, { recursive: true });
 */
export async function cli(options: CliOptions): Promise<void> {
  try {
    await programOf(options, VERSION, end).parseAsync();
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // commander has said what is wrong
    process.exitCode = error.exitCode === 0 ? EXIT.clean : EXIT.badConfig;
  }
}

/** Lets the process end by itself, so that all output is written. Handles that a hanging block has left open keep it only for a moment. */
function end(code: number): void {
  process.exitCode = code;
  const stop = (): void => {
    writeError(
      `sputnik: still open after the landing, so the process is ended: ${process.getActiveResourcesInfo().join(', ')}; close what a block opens in its finish`,
    );
    process.exit(code);
  };
  setTimeout(stop, GRACE_MS).unref();
}
