import { systemClock, type SputnikError } from '@sputnikjs/core';
import { connectionLost } from '@sputnikjs/sidecar/connector';
import type { Client } from './client.js';
import type { RedisConfig } from './config.js';
import { login, type Login } from './login.js';

/** What a link tells those that work on it. */
export interface LinkUser {
  /** The link is over, for good. Nothing comes after it. */
  ended(error: SputnikError): void;
}

/** How long a server has to take what was sent before we go, in milliseconds. */
const GOODBYE_MS = 1000;

/** The connections to a server, which end together: one for commands, and one for each reader, since it waits there for messages. */
export class Link {
  readonly url: string;
  /** For commands that are answered at once. */
  readonly client: Client;
  readonly #config: RedisConfig;
  readonly #clients = new Set<Client>();
  readonly #users = new Set<LinkUser>();
  readonly #over = new AbortController();
  #end: SputnikError | undefined;
  /** Those who wait for the answer to the PING under way. */
  #pings: ((alive: boolean) => void)[] = [];

  constructor(config: RedisConfig, client: Client) {
    this.#config = config;
    this.url = config.url;
    this.client = client;
    this.#adopt(client);
  }

  /** Why the link is over, if it is. */
  get over(): SputnikError | undefined {
    return this.#end;
  }

  /** True while nothing speaks against the link being alive: it is open, and no ping of ours is unanswered. */
  get alive(): boolean {
    return this.#end === undefined && this.#pings.length === 0;
  }

  add(user: LinkUser): void {
    if (this.#end === undefined) this.#users.add(user);
    else user.ended(this.#end);
  }

  remove(user: LinkUser): void {
    this.#users.delete(user);
  }

  /** Sends a command. Rejects with a ServerError, or with why the link is over. */
  async call(name: string, ...args: readonly (string | Buffer)[]): Promise<unknown> {
    return this.during(this.client.call(name, ...args));
  }

  /** Rejects as the work on a client of this link does, or with why the link is over. */
  async during<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      throw this.#end ?? error;
    }
  }

  /** A connection of one's own. The link ends if there is none to be had. */
  async openReader(): Promise<Login> {
    if (this.#end !== undefined) throw this.#end;
    try {
      const reader = await login(this.#config, this.#over.signal);
      this.#adopt(reader.client);
      return reader;
    } catch (error) {
      this.end(error as Error);
      throw this.#end;
    }
  }

  closeReader(client: Client): void {
    this.#clients.delete(client);
    client.end(new Error('the subscription has stopped'));
  }

  /** Asks the server for a sign of life: true when it comes, false when the link ends first. Never two at once. */
  ping(): Promise<boolean> {
    if (this.#end !== undefined) return Promise.resolve(false);
    return new Promise((resolve) => {
      if (this.#pings.push(resolve) === 1)
        this.client.call('PING').then(
          () => this.#pong(true),
          // that the user may not send PING was said at connect
          (error: Error) => this.end(error),
        );
    });
  }

  #pong(alive: boolean): void {
    for (const resolve of this.#pings.splice(0)) resolve(alive);
  }

  /** Ends the link at once. The first reason counts. */
  end(cause: Error): void {
    if (this.#end !== undefined) return;
    this.#end = connectionLost(this.url, cause);
    this.#over.abort(this.#end);
    for (const client of this.#clients) client.end(cause);
    this.#pong(false);
    for (const user of this.#users) user.ended(this.#end);
    this.#users.clear();
  }

  /** Ends the link when the server has what was sent before, within bounds. */
  async close(): Promise<void> {
    const enough = new AbortController();
    await Promise.race([this.ping(), systemClock.sleep(GOODBYE_MS, enough.signal)]);
    enough.abort();
    this.end(new Error('the satellite has disconnected'));
  }

  #adopt(client: Client): void {
    if (this.#end !== undefined) client.end(this.#end);
    this.#clients.add(client);
    client.onEnd((cause) => this.#clients.has(client) && this.end(cause));
  }
}
