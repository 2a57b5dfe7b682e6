import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** A line of a victim's log. */
export interface VictimLine {
  readonly event?: string;
  readonly level?: string;
  readonly text?: string;
  readonly transport?: string;
  readonly port?: number;
  readonly clean?: boolean;
  readonly taken?: number;
}

/** How a victim landed. */
export interface Landing {
  readonly clean: boolean | undefined;
  readonly taken: number | undefined;
  readonly ms: number;
  readonly exitCode: number | null;
}

/** A satellite in a process of its own, to attack. */
export interface Victim {
  /** Where it takes syslog. */
  readonly port: number;
  readonly httpPort: number;
  readonly lines: readonly VictimLine[];
  /** True as long as its process is there. */
  readonly isAlive: () => boolean;
  /** How many lines of this event there are. */
  readonly count: (event: string) => number;
  /** Most memory that its process ever had, in MB (`VmHWM`). */
  readonly peakMb: () => Promise<number>;
  /** Sends SIGTERM, and resolves when the process has ended. */
  readonly land: () => Promise<Landing>;
}

export interface VictimOptions {
  /** Of `syslogreceiver`; the port is any that is free. */
  readonly receiver?: object;
  /** Its heap, in MB. */
  readonly heapMb?: number;
  readonly server?: 'take' | 'hold' | 'away';
}

/** Starts a satellite; resolves when it listens. */
export async function startVictim(
  t: TestContext,
  { receiver = {}, heapMb = 128, server = 'take' }: VictimOptions = {},
): Promise<Victim> {
  const program = fileURLToPath(new URL('fixtures/victim.js', import.meta.url));
  const configs = { syslogreceiver: { port: 0, ...receiver } };
  const args = [`--max-old-space-size=${heapMb}`, program, JSON.stringify(configs), server];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const lines: VictimLine[] = [];
  const ended = once(child, 'close') as Promise<[number | null]>;
  const portOf = (event: string): number => lines.find((line) => line.event === event)?.port ?? 0;
  await new Promise<void>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (text) => {
      lines.push(JSON.parse(text) as VictimLine);
      if (portOf('http') > 0 && portOf('listening') > 0) resolve();
    });
    void ended.then(() => reject(new Error(`the victim did not start: ${JSON.stringify(lines)}`)));
  });
  return {
    port: portOf('listening'),
    httpPort: portOf('http'),
    lines,
    isAlive: () => child.exitCode === null && child.signalCode === null,
    count: (event) => lines.filter((line) => line.event === event).length,
    peakMb: async () => {
      const [, kb] = /^VmHWM:\s+(\d+) kB$/m.exec(await readFile(`/proc/${child.pid}/status`, 'utf8')) ?? [];
      return Number(kb) / 1024;
    },
    land: async () => {
      const since = performance.now();
      child.kill('SIGTERM');
      const [exitCode] = await ended;
      const end = lines.find(({ event }) => event === 'end');
      return { clean: end?.clean, taken: end?.taken, ms: performance.now() - since, exitCode };
    },
  };
}

/** Attacks from a process of its own; resolves when that is over. */
export async function attack(t: TestContext, how: 'tcp' | 'udp' | 'idle', { port }: Victim, ms: number): Promise<void> {
  const program = fileURLToPath(new URL('fixtures/attacker.js', import.meta.url));
  const child = fork(program, [how, String(port), String(ms)]);
  t.after(() => child.kill('SIGKILL'));
  await once(child, 'exit');
}

/** Sends a message over a connection of its own; true when the server has it. A kernel that is busy may take seconds to connect. */
export async function isServed(victim: Victim): Promise<boolean> {
  const before = victim.count('good');
  const socket = connect({ port: victim.port, host: '127.0.0.1', localAddress: '127.0.0.3' });
  socket.on('error', () => {});
  socket.write('<13>1 - h good - - - from the good one\n');
  for (let looks = 0; looks < 600 && victim.count('good') === before; looks++) await sleep(50);
  socket.destroy();
  return victim.count('good') > before;
}
