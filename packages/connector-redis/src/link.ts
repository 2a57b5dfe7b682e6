import { Link } from '@sputnikjs/messaging/connector';
import type { Client } from './client.js';
import type { RedisConfig } from './config.js';
import { login, type Login } from './login.js';
import { isPassing } from './server-error.js';

/** The connections to a server, which end together: one for commands, and one for each reader, since it waits there for messages. */
export class RedisLink extends Link {
  /** For commands that are answered at once. */
  readonly client: Client;
  readonly #product: string;
  readonly #config: RedisConfig;
  readonly #clients = new Set<Client>();
  readonly #over = new AbortController();

  constructor(config: RedisConfig, { client, product }: Login) {
    super(config.url);
    this.#product = product;
    this.#config = config;
    this.client = client;
    this.#adopt(client);
  }

  override get product(): string {
    return this.#product;
  }

  /** Sends a command. Rejects with a ServerError, or with why the link is over. */
  async call(name: string, ...args: readonly (string | Buffer)[]): Promise<unknown> {
    return this.during(this.client.call(name, ...args));
  }

  /** A connection of one's own. Rejects if there is none to be had; those on the others go on. */
  async openReader(): Promise<Login> {
    if (this.over !== undefined) throw this.over;
    try {
      const reader = await login(this.#config, this.#over.signal);
      this.#adopt(reader.client);
      return reader;
    } catch (error) {
      throw this.over ?? error;
    }
  }

  closeReader(client: Client): void {
    this.#clients.delete(client);
    client.end(new Error('the subscription has stopped'));
  }

  /** A PING. A server that cannot write to its disk refuses it, and lives; that the user may not send it was said at connect. */
  protected override async pingServer(): Promise<void> {
    try {
      await this.client.call('PING');
    } catch (error) {
      // guard: a server that refuses PING for now is alive
      if (!isPassing(error)) this.end(error as Error);
    }
  }

  protected override release(cause: Error): void {
    this.#over.abort(this.over);
    for (const client of this.#clients) client.end(cause);
  }

  #adopt(client: Client): void {
    if (this.over !== undefined) client.end(this.over);
    this.#clients.add(client);
    client.onEnd((cause) => this.#clients.has(client) && this.end(cause));
  }
}
