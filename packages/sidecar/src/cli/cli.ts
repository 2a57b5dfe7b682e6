import { Command, CommanderError, Option } from 'commander';
import { checkCommand, type CheckOptions } from './check.js';
import { EXIT } from '../run/exit-code.js';
import type { Reader } from '../folder/reader.js';
import { explain } from './explain.js';
import { FORMATS, graph, type GraphOptions } from './graph.js';
import { schema } from './schema.js';
import { resend } from './resend.js';
import { start } from '../run/start.js';
import { VERSION } from '../version.js';

/** What is left running after the landing gets this long to end by itself. */
const GRACE_MS = 1_000;

/** A program that runs satellites. */
export interface CliOptions {
  /** What it is called. */
  readonly name: string;
  /** Makes what is read of a folder what this version understands. */
  readonly dialect?: ((folder: Reader) => Reader) | undefined;
}

/**
 * Does what the command line of the process says, `run`, `check` or `resend`, and sets the exit code.
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
export async function cli({ name, dialect }: CliOptions): Promise<void> {
  const program = new Command(name)
    .description('Runs the satellite that a configuration folder describes.')
    .version(VERSION)
    .exitOverride();

  program
    .command('run')
    .description('run the satellite until SIGTERM or Ctrl-C lands it')
    .requiredOption('--cf <folder>', 'configuration folder')
    .action(async ({ cf }: { readonly cf: string }) => end(await start({ cf, dialect })));

  program
    .command('check')
    .description('report every problem of the configuration; start nothing')
    .requiredOption('--cf <folder>', 'configuration folder')
    .option('--connect', 'also log in to the server, say what it is, and go again')
    .option('--json', 'write what was found to stdout, as JSON')
    .action(async (options: CheckOptions) => end(await checkCommand({ ...options, dialect })));

  program
    .command('explain')
    .description('say what a key means: its type, default, variable, and, of a folder, its value')
    .argument('<key>', 'producer.capacity, or capacity; a configuration; a variable')
    .option('--cf <folder>', 'configuration folder')
    .action(async (key: string, { cf }: Folder) => end(await explain({ key, cf, dialect })));

  program
    .command('schema')
    .description('write the JSON Schema of a configuration, for editors; without a name, list what there is')
    .argument('[name]', 'sputnik, blocks, connector, or the responsibility of a block')
    .option('--cf <folder>', 'configuration folder')
    .action(async (name: string | undefined, { cf }: Folder) => end(await schema({ name, cf, dialect })));

  program
    .command('graph')
    .description('draw which block sends to which, and the order of the boot; start nothing')
    .requiredOption('--cf <folder>', 'configuration folder')
    .addOption(new Option('--format <format>', 'for the terminal, or for a page').choices(FORMATS).default('text'))
    .action(async (options: GraphOptions) => end(await graph({ ...options, dialect })));

  program
    .command('resend')
    .description('send the messages of a file that syslogwriter wrote; remove from the file what the server has taken')
    .requiredOption('--cf <folder>', 'configuration folder; its connector and its block "producer" send the messages')
    .argument('<file>', 'the file; nothing else may write to it meanwhile')
    .action(async (file: string, { cf }: { readonly cf: string }) => end(await resend({ cf, file, dialect })));

  try {
    await program.parseAsync();
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // commander has said what is wrong
    process.exitCode = error.exitCode === 0 ? EXIT.clean : EXIT.badConfig;
  }
}

interface Folder {
  readonly cf?: string | undefined;
}

/** Ends by itself, so that all is written; what a block that hangs has left open keeps the process for a moment only. */
function end(code: number): void {
  process.exitCode = code;
  const stop = (): void => {
    process.stderr.write(`sputnik: still open after the landing: ${process.getActiveResourcesInfo().join(', ')}\n`);
    process.exit(code);
  };
  setTimeout(stop, GRACE_MS).unref();
}
