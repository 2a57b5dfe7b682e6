import { systemClock, type SputnikError } from '@sputnikjs/core';
import { connectionLost } from './lost.js';

/** Something that works on a link, and hears of its end. */
export interface LinkUser {
  /** The link is over, for good. The last call. */
  ended(error: SputnikError): void;
}

/** How long a server may take to say goodbye, in milliseconds. */
const GOODBYE_MS = 1000;

/**
 * One connection of a connector to a server. Each connect makes a new link; one that ended is never used again, so that nothing of the old
 * connection reaches the new one. Turn off what a client library itself does about a loss, such as reconnecting.
 *
 * @example
 * import { Link } from '@sputnikjs/messaging/connector';
 * class Line extends Link {
 *   override pingServer = async () => 'pong';
 *   override release = () => {};
 * }
 * const line = new Line('lines://127.0.0.1:4000');
 * console.log(await line.ping()); // true
 * line.onEnd(({ code }) => console.log(code)); // CONNECTION_LOST
 * line.end(new Error('the server closed the connection'));
 */
export abstract class Link<User extends LinkUser = LinkUser> {
  /** Url of the server; errors name it. */
  readonly url: string;
  protected readonly users: Set<User> = new Set();
  readonly #watchers = new Set<(error: SputnikError) => void>();
  #end: SputnikError | undefined;
  /** Resolve the pings that wait for the current answer. */
  #pings: ((alive: boolean) => void)[] = [];
  #leaving: Promise<void> | undefined;

  constructor(url: string) {
    this.url = url;
  }

  /** Sends a request that the server answers at once; resolves with the answer. A rejection counts as no answer. */
  protected abstract pingServer(): Promise<unknown>;

  /** Closes all connections, at once. Called once, after {@link over} is set. */
  protected abstract release(cause: Error): void;

  /**
   * Resolves when the server has everything sent before; it may say goodbye to the server. Called at most once, with a second of time. By
   * default it pings the server, whose answer comes after everything that was sent.
   */
  protected sayGoodbye(): Promise<unknown> {
    return this.pingServer();
  }

  /** What the server calls itself, with its version; undefined unless overridden, for servers that do not say. */
  get product(): string | undefined {
    return undefined;
  }

  /** Why the link is over: CONNECTION_LOST; undefined while it is not. */
  get over(): SputnikError | undefined {
    return this.#end;
  }

  /** True unless the link is over, or the answer to a ping is outstanding. */
  get alive(): boolean {
    return this.#end === undefined && this.#pings.length === 0;
  }

  /** Adds a user, which hears of the end of the link; at once if that is over. */
  add(user: User): void {
    // guard: who comes late to a link hears of its end
    if (this.#end === undefined) this.users.add(user);
    else user.ended(this.#end);
  }

  remove(user: User): void {
    this.users.delete(user);
  }

  /** Calls `watcher` when the link is over, after the users; at once if it is over. */
  onEnd(watcher: (error: SputnikError) => void): void {
    if (this.#end === undefined) this.#watchers.add(watcher);
    else watcher(this.#end);
  }

  /** Pings the server: true when it answers, false if the link ends first. Concurrent calls share one request. */
  ping(): Promise<boolean> {
    if (this.#end !== undefined) return Promise.resolve(false);
    return new Promise((resolve) => {
      // guard: a link sends one ping at a time
      if (this.#pings.push(resolve) === 1) this.pingServer().then(() => this.#pong(true), ignore);
    });
  }

  #pong(alive: boolean): void {
    for (const resolve of this.#pings.splice(0)) resolve(alive);
  }

  /** Settles as `work` does, or rejects with {@link over} if the link ends first. */
  async during<T>(work: Promise<T>): Promise<T> {
    work.catch(ignore);
    if (this.#end !== undefined) throw this.#end;
    let watcher = ignore as (error: SputnikError) => void;
    const over = new Promise<never>((_, reject) => this.#watchers.add((watcher = reject)));
    try {
      // guard: what is under way ends with the link
      return await Promise.race([work, over]);
    } catch (error) {
      throw this.#end ?? error;
    } finally {
      this.#watchers.delete(watcher);
    }
  }

  /** Ends the link at once. Only the first call counts. */
  end(cause: Error): void {
    // guard: a link ends once
    if (this.#end !== undefined) return;
    const error = (this.#end = connectionLost(this.url, cause));
    this.release(cause);
    this.#pong(false);
    for (const user of this.users) user.ended(error);
    this.users.clear();
    for (const watcher of this.#watchers) watcher(error);
    this.#watchers.clear();
  }

  /** Ends the link when the server has everything sent before, or after a second. */
  close(): Promise<void> {
    // guard: the goodbye is said once
    return (this.#leaving ??= this.#close());
  }

  async #close(): Promise<void> {
    if (this.#end !== undefined) return;
    const enough = new AbortController();
    const leave = this.during((async () => this.sayGoodbye())()).catch(ignore);
    // guard: the goodbye takes a second at most
    await Promise.race([leave, systemClock.sleep(GOODBYE_MS, enough.signal)]);
    enough.abort();
    this.end(new Error('the satellite has disconnected'));
  }
}

function ignore(): void {}
