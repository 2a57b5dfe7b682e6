import { createInterface } from 'node:readline/promises';
import { relative } from 'node:path';
import { parseArgs } from 'node:util';
import { create } from './create.js';
import { USAGE, UsageError } from './usage.js';

/** Does what the arguments say. Sets the exit code: 0, or 1 with a line on stderr that says what to change. */
export async function cli(args: readonly string[]): Promise<void> {
  try {
    await main(args);
  } catch (error) {
    const isTheirs = error instanceof UsageError || (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS');
    if (!isTheirs) throw error;
    process.stderr.write(`${(error as Error).message}\n`);
    process.exitCode = 1;
  }
}

async function main(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { packages: { type: 'string' }, help: { type: 'boolean' } },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  if (positionals.length > 1) throw new UsageError(`give one folder, not ${positionals.join(' and ')}`);
  const folder = positionals[0] ?? (await askForFolder());
  const path = create({ folder, packages: values.packages });
  process.stdout.write(`${path} is ready. Next:

    cd ${relative('.', path) || '.'}
    npm install
    npm test
    npm start

Its README.md says how to go on.
`);
}

/** Asks on a terminal. Elsewhere nobody is there to answer. */
async function askForFolder(): Promise<string> {
  if (!process.stdin.isTTY) throw new UsageError(`name a folder\n\n${USAGE}`);
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return (await terminal.question('Folder of the new satellite: ')).trim();
  } finally {
    terminal.close();
  }
}
