import { spawn, spawnSync } from 'node:child_process';
import { delimiter } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

/** Where daemons are, too; and where `ensure-servers` unpacks the one that Debian does not install beside another. */
const UNPACKED = fileURLToPath(new URL('../../../.servers/bin', import.meta.url));
const PATH = [process.env['PATH'], '/usr/sbin', '/usr/local/sbin', UNPACKED].join(delimiter);

/** A shell that becomes the program, and leaves somebody behind who kills it once this process is gone, be it killed itself. */
const GUARDED = 'exec 3<&0; (read -r _ <&3; kill -9 0) >/dev/null 2>&1 & exec "$@" </dev/null 3<&-';

/** A program that runs. */
export interface Program {
  readonly signal: (signal: NodeJS.Signals) => void;
  /** Resolves when it has ended, with its exit code and what it printed. */
  readonly ended: Promise<{ readonly code: number | null; readonly output: string }>;
}

/** Runs a program, which is killed when the test ends, at the latest. */
export function program(
  t: TestContext,
  name: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Program {
  const options = { env: { ...process.env, PATH, ...env }, stdio: 'pipe', detached: true } as const;
  const { status } = spawnSync('sh', ['-c', 'command -v "$1"', 'sh', name], options);
  if (status !== 0) throw new Error(`${name} is not there; \`npm test\` gets it before it runs the tests`);
  const child = spawn('sh', ['-c', GUARDED, 'sh', name, ...args], options);
  let output = '';
  const keep = (text: Buffer): void => void (output += text.toString());
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const ended = new Promise<number | null>((resolve) => child.on('exit', resolve)).then((code) => ({ code, output }));
  t.after(async () => {
    try {
      // The group, for the guard is one of it.
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It has ended, and the guard with it.
    }
    await ended;
  });
  return { signal: (signal) => void child.kill(signal), ended };
}
