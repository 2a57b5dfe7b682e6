import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { program } from './support.js';

/** Stands around what the runner says of a program that has ended; in no output. */
export const ENDED = '\0';

const RUNNER = fileURLToPath(new URL('run-in-turn.js', import.meta.url));

/** What became of a program. */
export interface Ending {
  /** What it has printed. */
  readonly output: string;
  /** `done, 0`, unless it failed, waited for what never comes, or set another exit code. */
  readonly ending: string;
}

/** Runs programs one after the other, in a process of their own. If one of them ends that, there are no endings of those behind. */
export async function inTurn(t: TestContext, paths: readonly string[]): Promise<readonly Ending[]> {
  const run = program(t, process.execPath, RUNNER, ...paths);
  const code = await run.code;
  const parts = run.output().split(ENDED);
  const endings: Ending[] = [];
  for (let at = 0; at + 1 < parts.length; at += 2)
    endings.push({ output: (parts[at] ?? '').replace(/^\n/, ''), ending: parts[at + 1] ?? '' });
  if (endings.length < paths.length)
    endings.push({ output: parts.at(-1) ?? '', ending: `ended the process: ${code ?? run.child.signalCode}` });
  return endings;
}
