import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { testRunner, type AtEnd } from './runner.js';

/** How a process ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** How a process is started. */
export interface SpawnOptions {
  /** Added to the environment of the test; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Working directory; the test's unless given. */
  readonly cwd?: string | undefined;
  /** The runner's hook for the end of a test; needed only where the runner is not node:test, vitest or bun test. */
  readonly after?: AtEnd | undefined;
}

/** Lines of output that an error shows. */
const TAIL = 20;

/**
 * Runs a program in a process of its own, with the same Node: a satellite of one's own, or the `sputnik` command. It is killed
 * when the test ends, at the latest.
 *
 * @example
 * import assert from 'node:assert/strict';
 * import { test } from 'node:test';
 * import { spawnSidecar } from '@sputnikjs/testkit';
 * test('it says what it is called', async () => {
 *   const sidecar = spawnSidecar('node_modules/.bin/sputnik', ['--help']);
 *   assert.match(await sidecar.printed('Usage'), /sputnik/);
 *   assert.equal((await sidecar.ended).code, 0);
 * });
 */
export function spawnSidecar(program: string, args: readonly string[] = [], options: SpawnOptions = {}): Sidecar {
  const { env, cwd, after = testRunner().afterTest } = options;
  const sidecar = new Sidecar(
    spawn(process.execPath, [program, ...args], { env: { ...process.env, ...env }, cwd, stdio: 'pipe' }),
  );
  after(async () => {
    sidecar.signal('SIGKILL');
    await sidecar.ended;
  });
  return sidecar;
}

/** A process that a test has started. */
export class Sidecar {
  /** The lines printed so far. */
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
  /** Resolves when it has ended and all its output is there; at once, with a negative code, if it could not be started. */
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  #isOver = false;
  #failure: Error | undefined;
  #watchers: (() => void)[] = [];

  constructor(child: ChildProcess & { readonly stdout: Readable; readonly stderr: Readable }) {
    this.#child = child;
    const all = [this.#linesOf(child.stdout), this.#linesOf(child.stderr)] as const;
    this.stdout = all[0].lines;
    this.stderr = all[1].lines;
    // what could not be started reports an error, and then closes
    child.on('error', (error) => (this.#failure = error));
    const closed = new Promise<Ended>((resolve) => child.once('close', (code, signal) => resolve({ code, signal })));
    this.ended = Promise.all([closed, all[0].end, all[1].end]).then(([ended]) => {
      this.#isOver = true;
      this.#wake();
      return ended;
    });
  }

  /** Of the process; undefined if it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** The first line of stdout or stderr that has this text, or matches it, once there is one. Rejects if it ends before. */
  async printed(text: string | RegExp): Promise<string> {
    const fits = (line: string): boolean => (typeof text === 'string' ? line.includes(text) : text.test(line));
    for (;;) {
      const line = this.stdout.find(fits) ?? this.stderr.find(fits);
      if (line !== undefined) return line;
      if (this.pid === undefined && this.#isOver) {
        const why = `${this.#failure?.message}; is it installed, and in the path?`;
        throw new Error(`it could not be started: ${why}`, { cause: this.#failure });
      }
      if (this.#isOver) {
        const output = [...this.stdout, ...this.stderr].slice(-TAIL).join('\n');
        throw new Error(`it ended and never printed ${String(text)}:\n${output}`);
      }
      await new Promise<void>((resolve) => this.#watchers.push(resolve));
    }
  }

  /** The first record of this event in the log of a sidecar (lines of JSON on stdout), once there is one. */
  async event(name: string): Promise<Readonly<Record<string, unknown>>> {
    const record = await this.printed(`"event":${JSON.stringify(name)}`);
    return JSON.parse(record) as Record<string, unknown>;
  }

  /** Sends a signal. False if it has ended. */
  signal(signal: NodeJS.Signals): boolean {
    return this.#child.kill(signal);
  }

  #linesOf(stream: Readable): { readonly lines: string[]; readonly end: Promise<unknown> } {
    const lines: string[] = [];
    const reader = createInterface(stream);
    reader.on('line', (line) => {
      lines.push(line);
      this.#wake();
    });
    return { lines, end: once(reader, 'close') };
  }

  #wake(): void {
    for (const wake of this.#watchers.splice(0)) wake();
  }
}
