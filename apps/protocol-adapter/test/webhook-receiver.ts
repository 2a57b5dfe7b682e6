import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RealServer } from '@sputnikjs/testkit/servers';
import { notesOf, pythonServer } from './python-server.js';

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
    return new WebhookReceiver(await pythonServer(t, 'webhook_receiver.py', SECRET));
  }

  private constructor(server: RealServer) {
    this.server = server;
  }

  get url(): string {
    return `${this.server.url}/hook`;
  }

  /** What has come so far. */
  get noted(): readonly Noted[] {
    return notesOf(this.server) as readonly Noted[];
  }

  /** Resolves when this many requests have come. */
  async came(count: number): Promise<readonly Noted[]> {
    while (this.noted.length < count) await sleep(20);
    return this.noted;
  }
}
