/**
 * The servers of a cluster: any of them will do.
 *
 * @example
 * import { Servers } from '@sputnikjs/messaging/connector';
 * const servers = new Servers(['nats://a', 'nats://b'], () => 0);
 * const open = async (url: string) => {
 *   if (url === 'nats://a') throw new Error('a is down');
 *   return `a connection to ${url}`;
 * };
 * console.log(await servers.open(open, new AbortController().signal)); // a connection to nats://b
 */
export class Servers {
  readonly #urls: readonly string[];
  #next: number;

  /** `random` returns numbers from 0 to 1, excluding 1. */
  constructor(urls: readonly string[], random: () => number = Math.random) {
    this.#urls = urls;
    this.#next = Math.floor(random() * urls.length);
  }

  /**
   * Tries the servers in turn, and resolves with the first that opens. It begins after the one that was tried last, so that a server that took
   * all the time of an attempt does not take that of the next one. Rejects with the errors of all, or with the reason of the signal.
   */
  async open<T>(open: (url: string) => Promise<T>, signal: AbortSignal): Promise<T> {
    const failures: Error[] = [];
    while (failures.length < this.#urls.length) {
      // guard: attempts begin behind the server that was tried last
      const url = this.#urls[this.#next++ % this.#urls.length] as string;
      try {
        return await open(url);
      } catch (error) {
        signal.throwIfAborted();
        failures.push(error as Error);
      }
    }
    const [first, ...others] = failures;
    if (others.length === 0) throw first;
    const each = failures.map(({ message }) => message).join('; ');
    throw new AggregateError(failures, `cannot connect to any of the ${failures.length} servers: ${each}`);
  }
}
