import { isUtf8 } from 'node:buffer';
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import {
  defineConnector,
  type ConnectorDefinition,
  type MessageProducer,
  type ProduceMessage,
} from '@sputnikjs/messaging';
import { Fifo, Link, LinkConnector, openSocket, Outbox } from '@sputnikjs/messaging/connector';
import { z } from 'zod';

/** What `connector.json` may say. */
interface LineConfig {
  readonly port: number;
  /** Messages sent and not yet acknowledged, at most. */
  readonly inFlight: number;
}

/** Its schema: unknown keys are errors. */
const LINE_CONFIG: z.ZodType<LineConfig> = z.strictObject({
  port: z.int().min(1).max(65_535),
  inFlight: z.int().min(1).default(1024),
});

/** What blocks get as connection. There is no consumer: the server gives nothing back. */
interface LineConnection {
  readonly producer: MessageProducer;
}

/** One connection: each line that is sent is answered by a line, in order. */
class LineLink extends Link implements LineConnection {
  readonly producer: Outbox<number>;
  readonly #socket: Socket;
  /** Those who wait for an answer. */
  readonly #answers = new Fifo<(answer: string) => void>();
  #lines = 0;

  constructor(url: string, socket: Socket, inFlight: number) {
    super(url);
    this.#socket = socket;
    this.producer = new Outbox(inFlight, (message) => this.#produce(message));
    const lines = createInterface(socket).on('line', (line) => this.#answers.shift()?.(line));
    // it repeats the errors of the socket
    for (const emitter of [socket, lines]) emitter.on('error', (error: Error) => this.end(error));
    socket.once('close', () => this.end(new Error('the server closed the connection')));
    this.onEnd((error) => this.producer.end(error));
  }

  #produce({ target, payload }: ProduceMessage): number {
    if (typeof payload !== 'string' && !isUtf8(payload))
      throw new Error(`the payload for "${target}" is no text, which is all that lines can carry; encode it`);
    const line = this.#lines++;
    this.#send(JSON.stringify({ target, payload: payload.toString() }), (answer) => {
      if (answer === 'ok') this.producer.settle(line);
      else this.producer.settle(line, new Error(`the server refuses a message for "${target}": ${answer}`));
    });
    return line;
  }

  /** An empty line, which the server answers with `ok`; any other answer means another kind of server. */
  protected override pingServer(): Promise<void> {
    return new Promise((resolve) =>
      this.#send('', (answer) => (answer === 'ok' ? resolve() : this.end(new Error(`it answers "${answer}"`)))),
    );
  }

  protected override release(): void {
    this.#socket.destroy();
  }

  #send(line: string, answered: (answer: string) => void): void {
    this.#answers.push(answered);
    this.#socket.write(`${line}\n`);
  }
}

class LineConnector extends LinkConnector<LineLink, LineConnection> {
  readonly #config: LineConfig;

  constructor(config: LineConfig) {
    super('line');
    this.#config = config;
  }

  protected override async open(signal: AbortSignal): Promise<LineLink> {
    const { port, inFlight } = this.#config;
    const url = `lines://127.0.0.1:${port}`;
    return new LineLink(url, await openSocket({ url, host: '127.0.0.1', port, tls: false }, {}, signal), inFlight);
  }

  /** A server that takes connections is not yet a server that answers. */
  protected override async prepare(link: LineLink): Promise<LineConnection> {
    await link.ping();
    return link;
  }
}

/** Lines over TCP, each acknowledged by a line. */
export const connector: ConnectorDefinition<LineConnection, LineConfig> = defineConnector({
  name: 'lines',
  config: LINE_CONFIG,
  make: (config) => new LineConnector(config),
});
