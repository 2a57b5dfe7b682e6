import type { TestContext } from 'node:test';
import type { RealServer } from '@sputnikjs/testkit/servers';
import { notesOf, pythonServer } from './python-server.js';

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
    return new UpstreamServer(await pythonServer(t, 'upstream.py'));
  }

  private constructor(server: RealServer) {
    this.server = server;
  }

  get url(): string {
    return this.server.url;
  }

  get calls(): readonly Call[] {
    return notesOf(this.server) as readonly Call[];
  }
}
