import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { RealServer } from '@sputnikjs/testkit/servers';

const PROGRAM = fileURLToPath(new URL('../test/fixtures/webhook_receiver.py', import.meta.url));

/** The secret that the receiver verifies with. */
export const SECRET: string = `whsec_${Buffer.alloc(32, 's').toString('base64')}`;

/** A request, as the receiver has noted it. */
export interface Noted {
  /** What it was answered: 401 if it was not signed as it has to be. */
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A receiver of webhooks in Python. */
export class WebhookReceiver {
  readonly server: RealServer;

  static async start(t: TestContext): Promise<WebhookReceiver> {
    const command = (folder: string, port: number): { program: string; args: string[] } => ({
      program: 'python3',
      args: [PROGRAM, `${port}`, SECRET, join(folder, 'noted')],
    });
    const server = await RealServer.of(t, { scheme: 'http', ready: 'listening', command });
    await server.start();
    return new WebhookReceiver(server);
  }

  private constructor(server: RealServer) {
    this.server = server;
  }

  get url(): string {
    return `${this.server.url}/hook`;
  }

  /** What has come so far. The line of a killed receiver may be torn. */
  get noted(): readonly Noted[] {
    const file = join(this.server.folder, 'noted');
    if (!existsSync(file)) return [];
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line.endsWith('}'))
      .map((line) => JSON.parse(line) as Noted);
  }

  /** Resolves when this many requests have come. */
  async came(count: number): Promise<readonly Noted[]> {
    while (this.noted.length < count) await sleep(20);
    return this.noted;
  }
}
