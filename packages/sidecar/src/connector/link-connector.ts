import type { ConfFactory, ConnectAttempt, Logger } from '@sputnikjs/core';
import type { StartableConnector } from '../contract.js';
import type { Link, LinkUser } from './link.js';

/**
 * A server connector whose connections stand on links: obeys the signal of an attempt, reports the loss of the present connection
 * at once, asks the server whether it is alive, and disconnects for good. What is left is how to open a link, and what blocks get of it.
 */
export abstract class LinkConnector<
  L extends Link<User>,
  C,
  User extends LinkUser = LinkUser,
> implements StartableConnector<C> {
  /** What was given to {@link start}. */
  protected log: Logger | undefined;
  readonly #server: string;
  #current: { readonly link: L; readonly connection: C } | undefined;
  #disconnected = false;

  /** `server` is how errors call it: "NATS". */
  constructor(server: string) {
    this.#server = server;
  }

  /** Opens a link. Rejects with what to do about it, or, at once, with the reason of the signal; then nothing is left open. */
  protected abstract open(signal: AbortSignal): Promise<L>;

  /** Makes of a link what blocks get, and sees that the server is ready for it. The link ends if it rejects, or if the attempt is aborted. */
  protected abstract prepare(link: L): C | Promise<C>;

  start(log?: Logger): void | Promise<void> {
    this.log = log;
  }

  async connect(_config: ConfFactory, { signal, lost }: ConnectAttempt): Promise<C> {
    if (this.#disconnected) throw new Error(`the ${this.#server} connector has disconnected for good; make another`);
    const current = this.#current;
    if (current?.link.alive === true) return current.connection;
    this.#current = undefined;
    current?.link.end(new Error('the server did not answer the heartbeat'));
    const link = await this.open(signal);
    const connection = await this.#prepare(link, signal);
    if (this.#disconnected) link.end(new Error('the connector was told to disconnect'));
    if (link.over !== undefined) throw link.over;
    link.onEnd((error) => this.#current?.link === link && lost(error));
    this.#current = { link, connection };
    return connection;
  }

  async #prepare(link: L, signal: AbortSignal): Promise<C> {
    const aborted = (): void => link.end(signal.reason as Error);
    signal.addEventListener('abort', aborted);
    try {
      signal.throwIfAborted();
      return await this.prepare(link);
    } catch (error) {
      link.end(error as Error);
      throw signal.aborted ? signal.reason : error;
    } finally {
      signal.removeEventListener('abort', aborted);
    }
  }

  /** Asks the server: an open socket says nothing about a frozen one. */
  async isConnected(): Promise<boolean> {
    return (await this.#current?.link.ping()) ?? false;
  }

  async disconnect(): Promise<void> {
    this.#disconnected = true;
    const link = this.#current?.link;
    this.#current = undefined;
    await link?.close();
  }
}
