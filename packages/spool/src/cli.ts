import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { printable } from '@sputnikjs/messaging/net';
import { filesOf, type Files } from './store/files.js';
import { inspectStore, keptIn } from './store/inspection.js';
import type { Problem } from './store/problem.js';
import type { Kept } from './store/record.js';
import { change } from './by-hand.js';
import { lineOf } from './line.js';
import { linesOf } from './lines.js';

const HELP = `sputnik-spool COMMAND FOLDER

Of the folder of a spool, also while a satellite has it open:

  ls       How many messages there are, and in which files
  show     The oldest messages, a line each
  verify   Read everything; exit code 1 if something is damaged
  export   All messages, as lines of JSON

These change it; a satellite that has it open does so itself:

  retry    Send the dead letters again
  drop     Forget the dead letters
  import   Take messages from the standard input, as export writes them

  --dead       The dead letters instead: what the server has refused for good
  --limit N    How many messages show writes (10)
  --help       Write this

Examples:
  sputnik-spool ls spool
  sputnik-spool show spool --dead
  sputnik-spool export spool > messages.ndjson
  sputnik-spool import other < messages.ndjson
`;

/** So much of a payload is shown. */
const SHOWN = 60;
/** As of \`sputnik\`: something failed, or the command line cannot be used. */
const [FAILED, MISUSED] = [1, 78] as const;

/** Does what the command line says, and sets the exit code. Never rejects. */
export async function cli(args: readonly string[]): Promise<void> {
  // guard: nothing that a spool keeps steers the terminal
  const say = (line: string): void => void process.stdout.write(`${printable(line)}\n`);
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { dead: { type: 'boolean' }, limit: { type: 'string', default: '10' }, help: { type: 'boolean' } },
    });
    const [name = '', folder, ...others] = positionals;
    if (values.help) return void process.stdout.write(HELP);
    const command = COMMANDS[name];
    if (command === undefined || folder === undefined || others.length > 0 || !(Number(values.limit) > 0))
      throw new Misuse(HELP.trimEnd());
    const at = values.dead ? join(folder, 'dead') : folder;
    const isWell = await command({ folder, files: filesOf(at), say, limit: Number(values.limit) });
    process.exitCode = isWell ? 0 : FAILED;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const isMisuse = error instanceof Misuse || code?.startsWith('ERR_PARSE_ARGS');
    process.exitCode = isMisuse ? MISUSED : FAILED;
    process.stderr.write(`${isMisuse ? message : printable(message)}\n`);
  }
}

class Misuse extends Error {}

/** What a command works on. */
interface Task {
  readonly folder: string;
  /** Of its messages, or of its dead letters. */
  readonly files: Files;
  readonly say: (line: string) => void;
  readonly limit: number;
}

/** Resolves with false if something is wrong. */
type Command = (task: Task) => Promise<boolean>;

const COMMANDS: Readonly<Record<string, Command>> = {
  async ls({ files, say }) {
    const { segments, aside, kept } = await inspectStore(files);
    for (const { name, bytes, messages, damaged } of segments)
      say(`${name}  ${bytes} bytes  ${messages} messages${damaged === 0 ? '' : `, ${damaged ?? 'some'} damaged`}`);
    for (const name of aside) say(`${name}  kept aside`);
    say(`${kept} messages that the server does not have`);
    return true;
  },
  async show({ files, say, limit }) {
    let count = 0;
    for await (const kept of keptIn(files)) {
      say(summaryOf(kept));
      if (++count === limit) break;
    }
    return true;
  },
  async verify({ files, say }) {
    const { segments, aside, kept } = await inspectStore(files);
    const damaged = segments.filter((segment) => segment.damaged !== 0);
    for (const { name, damaged: count } of damaged) say(`${name}: ${count ?? 'some'} messages are damaged`);
    for (const name of aside) say(`${name}: kept aside, because something in it was damaged`);
    if (damaged.length + aside.length > 0) return false;
    say(`ok, ${segments.length} files, ${kept} messages that the server does not have`);
    return true;
  },
  async export({ files, say }) {
    for await (const kept of keptIn(files)) say(lineOf(kept));
    return true;
  },
  async retry({ folder, say }) {
    const { count, isFlying } = await change(folder, 'retry', none(), sayProblem);
    say(`${count} dead letters are sent again${isFlying ? '' : ' from the next start on'}`);
    return true;
  },
  async drop({ folder, say }) {
    const { count } = await change(folder, 'drop', none(), sayProblem);
    say(`${count} dead letters are forgotten`);
    return true;
  },
  async import({ folder, say }) {
    const { count, isFlying } = await change(folder, 'import', linesOf(process.stdin), sayProblem);
    say(`${count} messages are on disk, and are sent${isFlying ? '' : ' from the next start on'}`);
    return true;
  },
};

async function* none(): AsyncGenerator<string, void> {}

function sayProblem({ text, file }: Problem): void {
  process.stderr.write(`${printable(file === undefined ? text : `${file}: ${text}`)}\n`);
}

function summaryOf({ sequence, time, content: { target, payload } }: Kept): string {
  const text = JSON.stringify(Buffer.from(payload).toString().slice(0, SHOWN));
  return `${sequence}  ${new Date(time).toISOString()}  ${JSON.stringify(target)}  ${payload.length} bytes  ${text}`;
}
