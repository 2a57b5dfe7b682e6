import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

/** A line of a victim's log. */
export interface VictimLine {
  readonly event?: string;
  readonly level?: string;
  readonly url?: string;
  readonly text?: string;
  readonly clean?: boolean;
}

/** How a victim landed. */
export interface Landing {
  readonly clean: boolean | undefined;
  readonly ms: number;
  readonly exitCode: number | null;
}

/** A satellite in a process of its own, to attack. */
export interface Victim {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly lines: VictimLine[];
  /** True as long as its process is there. */
  readonly isAlive: () => boolean;
  /** Most memory that its process ever had, in MB (`VmHWM`). */
  readonly peakMb: () => Promise<number>;
  /** Sends SIGTERM, and resolves when the process has ended. */
  readonly land: () => Promise<Landing>;
}

export interface VictimOptions {
  /** Of `httpgateway`. */
  readonly config?: object;
  /** Its heap, in MB. */
  readonly heapMb?: number;
  readonly producer?: 'take' | 'hold';
  /** How many files it may open, if fewer than this process (`ulimit -n`). */
  readonly maxFiles?: number;
}

/** Starts a satellite; resolves when it takes messages. */
export async function startVictim(
  t: TestContext,
  { config = {}, heapMb = 128, producer = 'take', maxFiles }: VictimOptions = {},
): Promise<Victim> {
  const program = fileURLToPath(new URL('fixtures/victim.js', import.meta.url));
  const args = [`--max-old-space-size=${heapMb}`, program, JSON.stringify({ port: 0, ...config }), producer];
  const limited = ['-c', `ulimit -n ${maxFiles} && exec "$0" "$@"`, process.execPath, ...args];
  const [file, all] = maxFiles === undefined ? [process.execPath, args] : ['sh', limited];
  const child = spawn(file, all, { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const lines: VictimLine[] = [];
  const ended = once(child, 'close') as Promise<[number | null]>;
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (text) => {
      const line = JSON.parse(text) as VictimLine;
      lines.push(line);
      if (line.event === 'listening') resolve(line.url ?? '');
    });
    void ended.then(() => reject(new Error(`the victim did not start: ${JSON.stringify(lines)}`)));
  });
  if (producer === 'take') while ((await fetch(`${url}/produce/up`, { method: 'POST', body: '' })).status === 503);
  const { pid = 0 } = child;
  return {
    url,
    port: Number(new URL(url).port),
    pid,
    lines,
    isAlive: () => child.exitCode === null && child.signalCode === null,
    peakMb: async () => {
      const [, kb] = /^VmHWM:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? [];
      return Number(kb) / 1024;
    },
    land: async () => {
      const since = performance.now();
      child.kill('SIGTERM');
      const [exitCode] = await ended;
      const end = lines.find(({ event }) => event === 'end');
      return { clean: end?.clean, ms: performance.now() - since, exitCode };
    },
  };
}

/** Opens so many connections to a port, a hundred at a time. */
export async function openMany<T extends { readonly socket: Socket }>(count: number, open: () => T): Promise<T[]> {
  const all: T[] = [];
  while (all.length < count) {
    const some = Array.from({ length: Math.min(100, count - all.length) }, open);
    await Promise.all(some.map(({ socket }) => once(socket, 'connect')));
    all.push(...some);
  }
  return all;
}
