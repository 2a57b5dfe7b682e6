import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { TrialServer } from '../connector-trial.js';
import { Sidecar } from '../spawn-sidecar.js';
import { freePort } from './free-port.js';
import { groupsBelow } from './processes.js';
import { waitUntilStill } from './stand-still.js';

/** When to clean up: the context of a test, or Node's test module for a whole file. */
export interface Scope {
  after(cleanup: () => Promise<void>): void;
}

/** How to run a server. */
export interface Recipe {
  readonly scheme: string;
  /** Called before each start. `folder` belongs to the server, and stays between starts. */
  readonly command: (folder: string, port: number) => Promise<Command> | Command;
  /** What the server prints once it accepts connections. */
  readonly ready: string | RegExp;
}

/** A program to run. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>> | undefined;
}

/** Servers are often not in an ordinary user's path. */
const PATH = [process.env['PATH'], '/usr/sbin', '/usr/local/sbin'].join(delimiter);

/**
 * A shell that becomes the program, and leaves somebody behind who kills the group when the standard input ends: so it does when the
 * process of the test is gone, be it killed itself.
 */
const GUARDED = 'exec 3<&0; (read -r _ <&3; kill -9 0) >/dev/null 2>&1 & exec "$@" </dev/null 3<&-';

const running = new Set<RealServer>();

/**
 * A real server in its own process that a test starts, kills, freezes and starts again. Its port of 127.0.0.1 and its data stay the same. It ends,
 * and its data are removed, with its scope.
 *
 * @example
 * import assert from 'node:assert/strict';
 * import { test } from 'node:test';
 * import { RealServer } from '@sputnikjs/testkit/servers';
 * const code = (port: number) => `require('http').createServer((_, res) => res.end('hello')).listen(${port}, () => console.info('up'))`;
 * const command = (_folder: string, port: number) => ({ program: process.execPath, args: ['-e', code(port)] });
 * test('a server of another kind', async (t) => {
 *   const server = await RealServer.of(t, { scheme: 'http', ready: 'up', command });
 *   await server.start();
 *   assert.equal(await (await fetch(server.url)).text(), 'hello');
 * });
 */
export class RealServer implements TrialServer {
  readonly port: number;
  readonly url: string;
  /** Its configuration and data. */
  readonly folder: string;
  readonly #recipe: Recipe;
  #process: Sidecar | undefined;

  /** Makes a server that is not started yet. */
  static async of(scope: Scope, recipe: Recipe): Promise<RealServer> {
    const folder = await mkdtemp(join(tmpdir(), `sputnik-${recipe.scheme}-`));
    const server = new RealServer(recipe, folder, await freePort());
    scope.after(async () => {
      await server.stop();
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    });
    return server;
  }

  private constructor(recipe: Recipe, folder: string, port: number) {
    this.#recipe = recipe;
    this.folder = folder;
    this.port = port;
    this.url = `${recipe.scheme}://127.0.0.1:${port}`;
  }

  /** Resolves when the server accepts connections; rejects with its output if it ends before. Does nothing if it runs. */
  async start(): Promise<void> {
    if (running.has(this)) return;
    const { program, args, env } = await this.#recipe.command(this.folder, this.port);
    const options = { env: { ...process.env, PATH, ...env }, stdio: 'pipe', detached: true } as const;
    const server = new Sidecar(spawn('sh', ['-c', GUARDED, 'sh', program, ...args], options));
    this.#process = server;
    running.add(this);
    void server.ended.then(() => running.delete(this));
    await server.printed(this.#recipe.ready);
  }

  /** Ends the server with SIGKILL, even if it is frozen. Does nothing if it has ended. */
  async stop(): Promise<void> {
    this.signal('SIGKILL');
    await this.#process?.ended;
  }

  /** Stops the server from answering; its connections stay open. */
  freeze(): void {
    // once it stands still it starts no more, and the second time reaches all
    for (let times = 1; times <= 2; times++) {
      this.signal('SIGSTOP');
      for (const group of this.#groups()) waitUntilStill(group);
    }
  }

  /** Lets it go on after a {@link freeze}. */
  thaw(): void {
    this.signal('SIGCONT');
  }

  /** What it has printed since its last start. */
  get output(): readonly string[] {
    return [...(this.#process?.stdout ?? []), ...(this.#process?.stderr ?? [])];
  }

  /** Sends a signal to the server and the processes that it started. */
  signal(signal: NodeJS.Signals): void {
    for (const group of this.#groups()) {
      try {
        process.kill(-group, signal);
      } catch {
        // it has ended already
      }
    }
  }

  /** Its groups of processes; none once it has ended, when its number may be another's. */
  #groups(): readonly number[] {
    const pid = running.has(this) ? this.#process?.pid : undefined;
    return pid === undefined ? [] : groupsBelow(pid);
  }
}
