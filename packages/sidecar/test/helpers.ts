import { AsyncLocalStorage } from 'node:async_hooks';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { makeClock, type Clock } from '@sputnikjs/core';
import { programOf } from '../dist/cli/program.js';
import { VERSION } from '../dist/own-files.js';

/** The command line. */
export const CLI: string = fileURLToPath(new URL('../bin/sputnik.js', import.meta.url));
const HERE = fileURLToPath(new URL('.', import.meta.url));

/**
 * A new folder with these files, removed after the tests. It is below the package, so that modules in it find the
 * workspace's packages.
 */
export async function folder(files: Readonly<Record<string, unknown>>): Promise<string> {
  const path = await mkdtemp(join(HERE, 'fixture-'));
  after(() => rm(path, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(path, name), typeof content === 'string' ? content : JSON.stringify(content));
  }
  return path;
}

/** A run of the real command line. */
export class Cli {
  readonly child: ChildProcess;
  readonly stdout: string[] = [];
  readonly stderr: string[] = [];
  readonly #watchers = new Set<(line: string) => void>();
  readonly #closed: Promise<unknown>;

  constructor(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.child = spawn(process.execPath, [CLI, ...args], {
      env: { PATH: process.env['PATH'], ...env },
      stdio: 'pipe',
    });
    after(() => this.child.kill('SIGKILL'));
    const { stdout, stderr } = this.child;
    if (stdout === null || stderr === null) throw new Error('no pipes');
    eachLine(stdout, (line) => {
      this.stdout.push(line);
      for (const watcher of this.#watchers) watcher(line);
    });
    eachLine(stderr, (line) => this.stderr.push(line));
    this.#closed = once(this.child, 'close');
  }

  /** The first line of the log with this event that fits, once it is there. */
  async event(
    name: string,
    fits: (line: Record<string, unknown>) => boolean = () => true,
  ): Promise<Record<string, unknown>> {
    return await new Promise((resolve, reject) => {
      const watcher = (line: string): void => {
        const fields = JSON.parse(line) as Record<string, unknown>;
        if (fields['event'] === name && fits(fields)) resolve(fields);
      };
      this.stdout.forEach((line) => watcher(line));
      this.#watchers.add(watcher);
      this.child.once('close', () => reject(new Error(`ended without ${name}: ${this.stderr.join('\n')}`)));
    });
  }

  /** The exit code, or the signal that ended it. */
  async end(): Promise<number | string> {
    await this.#closed;
    return this.child.exitCode ?? this.child.signalCode ?? 'unknown';
  }
}

function eachLine(stream: Readable, take: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) take(line);
  });
}

/** Runs the command line to its end. */
export async function cli(
  args: readonly string[],
  env?: Readonly<Record<string, string>>,
): Promise<{ readonly code: number | string; readonly stdout: readonly string[]; readonly stderr: readonly string[] }> {
  const run = new Cli(args, env);
  return { code: await run.end(), stdout: run.stdout, stderr: run.stderr };
}

interface Said {
  stdout: string;
  stderr: string;
}

/** What the command line writes in this process. The test runner writes to the same streams. */
const said = new AsyncLocalStorage<Said>();
for (const name of ['stdout', 'stderr'] as const) {
  const stream = process[name];
  const write = stream.write.bind(stream) as (...args: readonly unknown[]) => boolean;
  stream.write = (text: unknown, ...rest: readonly unknown[]): boolean => {
    const own = said.getStore();
    if (own === undefined) return write(text, ...rest);
    own[name] += String(text);
    return true;
  };
}

let free: Promise<unknown> = Promise.resolve();

/** Runs a command that ends by itself, as {@link cli}, but in this process: what it imports is loaded once. One after the other. */
export async function cliHere(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): ReturnType<typeof cli> {
  const run = free.then(async () => {
    const own = process.env;
    const texts: Said = { stdout: '', stderr: '' };
    let code = Number.NaN;
    process.env = { PATH: own['PATH'], ...env };
    try {
      const program = programOf({ name: 'sputnik' }, VERSION, (value) => (code = value));
      await said.run(texts, () => program.parseAsync(args, { from: 'user' }));
    } finally {
      process.env = own;
    }
    const linesOf = (text: string): string[] => text.split('\n').slice(0, -1);
    return { code, stdout: linesOf(texts.stdout), stderr: linesOf(texts.stderr) };
  });
  free = run.catch(() => {});
  return await run;
}

/** A clock that stands until it is moved. */
export class StandingClock {
  #now = 0;
  #timers: { readonly at: number; readonly callback: () => void }[] = [];
  readonly clock: Clock = makeClock(
    () => this.#now,
    (ms, callback) => {
      const timer = { at: this.#now + ms, callback };
      this.#timers.push(timer);
      return () => {
        this.#timers = this.#timers.filter((other) => other !== timer);
      };
    },
  );

  get timers(): number {
    return this.#timers.length;
  }

  move(ms: number): void {
    this.#now += ms;
    const due = this.#timers.filter(({ at }) => at <= this.#now);
    this.#timers = this.#timers.filter(({ at }) => at > this.#now);
    for (const { callback } of due) callback();
  }
}
