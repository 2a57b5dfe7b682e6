import { Argument, Command, Option } from 'commander';
import type { Reader } from '../folder/reader.js';
import { start } from '../run/start.js';
import type { CheckOptions } from './check.js';
import { completionOf, SHELLS, type Shell } from './completion.js';
import { FORMATS, graph, type GraphOptions } from './graph.js';
import { lineWidth } from './layout.js';
import type { ReloadOptions } from './reload.js';
import { DEFAULT_ADMIN, type AdminAddress } from './admin-client.js';
import type { StatusOptions } from './status.js';
import type { TapOptions } from './tap.js';

/** A program that runs satellites. */
export interface CliOptions {
  /** What it is called. */
  readonly name: string;
  /** Makes what is read of a folder what this version understands. */
  readonly dialect?: ((folder: Reader) => Reader) | undefined;
}

interface Folder {
  readonly cf: string;
}

interface RunOptions extends Folder {
  readonly satellite?: string | undefined;
}

/** Where a command that can do without a folder looks. */
const FOLDER = ['--cf <folder>', 'Configuration folder'] as const;

/** Where the admin endpoints of a running satellite are, and how to get in. */
const ADMIN = ['--admin <address>', 'URL, or path of the Unix socket, of its admin endpoints', DEFAULT_ADMIN] as const;
const TOKEN_FILE = ['--token-file <file>', 'File that contains the token'] as const;

