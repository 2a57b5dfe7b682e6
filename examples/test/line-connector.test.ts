import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { messagingConformance } from '@sputnikjs/testkit';
import { RealServer } from '@sputnikjs/testkit/servers';
import { connector } from '../dist/line-connector.js';

const program = fileURLToPath(new URL('../dist/line-server.js', import.meta.url));
const server = await RealServer.of(
  { after },
  {
    scheme: 'lines',
    ready: 'ready',
    command: (folder, port) => ({ program: process.execPath, args: [program, `${port}`, join(folder, 'lines')] }),
  },
);

let destinations = 0;

messagingConformance('lines over TCP', {
  server,
  make: (port) => connector.make({ port, inFlight: 1024 }),
  async destination() {
    const target = `destination-${++destinations}`;
    const stored = async (): Promise<string[]> =>
      (await readFile(join(server.folder, 'lines'), 'utf8'))
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as { readonly target: string; readonly payload: string })
        .filter((message) => message.target === target)
        .map(({ payload }) => payload);
    return { target, source: target, stored };
  },
  features: { pushedLoss: true, durable: true },
});
