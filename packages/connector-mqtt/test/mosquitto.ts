import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { mosquitto as makeMosquitto, type RealServer, type Scope } from '@sputnikjs/testkit/servers';

/** A mosquitto that runs until the test ends; `lines` are further lines for its configuration. */
export async function mosquitto(t: TestContext, lines?: readonly string[]): Promise<RealServer> {
  const server = await makeMosquitto(t, lines);
  await server.start();
  return server;
}

/** A `mosquitto_sub` that has subscribed, and the payloads it prints. */
export async function mosquittoSub(
  t: Scope,
  port: number,
  args: readonly string[],
): Promise<{ readonly process: ChildProcess; readonly lines: string[]; readonly exit: Promise<unknown> }> {
  const command = ['-oL', 'mosquitto_sub', '-d', '-p', String(port), ...args];
  const child = spawn('stdbuf', command, { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: string[] = [];
  const exit = once(child, 'close');
  t.after(async () => {
    child.kill('SIGKILL');
    await exit;
  });
  await new Promise<void>((resolve, reject) => {
    createInterface(child.stdout).on('line', (line) => {
      if (line.startsWith('Subscribed')) resolve();
      if (!/^(Client |Subscribed)/.test(line)) lines.push(line);
    });
    child.once('exit', (code) => reject(new Error(`mosquitto_sub ended with ${code}`)));
  });
  return { process: child, lines, exit };
}
