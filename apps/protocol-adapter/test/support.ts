import { spawn, type ChildProcess, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

const PATH = `${process.env['PATH']}:/usr/sbin`;
const APP = fileURLToPath(new URL('../', import.meta.url));

/** A folder that is removed with the test. Values become JSON files of their names. */
export function folder(t: TestContext, files: Record<string, unknown> = {}): string {
  // Below the app, so that packages are found from it.
  const path = mkdtempSync(join(APP, 'dist-test', 'folder-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  for (const [name, value] of Object.entries(files)) {
    writeFileSync(join(path, name), typeof value === 'string' ? value : JSON.stringify(value));
  }
  return path;
}

/** A folder for a spool, which is removed with the test. Its path is short wherever the tests are: it gets a socket. */
export function spoolFolder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'spool-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A child process whose output is collected by lines, and that does not outlive the test. */
export class Program {
  readonly process: ChildProcess;
  readonly lines: string[] = [];
  readonly errors: string[] = [];
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>;
  #watchers: (() => void)[] = [];

  constructor(t: TestContext, command: string, args: readonly string[], env: Record<string, string> = {}) {
    const child: ChildProcessWithoutNullStreams = spawn(command, args, { env: { ...process.env, PATH, ...env } });
    this.process = child;
    this.ended = once(child, 'close').then(([code, signal]) => ({ code, signal }) as never);
    createInterface(child.stdout).on('line', (line) => this.take(this.lines, line));
    createInterface(child.stderr).on('line', (line) => this.take(this.errors, line));
    t.after(async () => {
      child.kill('SIGKILL');
      await this.ended;
    });
  }

  /** Resolves once `condition` holds; it is looked at with every line of output. Rejects if the program ends first. */
  async until(condition: () => boolean, what = 'condition'): Promise<void> {
    let over = false;
    void this.ended.then(() => {
      over = true;
      this.#wake();
    });
    while (!condition()) {
      if (over) throw new Error(`ended before ${what}: ${[...this.lines, ...this.errors].slice(-20).join('\n')}`);
      await new Promise<void>((resolve) => this.#watchers.push(resolve));
    }
  }

  protected take(lines: string[], line: string): void {
    lines.push(line);
    this.#wake();
  }

  #wake(): void {
    const watchers = this.#watchers;
    this.#watchers = [];
    for (const watcher of watchers) watcher();
  }
}

const SPUTNIK = fileURLToPath(new URL('../../../packages/sidecar/bin/sputnik.js', import.meta.url));

/** A satellite, run by the `sputnik` command as operators run it, or by another; started by the command `by`, if that is given. */
export class Satellite extends Program {
  constructor(
    t: TestContext,
    cf: string,
    env: Record<string, string> = {},
    bin: string = SPUTNIK,
    by: readonly string[] = [],
    /** Which of its satellites; the outermost unless given. */
    satellite: string = '',
  ) {
    const [command, ...args] = [
      ...by,
      process.execPath,
      bin,
      'run',
      '--cf',
      cf,
      ...(satellite === '' ? [] : ['--satellite', satellite]),
    ];
    super(t, command ?? '', args, env);
  }

  /** The log records of an event, in order. */
  records(event: string): Record<string, unknown>[] {
    return this.lines
      .filter((line) => line.includes(`"event":"${event}"`))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  async logs(event: string, times = 1): Promise<void> {
    await this.until(() => this.records(event).length >= times, `event ${event}`);
  }
}

/** A real subscriber of QoS 1 to everything. */
export class Subscriber extends Program {
  /** What has come, as "topic payload", in order. */
  readonly messages: string[] = [];

  /** Resolves when it has subscribed. */
  static async to(t: TestContext, port: number, ...options: string[]): Promise<Subscriber> {
    const subscriber = new Subscriber(t, port, options);
    await subscriber.until(() => subscriber.lines.some((line) => line.startsWith('Subscribed')), 'subscribed');
    return subscriber;
  }

  private constructor(t: TestContext, port: number, options: string[]) {
    const args = ['-h', '127.0.0.1', '-p', `${port}`, '-t', '#', '-q', '1', '-F', '> %t %p', '-d', ...options];
    // Line by line, though it writes to a pipe.
    super(t, 'stdbuf', ['-oL', 'mosquitto_sub', ...args]);
  }

  /** The payloads of a topic. */
  payloads(topic: string): Record<string, unknown>[] {
    return this.messages
      .filter((message) => message.startsWith(`${topic} `))
      .map((message) => JSON.parse(message.slice(topic.length + 1)) as Record<string, unknown>);
  }

  protected override take(lines: string[], line: string): void {
    if (line.startsWith('> ')) super.take(this.messages, line.slice(2));
    else if (!line.startsWith('Client ')) super.take(lines, line);
  }
}

/** Runs a client to its end and returns what it printed. */
export async function run(t: TestContext, command: string, ...args: string[]): Promise<string> {
  const program = new Program(t, command, args);
  const { code } = await program.ended;
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}: ${program.errors.join('\n')}`);
  return program.lines.join('\n');
}
