import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { freePort, temporaryFolder } from './helpers.js';

/** Runs a program until the test ends; `lines` sees its output. */
function run(t: TestContext, program: string, args: readonly string[]): ChildProcess {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const exit = once(child, 'exit');
  t.after(async () => {
    child.kill('SIGCONT');
    child.kill('SIGKILL');
    await exit;
  });
  return child;
}

export interface Mosquitto {
  readonly port: number;
  readonly url: string;
  readonly process: ChildProcess;
  kill(): Promise<void>;
}

/** Starts mosquitto on a free loopback port; `lines` are further lines for its configuration. */
export async function mosquitto(
  t: TestContext,
  lines: readonly string[] = ['allow_anonymous true'],
  port?: number,
): Promise<Mosquitto> {
  const at = port ?? (await freePort());
  const folder = await temporaryFolder(t);
  const conf = join(folder, 'mosquitto.conf');
  // started as root it would change to a user that may not read the test's files
  const common = [
    `user ${userInfo().username}`,
    `listener ${at} 127.0.0.1`,
    'persistence false',
    'max_queued_messages 0',
    'log_dest stderr',
    'set_tcp_nodelay true',
  ];
  await writeFile(conf, [...common, ...lines, ''].join('\n'));
  const child = run(t, 'mosquitto', ['-c', conf]);
  child.stdout?.resume();
  const log: string[] = [];
  await new Promise<void>((resolve, reject) => {
    if (child.stderr === null) return reject(new Error('no log'));
    createInterface(child.stderr).on('line', (line) => {
      log.push(line);
      if (line.endsWith(' running')) resolve();
    });
    child.once('exit', (code) => reject(new Error(`mosquitto ended with ${code}: ${log.join('\n')}`)));
  });
  const exit = once(child, 'exit');
  return {
    port: at,
    url: `mqtt://127.0.0.1:${at}`,
    process: child,
    async kill() {
      child.kill('SIGKILL');
      await exit;
    },
  };
}

/** A `mosquitto_sub` that has subscribed, and the payloads it prints. */
export async function mosquittoSub(
  t: TestContext,
  port: number,
  args: readonly string[],
): Promise<{ readonly process: ChildProcess; readonly lines: string[]; readonly exit: Promise<unknown> }> {
  const child = run(t, 'stdbuf', ['-oL', 'mosquitto_sub', '-d', '-p', String(port), ...args]);
  const lines: string[] = [];
  const exit = once(child, 'close');
  child.stderr?.resume();
  await new Promise<void>((resolve, reject) => {
    if (child.stdout === null) return reject(new Error('no output'));
    createInterface(child.stdout).on('line', (line) => {
      if (line.startsWith('Subscribed')) resolve();
      if (!/^(Client |Subscribed)/.test(line)) lines.push(line);
    });
    child.once('exit', (code) => reject(new Error(`mosquitto_sub ended with ${code}`)));
  });
  return { process: child, lines, exit };
}
