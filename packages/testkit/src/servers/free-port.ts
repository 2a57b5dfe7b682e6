import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A file for each port that a process has been given, with the id of the process: a server may take seconds until it listens. */
const CLAIMS: string = join(tmpdir(), `sputnik-ports-${process.getuid?.() ?? 0}`);

const claimed: string[] = [];
process.on('exit', () => {
  for (const file of claimed) rmSync(file, { force: true });
});

/**
 * Resolves with a free port of 127.0.0.1. It is below those that the system assigns, so nobody who asks the system gets it meanwhile; nor does
 * anybody else who calls this, in whatever process, while this one runs.
 *
 * @example
 * import { once } from 'node:events';
 * import { createServer } from 'node:net';
 * import { freePort } from '@sputnikjs/testkit/servers';
 * const server = createServer().listen(await freePort(), '127.0.0.1');
 * await once(server, 'listening');
 * console.log(server.listening); // true
 * server.close();
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 20_000);
    if (claim(port) && (await isFree(port))) return port;
  }
}

/** False if the port is of a process that runs. */
function claim(port: number): boolean {
  mkdirSync(CLAIMS, { recursive: true });
  const file = join(CLAIMS, `${port}`);
  try {
    writeFileSync(file, `${process.pid}`, { flag: 'wx' });
  } catch {
    if (!isOver(file)) return false;
    writeFileSync(file, `${process.pid}`);
  }
  claimed.push(file);
  return true;
}

/** Whether the process has ended that wrote the file. */
function isOver(file: string): boolean {
  try {
    process.kill(Number(readFileSync(file, 'utf8')), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
