import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

/** A request that has come, and its answer, for the test to give. */
export interface Came {
  readonly url: string;
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
  readonly response: ServerResponse;
  /** Answers, and ends. */
  readonly answer: (status: number, headers?: Record<string, string>, body?: string) => void;
}

/** An HTTP server whose answers a test gives. */
export class Receiver {
  readonly #server = createServer((request, response) => void this.#take(request, response));
  readonly #came: Came[] = [];
  readonly #waiting: ((came: Came) => void)[] = [];
  /** All requests so far. */
  count = 0;
  /** Most requests that had no answer at once. */
  most = 0;
  #open = 0;
  #always: ((came: Came) => void) | undefined;

  static async open(t: TestContext, host = '127.0.0.1'): Promise<Receiver> {
    const receiver = new Receiver();
    receiver.#server.listen(0, host);
    await once(receiver.#server, 'listening');
    t.after(() => {
      receiver.#server.closeAllConnections();
      receiver.#server.close();
    });
    return receiver;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/hook`;
  }

  /** Connections that are open. */
  connections(): Promise<number> {
    return new Promise((resolve, reject) =>
      this.#server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
    );
  }

  /** Cuts all connections. */
  cut(): void {
    this.#server.closeAllConnections();
  }

  /** From now on requests are answered by this; those that have come, too. */
  always(answer: (came: Came) => void): void {
    this.#always = answer;
    for (const came of this.#came.splice(0)) answer(came);
  }

  /** Resolves with the next request. */
  next(): Promise<Came> {
    const came = this.#came.shift();
    return came ? Promise.resolve(came) : new Promise((resolve) => this.#waiting.push(resolve));
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.count++;
    this.most = Math.max(this.most, ++this.#open);
    response.once('close', () => this.#open--);
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const { url = '', method = '', headers, rawHeaders } = request;
    const answer: Came['answer'] = (status, more = {}, body = '') => void response.writeHead(status, more).end(body);
    const came = { url, method, headers, rawHeaders, body: Buffer.concat(parts), response, answer };
    const waiting = this.#waiting.shift();
    if (waiting) waiting(came);
    else if (this.#always) this.#always(came);
    else this.#came.push(came);
  }
}
