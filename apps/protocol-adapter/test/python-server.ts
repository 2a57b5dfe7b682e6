import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { RealServer } from '@sputnikjs/testkit/servers';

/** Where the program notes what has come, in the folder of its server. */
const NOTES = 'notes';

/** Starts an HTTP server in Python, a program of the fixtures: it gets its port, these arguments, and the file for its notes. */
export async function pythonServer(t: TestContext, program: string, ...args: readonly string[]): Promise<RealServer> {
  const path = fileURLToPath(new URL(`../test/fixtures/${program}`, import.meta.url));
  const command = (folder: string, port: number): { program: string; args: string[] } => ({
    program: 'python3',
    args: [path, `${port}`, ...args, join(folder, NOTES)],
  });
  const server = await RealServer.of(t, { scheme: 'http', ready: 'listening', command });
  await server.start();
  return server;
}

/** What it has noted so far. The last line of one that was killed may be torn. */
export function notesOf({ folder }: RealServer): readonly unknown[] {
  const file = join(folder, NOTES);
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.endsWith('}'))
    .map((line) => JSON.parse(line) as unknown);
}