/** All commands; `end` gets the exit code of the one that was called. Each loads what it needs: `run`, nothing of the others. */
export function programOf({ name, dialect }: CliOptions, version: string, end: (code: number) => void): Command {
  const program = new Command(name)
    .description('Runs the satellite that a configuration folder describes.')
    .version(version, '-V, --version', 'Write the version')
    .helpOption('-h, --help', 'Write this help')
    .helpCommand(false)
    .configureHelp({ helpWidth: lineWidth(), subcommandTerm })
    .showHelpAfterError(`"${name} COMMAND --help" says what a command takes, with examples.`)
    .exitOverride();
  program.addHelpText(
    'after',
    `
Start here:
  ${name} check --cf conf      Is anything wrong with the folder?
  ${name} run --cf conf        Run it until Ctrl-C.
  ${name} status               How is the running satellite?
  ${name} explain port         What does a key mean?
  ${name} run --help           Help and examples of a command.

Exit codes: 0 all is well, 1 something failed, 78 the configuration or the
command line cannot be used.`,
  );

  const shown = (example: string): string => `  ${example.startsWith('#') ? '' : `${name} `}${example}`;
  const command = (called: string, description: string, ...examples: readonly string[]): Command =>
    program
      .command(called)
      .description(description)
      .addHelpText('after', `\nExamples:\n${examples.map(shown).join('\n')}`);

  command(
    'run',
    'Run the satellite until SIGTERM or Ctrl-C lands it',
    'run --cf conf',
    '# on a terminal the log is for people, elsewhere it is JSON',
    'run --cf conf > satellite.log',
    'run --cf conf --satellite syslog        of several processes, this one',
  )
    .requiredOption(...FOLDER)
    .option('--satellite <path>', 'Run only this satellite of the folder, which has "place": "process"')
    .action(async ({ cf, satellite }: RunOptions) => end(await start({ cf, satellite, dialect })));

  command(
    'check',
    'Report every problem of the configuration; start nothing',
    'check --cf conf',
    'check --cf conf --connect              log in to the server, too',
    "check --cf conf --json | jq -r '.problems[]'",
  )
    .requiredOption(...FOLDER)
    .option('--connect', 'Also log in to the server, say what it is, and disconnect')
    .option('--json', 'Write what was found to stdout, as JSON')
    .action(async (options: CheckOptions) => {
      const { checkCommand } = await import('./check.js');
      end(await checkCommand({ ...options, dialect }));
    });

  command(
    'status',
    'Show the state of a running satellite; exit code 0 if it is ready',
    'status                                 of port 9470 on this machine',
    'status --admin http://127.0.0.1:9471',
    'status --admin /run/satellite/admin.sock',
    'status --json | jq .lost',
  )
    .option(...ADMIN)
    .option(...TOKEN_FILE)
    .option('--json', 'Write everything that is known, as JSON')
    .action(async (options: StatusOptions) => {
      const { status } = await import('./status.js');
      end(await status(options));
    });

  command(
    'top',
    'Show the state of a running satellite, again each second',
    'top                                    of port 9470 on this machine',
    'top --admin /run/satellite/admin.sock',
  )
    .option(...ADMIN)
    .option(...TOKEN_FILE)
    .action(async (options: AdminAddress) => {
      const { top } = await import('./top.js');
      end(await top(options));
    });

  command(
    'reload',
    'Make a running satellite read its configuration again; say what changed',
    'reload                                 of port 9470 on this machine',
    'reload --admin http://127.0.0.1:9470 --token-file /etc/satellite/token',
    '# without admin endpoints: kill -HUP PID, and the log says what changed',
    'reload --json | jq .restart',
  )
    .option(...ADMIN)
    .option(...TOKEN_FILE)
    .option('--json', 'Write what changed, as JSON')
    .action(async (options: ReloadOptions) => {
      const { reload } = await import('./reload.js');
      end(await reload(options));
    });

  command(
    'tap',
    'Show messages that blocks of a running satellite accept, as they pass',
    'tap producer --admin /run/satellite/admin.sock',
    'tap producer --count 1                 the next one',
    'tap --seconds 5 --json | jq .message   of all blocks in "admin.tap"',
  )
    .addArgument(new Argument('[blocks...]', 'Responsibilities; without any, all that "admin.tap" allows'))
    .option(...ADMIN)
    .option(...TOKEN_FILE)
    .option('--seconds <n>', 'For how long (60, at most 600)')
    .option('--count <n>', 'How many messages (1000, at most 10000)')
    .option('--rate <n>', 'How many a second (10, at most 100); the others are counted')
    .option('--size <n>', 'How many characters of each (2048, at most 65536)')
    .option('--json', 'Write each as a line of JSON')
    .action(async (blocks: readonly string[], options: Omit<TapOptions, 'blocks'>) => {
      const { tap } = await import('./tap.js');
      end(await tap({ ...options, blocks }));
    });

  command(
    'graph',
    'Draw which block sends to which, and the order of the boot; start nothing',
    'graph --cf conf',
    'graph --cf conf --format mermaid       for a page on GitHub',
    'graph --cf conf --format dot | dot -Tsvg > satellite.svg',
  )
    .requiredOption(...FOLDER)
    .addOption(new Option('--format <format>', 'For the terminal, or for a page').choices(FORMATS).default('text'))
    .action(async (options: GraphOptions) => end(await graph({ ...options, dialect })));

  command(
    'explain',
    'Say what a key means, with its type, default and variable, and its value in a folder',
    'explain producer.capacity',
    'explain capacity                       a key, in all configurations',
    'explain HTTPGATEWAY_PORT               a variable',
    'explain httpgateway                    all keys of a block',
    'explain httpgateway.port --cf conf     and which value is in force',
  )
    .addArgument(new Argument('<key>', 'A key, a configuration, or a variable'))
    .option(...FOLDER)
    .action(async (key: string, { cf }: Partial<Folder>) => {
      const { explain } = await import('./explain.js');
      end(await explain({ key, cf, dialect }));
    });

  command(
    'schema',
    'Write the JSON Schema of a configuration, for editors',
    'schema                                 which schemas there are',
    'schema connector > connector.schema.json',
    'schema myblock --cf conf               of a block of your own',
  )
    .addArgument(
      new Argument('[name]', 'sputnik, blocks, connector, or the responsibility of a block; without any, list all'),
    )
    .option(...FOLDER)
    .action(async (of: string | undefined, { cf }: Partial<Folder>) => {
      const { schema } = await import('./schema.js');
      end(await schema({ name: of, cf, dialect }));
    });

  command(
    'resend',
    'Send the messages in a file of syslogwriter, and remove those that the server has taken',
    '# first move the file away: mv syslog-unsent.ndjson resend.0',
    'resend --cf conf resend.0',
  )
    .requiredOption('--cf <folder>', 'Configuration folder; its connector and its block "producer" send the messages')
    .addArgument(new Argument('<file>', 'The file; nothing else may write to it at the same time'))
    .action(async (file: string, { cf }: Folder) => {
      const { resend } = await import('./resend.js');
      end(await resend({ cf, file, dialect }));
    });

  command(
    'completion',
    'Write a script with which your shell completes this command line',
    `completion bash > ~/.local/share/bash-completion/completions/${name}`,
    '# with ~/.zfunc in fpath, before compinit',
    `completion zsh > ~/.zfunc/_${name}`,
    `completion fish > ~/.config/fish/completions/${name}.fish`,
  )
    .addArgument(new Argument('<shell>', 'Which shell').choices(SHELLS))
    .action(async (shell: Shell) => {
      process.stdout.write(await completionOf(program, shell));
      end(0);
    });

  return program;
}

/** A command in the list of all: without the options, which its own help has. */
function subcommandTerm(command: Command): string {
  const [argument] = command.registeredArguments;
  if (argument === undefined) return command.name();
  return `${command.name()} ${argument.required ? `<${argument.name()}>` : `[${argument.name()}]`}`;
}
