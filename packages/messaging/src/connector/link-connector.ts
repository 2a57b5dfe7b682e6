import type { ConfFactory, ConnectAttempt, Logger } from '@sputnikjs/core';
import type { ServerFound, StartableConnector } from '../contract.js';
import { readableByAll } from '../net/files.js';
import type { Link, LinkUser } from './link.js';

/**
 * Base of server connectors that use links. It obeys the abort signal of an attempt, reports the loss of the current connection at once, asks
 * the server whether it is alive, and disconnects for good. A subclass says how to open a link, and what blocks get as connection.
 *
 * @example
 * import { confFactory } from '@sputnikjs/core';
 * import { Link, LinkConnector } from '@sputnikjs/messaging/connector';
 * class Line extends Link {
 *   override pingServer = async () => 'pong';
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
  /** The log given to {@link start}. */
  protected log: Logger | undefined;
  readonly #server: string;
  readonly #clearHost: string | undefined;
  readonly #secretFiles: readonly (string | undefined)[];
  /** The current link, and where to report its loss. */
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

  /** Opens a link. Rejects with an error that says what to do, or, at an abort, at once with the signal's reason; leaves nothing open then. */
  protected abstract open(signal: AbortSignal): Promise<L>;

  /** Makes the connection that blocks get, and prepares the server for it. If it rejects, or the attempt is aborted, the link ends. */
  protected abstract prepare(link: L): C | Promise<C>;

  /** Opens a link that the satellite may have beside its own: one with a name of its own, where a server lets in each name once. */
  protected openForProbe(signal: AbortSignal): Promise<L> {
    return this.open(signal);
  }

  /** What else there is to tell of a server that has let us in. Changes nothing there. */
  protected async inspect(_link: L): Promise<Pick<ServerFound, 'duplicateWindows'>> {
    return {};
  }

  async probe(signal: AbortSignal): Promise<ServerFound | undefined> {
    const link = await this.openForProbe(signal);
    const { url, product } = link;
    const aborted = (): void => link.end(signal.reason as Error);
    signal.addEventListener('abort', aborted);
    try {
      return { url, product, ...(await this.inspect(link)) };
    } finally {
      signal.removeEventListener('abort', aborted);
      await link.close();
    }
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

  /** Asks the server: the socket of a frozen server stays open. */
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
