import type { Logger, Mail } from '@sputnikjs/core';
import type { ConsumedMessage, ProduceMessage, ProduceResult, RequestMessage } from '../contract.js';
import { openTraces, type Attributes, type Carrier, type SpanFacts, type Traces } from './traces.js';

/** Kinds of servers whose URLs do not begin with their names. */
const SYSTEMS: Readonly<Record<string, string>> = {
  amqp: 'rabbitmq',
  amqps: 'rabbitmq',
  mqtts: 'mqtt',
  rediss: 'redis',
  tls: 'nats',
};

/** A message for the server, and what its block says of it in the end. */
export type Sending = Pick<Mail<ProduceMessage, ProduceResult | void>, 'msg' | 'reply' | 'fail'>;

/**
 * The spans of a block that sends messages or requests to a server, or handles what comes from it. Without a registered SDK, there are none.
 *
 * @example
 * import type { ConsumedMessage } from '@sputnikjs/messaging';
 * import { MessageSpans } from '@sputnikjs/messaging/traces';
 * import { MemoryLog } from '@sputnikjs/testkit';
 * const spans = new MessageSpans();
 * await spans.open(new MemoryLog());
 * spans.connected({ url: 'nats://127.0.0.1:4222' });
 * const message: ConsumedMessage = { source: 'news', payload: Buffer.from('hello'), redelivered: false };
 * // what is passed on has the context of the span
 * const handled = await spans.processing('news', message, async ({ payload }) => String(payload));
 * console.log(handled); // hello
 */
export class MessageSpans {
  #traces: Traces | undefined;
  #server: Attributes = {};

  /** To be called at init. */
  async open(log: Logger): Promise<void> {
    this.#traces = await openTraces(log);
  }

  /** To be called with each connection. */
  connected(connection: unknown): void {
    if (this.#traces !== undefined) this.#server = serverOf(connection);
  }

  /** What to send in place of a message: the same, with the context of a span that ends when it is settled. */
  sending(mail: Sending): Sending {
    if (this.#traces === undefined) return mail;
    const { target, id } = mail.msg;
    const traced = this.#traces.begin(mail.msg, {
      name: `send ${target}`,
      kind: 'producer',
      attributes: this.#about('send', target, id),
    });
    return {
      msg: traced.carrier,
      reply(result) {
        traced.end();
        mail.reply(result);
      },
      fail(error) {
        traced.end({ error });
        mail.fail(error);
      },
    };
  }

  /** Has a message of a source handled, with the context of a span around that. */
  processing<T>(
    source: string,
    message: ConsumedMessage,
    handle: (message: ConsumedMessage) => Promise<T>,
  ): Promise<T> {
    const { source: destination, id } = message;
    return this.#around(message, handle, () => ({
      name: `process ${source}`,
      kind: 'consumer',
      attributes: this.#about('process', destination, id),
    }));
  }

  /** Sends a request, with the context of a span that lasts until its reply is there. */
  requesting<T>(request: RequestMessage, send: (request: RequestMessage) => Promise<T>): Promise<T> {
    return this.#around(request, send, () => ({
      name: `request ${request.target}`,
      kind: 'client',
      attributes: { ...this.#about('send', request.target, undefined), 'messaging.operation.name': 'request' },
    }));
  }

  async #around<T extends Carrier, R>(
    carrier: T,
    work: (carrier: T) => Promise<R>,
    facts: () => SpanFacts,
  ): Promise<R> {
    if (this.#traces === undefined) return await work(carrier);
    const traced = this.#traces.begin(carrier, facts());
    try {
      const outcome = await work(traced.carrier);
      traced.end();
      return outcome;
    } catch (error) {
      traced.end({ error });
      throw error;
    }
  }

  #about(operation: string, destination: string, id: string | undefined): Attributes {
    return {
      ...this.#server,
      'messaging.operation.name': operation,
      'messaging.operation.type': operation,
      'messaging.destination.name': destination,
      ...(id !== undefined && { 'messaging.message.id': id }),
    };
  }
}

/** What is known of the server of a connection that has a `url`. */
function serverOf(connection: unknown): Attributes {
  const { url } = Object(connection) as { readonly url?: unknown };
  if (typeof url !== 'string' || !URL.canParse(url)) return {};
  const { protocol, hostname, port } = new URL(url);
  const scheme = protocol.slice(0, -1);
  return {
    'messaging.system': SYSTEMS[scheme] ?? scheme,
    ...(hostname !== '' && { 'server.address': hostname.replace(/^\[(.*)\]$/, '$1') }),
    ...(port !== '' && { 'server.port': Number(port) }),
  };
}
