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

/** How to start a process. */
export interface SpawnOptions {
  /** Variables added to the environment of the test; undefined removes one. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Working directory. Default: that of the test. */
  readonly cwd?: string | undefined;
  /** The test runner's hook for the end of a test. Needed only with runners other than node:test, vitest and bun test. */
  readonly after?: AtEnd | undefined;
}

/** Lines of output that an error shows. */
const TAIL = 20;

/**
 * Runs a program in its own process, with the same Node: your satellite, or the `sputnik` command. It is killed at the end of the test, at the
 * latest.
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
  /** Resolves when the process has ended and all its output has come; at once, with a negative code, if it could not start. */
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

  /** Process id; undefined if the process could not start. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Resolves with the first line of stdout or stderr that contains or matches this. Rejects if the process ends before. */
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

  /** Resolves with the first record of this event in the log of a sidecar (lines of JSON on stdout). */
  async event(name: string): Promise<Readonly<Record<string, unknown>>> {
    const record = await this.printed(`"event":${JSON.stringify(name)}`);
    return JSON.parse(record) as Record<string, unknown>;
  }

  /** Sends a signal. Returns false if the process has ended. */
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
