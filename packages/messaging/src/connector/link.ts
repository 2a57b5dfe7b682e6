import { systemClock, type SputnikError } from '@sputnikjs/core';
import { connectionLost } from './lost.js';

/** What a link tells those that work on it. */
export interface LinkUser {
  /** The link is over, for good. Nothing comes after it. */
  ended(error: SputnikError): void;
}

/** How long a server has to take leave of us, in milliseconds. */
const GOODBYE_MS = 1000;

/**
 * What a connector's connection stands on: one for each connect, and never used again once it ended, so that nothing of the old
 * connection gets into the new one. Whatever else a client library does about a loss, such as to reconnect, is to be turned off.
 *
 * @example
 * import { Link } from '@sputnikjs/messaging/connector';
 * class Line extends Link {
 *   override signOfLife = async () => 'pong';
 *   override release = () => {};
 * }
 * const line = new Line('lines://127.0.0.1:4000');
 * console.log(await line.ping()); // true
 * line.onEnd(({ code }) => console.log(code)); // CONNECTION_LOST
 * line.end(new Error('the server closed the connection'));
 */
export abstract class Link<User extends LinkUser = LinkUser> {
  /** Where the server is; errors name it. */
  readonly url: string;
  protected readonly users: Set<User> = new Set();
  readonly #watchers = new Set<(error: SputnikError) => void>();
  #end: SputnikError | undefined;
  /** Those who wait for the sign of life asked for last. */
  #pings: ((alive: boolean) => void)[] = [];
  #leaving: Promise<void> | undefined;

  constructor(url: string) {
    this.url = url;
  }

  /** Asks the server for something that it answers at once; resolves when it has. A rejection is no answer. */
  protected abstract signOfLife(): Promise<unknown>;

  /** Lets go of all connections, at once. Called once; {@link over} says why already. */
  protected abstract release(cause: Error): void;

  /**
   * Resolves when the server has what was sent before; may tell it that we go. Called once at the most, and given a second. Unless
   * overridden a sign of life says so: what is answered comes behind all that was sent.
   */
  protected takeLeave(): Promise<unknown> {
    return this.signOfLife();
  }

  /** What the server calls itself, with its version; undefined unless overridden, for servers that do not say. */
  get product(): string | undefined {
    return undefined;
  }

  /** Why the link is over, if it is: CONNECTION_LOST. */
  get over(): SputnikError | undefined {
    return this.#end;
  }

  /** True while nothing speaks against the link being alive: it is not over, and no sign of life is outstanding. */
  get alive(): boolean {
    return this.#end === undefined && this.#pings.length === 0;
  }

  /** Has a user told what happens; at once if the link is over. */
  add(user: User): void {
    // guard: who comes late to a link is told
    if (this.#end === undefined) this.users.add(user);
    else user.ended(this.#end);
  }

  remove(user: User): void {
    this.users.delete(user);
  }

  /** Has it called when the link is over, after the users; at once if it is. */
  onEnd(watcher: (error: SputnikError) => void): void {
    if (this.#end === undefined) this.#watchers.add(watcher);
    else watcher(this.#end);
  }

  /** Asks the server for a sign of life: true when it comes, false when the link ends first. Never two at once. */
  ping(): Promise<boolean> {
    if (this.#end !== undefined) return Promise.resolve(false);
    return new Promise((resolve) => {
      // guard: a link asks one question at a time
      if (this.#pings.push(resolve) === 1) this.signOfLife().then(() => this.#pong(true), ignore);
    });
  }

  #pong(alive: boolean): void {
    for (const resolve of this.#pings.splice(0)) resolve(alive);
  }

  /** Settles as the work does; rejects with why the link is over if it ends first. */
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

  /** Ends the link at once. The first reason counts. */
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

  /** Ends the link when the server has what was sent before, within bounds. */
  close(): Promise<void> {
    // guard: leave is taken once
    return (this.#leaving ??= this.#close());
  }

  async #close(): Promise<void> {
    if (this.#end !== undefined) return;
    const enough = new AbortController();
    const leave = this.during((async () => this.takeLeave())()).catch(ignore);
    // guard: leave is taken within a second
    await Promise.race([leave, systemClock.sleep(GOODBYE_MS, enough.signal)]);
    enough.abort();
    this.end(new Error('the satellite has disconnected'));
  }
}

function ignore(): void {}
