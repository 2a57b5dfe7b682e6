import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

/** A first round warms up. Each goes first as often as the other. */
export async function inTurns<S, T>(
  rounds: number,
  both: readonly [S, S],
  measure: (one: S) => Promise<T>,
): Promise<readonly [ours: readonly T[], baseline: readonly T[]]> {
  const found: [T[], T[]] = [[], []];
  for (let round = 0; round <= rounds; round++)
    for (const place of round % 2 === 0 ? [0, 1] : [1, 0]) {
      const value = await measure(both[place] as S);
      if (round > 0) found[place]?.push(value);
    }
  return found;
}

/** The path of a program of this folder. */
export const programOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** Runs a program of this folder; resolves with what it prints. */
export async function output([program, ...args]: readonly unknown[]): Promise<string> {
  const all = [programOf(String(program)), ...args.map(String)];
  const child = spawn(process.execPath, all, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [printed, [code]] = await Promise.all([text(child.stdout), once(child, 'close')]);
  if (code !== 0) throw new Error(`${String(program)} ended with ${code}`);
  return printed;
}
