import { isUtf8 } from 'node:buffer';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { ConfFactory, ConnectAttempt, ServerConnector } from '@sputnikjs/core';
import {
  defineConnector,
  type ConnectorDefinition,
  type MessageProducer,
  type ProduceMessage,
} from '@sputnikjs/sidecar';
import { connectionLost, Fifo, Outbox } from '@sputnikjs/sidecar/connector';
import { z } from 'zod';

/** What `connector.json` may say. Unknown keys are errors. */
const LineConfig = z.strictObject({
  port: z.int().min(1).max(65_535),
  /** Messages sent and not yet acknowledged, at most. */
  inFlight: z.int().min(1).default(1024),
});

/** What blocks get as connection. There is no consumer: the server gives nothing back. */
interface LineConnection {
  readonly producer: MessageProducer;
}

/** One connection: each line that is sent is answered by a line, in order. Never used again once it has ended. */
class Link implements LineConnection {
  readonly producer: Outbox<number>;
  /** Resolves with the reason when it is over. */
  readonly over: Promise<Error>;
  readonly #socket: Socket;
  readonly #url: string;
  /** Those who wait for an answer. */
  readonly #answers = new Fifo<(answer: string | undefined) => void>();
  #lines = 0;

  constructor(socket: Socket, url: string, inFlight: number) {
    this.#socket = socket;
    this.#url = url;
    this.producer = new Outbox(inFlight, (message) => this.#produce(message));
    const lines = createInterface(socket).on('line', (line) => this.#answers.shift()?.(line));
    // it repeats the errors of the socket, which are seen to below
    lines.on('error', () => {});
    this.over = new Promise((resolve) => {
      socket.once('error', resolve).once('close', () => resolve(new Error('the server closed the connection')));
    });
    void this.over.then((cause) => this.#ended(cause));
  }

  /** Asks the server for a sign of life, by an empty line. False if the connection ends first. */
  async isAlive(): Promise<boolean> {
    if (this.#socket.destroyed) return false;
    return (await new Promise((resolve) => this.#send('', resolve))) === 'ok';
  }

  end(): void {
    this.#socket.destroy();
  }

  #produce({ target, payload }: ProduceMessage): number {
    if (typeof payload !== 'string' && !isUtf8(payload))
      throw new Error(`the payload for "${target}" is no text, which is all that lines can carry; encode it`);
    const line = this.#lines++;
    this.#send(JSON.stringify({ target, payload: payload.toString() }), (answer) => {
      const refusal =
        answer === 'ok' ? undefined : new Error(`the server refuses a message for "${target}": ${answer}`);
      if (answer !== undefined) this.producer.settle(line, refusal);
    });
    return line;
  }

  #send(line: string, answer: (answer: string | undefined) => void): void {
    this.#answers.push(answer);
    this.#socket.write(`${line}\n`);
  }

  #ended(cause: Error): void {
    this.#socket.destroy();
    this.producer.end(connectionLost(this.#url, cause));
    for (const answer of this.#answers.drain()) answer(undefined);
  }
}

class LineConnector implements ServerConnector<LineConnection> {
  readonly #config: z.infer<typeof LineConfig>;
  #link: Link | undefined;

  constructor(config: z.infer<typeof LineConfig>) {
    this.#config = config;
  }

  async connect(_config: ConfFactory, { signal, lost }: ConnectAttempt): Promise<LineConnection> {
    this.#link?.end();
    const url = `lines://127.0.0.1:${this.#config.port}`;
    const socket = connect(this.#config.port, '127.0.0.1');
    const abort = (): void => void socket.destroy(signal.reason as Error);
    signal.addEventListener('abort', abort);
    try {
      await once(socket, 'connect', { signal });
      const link = new Link(socket, url, this.#config.inFlight);
      // a server that takes connections is not yet a server that answers
      if (!(await link.isAlive())) throw await link.over;
      void link.over.then((cause) => this.#link === link && lost(cause));
      this.#link = link;
      return link;
    } catch (cause) {
      socket.on('error', () => {}).destroy();
      throw new Error(`cannot connect to ${url}: ${(cause as Error).message}; is the server running?`, { cause });
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  async isConnected(): Promise<boolean> {
    return (await this.#link?.isAlive()) ?? false;
  }

  disconnect(): void {
    const link = this.#link;
    this.#link = undefined;
    link?.end();
  }
}

/** Lines over TCP, each acknowledged by a line. */
export const connector: ConnectorDefinition<LineConnection> = defineConnector({
  name: 'lines',
  config: LineConfig,
  make: (config) => new LineConnector(config),
});
