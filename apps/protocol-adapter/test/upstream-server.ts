import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { RealServer } from '@sputnikjs/testkit/servers';

const PROGRAM = fileURLToPath(new URL('../test/fixtures/upstream.py', import.meta.url));

/** A call, as the upstream has noted it. */
export interface Call {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** An HTTP server in Python: it says what it was asked, "wait" never, "slow …" after half a second. */
export class UpstreamServer {
  readonly server: RealServer;

  static async start(t: TestContext): Promise<UpstreamServer> {
    const command = (folder: string, port: number): { program: string; args: string[] } => ({
      program: 'python3',
      args: [PROGRAM, `${port}`, join(folder, 'calls')],
    });
    const server = await RealServer.of(t, { scheme: 'http', ready: 'listening', command });
    await server.start();
    return new UpstreamServer(server);
  }

  private constructor(server: RealServer) {
    this.server = server;
  }

  get url(): string {
    return this.server.url;
  }

  get calls(): readonly Call[] {
    const file = join(this.server.folder, 'calls');
    if (!existsSync(file)) return [];
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line.endsWith('}'))
      .map((line) => JSON.parse(line) as Call);
  }
}
