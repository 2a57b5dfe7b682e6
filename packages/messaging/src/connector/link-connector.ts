import type { ConfFactory, ConnectAttempt, Logger } from '@sputnikjs/core';
import type { ServerFound, StartableConnector } from '../contract.js';
import { readableByAll } from '../net/files.js';
import type { Link, LinkUser } from './link.js';

/**
 * A server connector whose connections stand on links: obeys the signal of an attempt, reports the loss of the present connection
 * at once, asks the server whether it is alive, and disconnects for good. What is left is how to open a link, and what blocks get of it.
 *
 * @example
 * import { confFactory } from '@sputnikjs/core';
 * import { Link, LinkConnector } from '@sputnikjs/messaging/connector';
 * class Line extends Link {
 *   override signOfLife = async () => 'pong';
 *   override release = () => {};
 * }
 * class LineConnector extends LinkConnector<Line, string> {
 *   override open = async () => new Line('lines://127.0.0.1:4000');
 *   override prepare = (line: Line) => `a connection to ${line.url}`;
 * }
 * const connector = new LineConnector('line');
 * const attempt = { signal: new AbortController().signal, lost: () => {} };
 * console.log(await connector.connect(confFactory(() => undefined), attempt)); // a connection to lines://127.0.0.1:4000
 * console.log(await connector.isConnected()); // true
 * await connector.disconnect();
 */
export abstract class LinkConnector<
  L extends Link<User>,
  C,
  User extends LinkUser = LinkUser,
> implements StartableConnector<C> {
  /** What was given to {@link start}. */
  protected log: Logger | undefined;
  readonly #server: string;
  readonly #clearHost: string | undefined;
  readonly #secretFiles: readonly (string | undefined)[];
  /** The present link, and where its loss is to be reported. */
  #current: { readonly link: L; readonly connection: C; lost: ConnectAttempt['lost'] } | undefined;
  #disconnected: Promise<void> | undefined;

  /**
   * `server` is how errors call it: "NATS". `clearHost` is where a password is going to go in clear, if anywhere; `secretFiles` are those
   * that hold secrets.
   */
  constructor(server: string, clearHost?: string, secretFiles: readonly (string | undefined)[] = []) {
    this.#server = server;
    this.#clearHost = clearHost;
    this.#secretFiles = secretFiles;
  }

  /** Opens a link. Rejects with what to do about it, or, at once, with the reason of the signal; then nothing is left open. */
  protected abstract open(signal: AbortSignal): Promise<L>;

  /** Makes of a link what blocks get, and sees that the server is ready for it. The link ends if it rejects, or if the attempt is aborted. */
  protected abstract prepare(link: L): C | Promise<C>;

  /** Opens a link that the satellite may have beside its own: one with a name of its own, where a server lets in each name once. */
  protected openBeside(signal: AbortSignal): Promise<L> {
    return this.open(signal);
  }

  async probe(signal: AbortSignal): Promise<ServerFound | undefined> {
    const link = await this.openBeside(signal);
    const { url, product } = link;
    await link.close();
    return { url, product };
  }

  start(log?: Logger): void | Promise<void> {
    this.log = log;
    const text = `the password and messages go to ${this.#clearHost} unencrypted; use the url of a server with TLS`;
    if (this.#clearHost !== undefined) log?.warn({ event: 'passwordInClear', host: this.#clearHost }, text);
    for (const file of this.#secretFiles) {
      const readable = file === undefined ? undefined : readableByAll(file);
      if (readable !== undefined) log?.warn({ event: 'readableSecret', file }, readable);
    }
  }

  async connect(_config: ConfFactory, { signal, lost }: ConnectAttempt): Promise<C> {
    if (this.#disconnected !== undefined)
      throw new Error(`the ${this.#server} connector has disconnected for good; create a new one`);
    const former = this.#current;
    // guard: a link that leaves a question open is replaced
    if (former?.link.alive === true) {
      // guard: a loss is reported to the attempt that got the connection last
      former.lost = lost;
      return former.connection;
    }
    this.#current = undefined;
    former?.link.end(new Error('the server did not answer the heartbeat'));
    const link = await this.open(signal);
    const connection = await this.#prepare(link, signal);
    // guard: disconnect is final for an attempt under way
    if (this.#disconnected !== undefined) link.end(new Error('the connector disconnects'));
    if (link.over !== undefined) throw signal.aborted ? signal.reason : link.over;
    const current = { link, connection, lost };
    this.#current = current;
    // guard: the loss of a former link is not reported
    link.onEnd((error) => this.#current === current && current.lost(error));
    return connection;
  }

  async #prepare(link: L, signal: AbortSignal): Promise<C> {
    let abort = (): void => {};
    const aborted = new Promise<never>((_, reject) => (abort = () => reject(signal.reason as Error)));
    // guard: an aborted attempt ends its link
    signal.addEventListener('abort', abort);
    try {
      signal.throwIfAborted();
      // guard: an attempt is aborted, whatever prepares it
      return await Promise.race([this.prepare(link), aborted]);
    } catch (error) {
      // guard: a link that cannot be prepared ends
      link.end(error as Error);
      throw signal.aborted ? signal.reason : error;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  /** Asks the server: an open socket says nothing about a frozen one. */
  async isConnected(): Promise<boolean> {
    return (await this.#current?.link.ping()) ?? false;
  }

  disconnect(): Promise<void> {
    return (this.#disconnected ??= this.#disconnect());
  }

  async #disconnect(): Promise<void> {
    const link = this.#current?.link;
    this.#current = undefined;
    await link?.close();
  }
}
