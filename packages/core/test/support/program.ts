import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

/** How a program ended, and what it printed. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly lines: readonly string[];
  readonly stderr: string;
}

/** A fixture program, run by Node in a process of its own, which ends with the test at the latest. */
export class Program {
  readonly ended: Promise<Ended>;
  readonly #process: ChildProcess;
  #stdout = '';
  #stderr = '';
  #closed = false;
  #onOutput = (): void => {};

  constructor(t: TestContext, fixture: string, args: readonly string[] = [], nodeOptions: readonly string[] = []) {
    const path = fileURLToPath(new URL(`../fixtures/${fixture}.js`, import.meta.url));
    const child = spawn(process.execPath, [...nodeOptions, path, ...args], { stdio: 'pipe' });
    this.#process = child;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text;
      this.#onOutput();
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => void (this.#stderr += text));
    this.ended = new Promise((resolve) => {
      child.on('close', (code, signal) => {
        this.#closed = true;
        this.#onOutput();
        resolve({ code, signal, lines: this.lines, stderr: this.#stderr });
      });
    });
    t.after(() => void child.kill('SIGKILL'));
  }

  /** The lines printed so far. */
  get lines(): string[] {
    return this.#stdout.split('\n').slice(0, -1);
  }

  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** Sends a signal again and again, as an impatient person does, until the program has ended. */
  async insist(signal: NodeJS.Signals): Promise<Ended> {
    const timer = setInterval(() => this.kill(signal), 50);
    try {
      return await this.ended;
    } finally {
      clearInterval(timer);
    }
  }

  /** Resolves when the program has printed this line. */
  async printed(line: string): Promise<void> {
    while (!this.lines.includes(line)) {
      assert.ok(!this.#closed, `it ended before "${line}": ${this.#stdout}${this.#stderr}`);
      await new Promise<void>((resolve) => (this.#onOutput = resolve));
    }
  }
}
