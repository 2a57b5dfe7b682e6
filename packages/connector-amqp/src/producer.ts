import type { MessageProducer, ProduceMessage } from '@sputnikjs/sidecar';
import { Outbox, type LinkUser } from '@sputnikjs/sidecar/connector';
import { AMQPError, type Channel, type ReturnedMessage } from 'rabbitmq-client';
import type { AmqpConfig } from './config.js';
import { keepBytes } from './keep-bytes.js';
import type { Link } from './link.js';
import { isSame, publicationOf, type Publication } from './publication.js';
import { blameFor, tooLarge, type SizeLimit } from './refusal.js';

/** Publishes persistent messages, and has the server confirm each. */
export class Producer implements LinkUser {
  readonly outbox: MessageProducer;
  readonly #link: Link;
  readonly #channel: Channel;
  readonly #exchange: string;
  readonly #limit: SizeLimit;
  readonly #outbox: Outbox<number>;
  /** Under way, in the order of sending. */
  readonly #sent = new Map<number, Publication>();
  #next = 0;
  #isFirst = true;

  /** Resolves when the server is ready to take messages. */
  static async on(link: Link, config: AmqpConfig, limit: SizeLimit): Promise<Producer> {
    let producer: Producer | undefined;
    const failed = (error: Error): void => (producer === undefined ? link.end(error) : producer.#failed(error));
    const channel = keepBytes(await link.channel('producer', failed));
    await link.during(channel.confirmSelect());
    return (producer = new Producer(link, channel, config, limit));
  }

  private constructor(link: Link, channel: Channel, { exchange, inFlight }: AmqpConfig, limit: SizeLimit) {
    this.#link = link;
    this.#channel = channel;
    this.#exchange = exchange;
    this.#limit = limit;
    this.outbox = this.#outbox = new Outbox(inFlight, (message) => this.#send(message));
    channel.on('basic.return', (message) => this.#returned(message));
    link.add(this);
  }

  ended(error: Error): void {
    this.#sent.clear();
    this.#outbox.end(error);
  }

  #send(message: ProduceMessage): number {
    const publication = publicationOf(message, this.#exchange);
    const problem = tooLarge(publication, this.#limit);
    if (problem !== undefined) throw problem;
    const key = this.#next++;
    this.#sent.set(key, publication);
    this.#channel.basicPublish(publication.envelope, publication.body).then(
      // the confirmation of a message that comes back comes after it; the library tells of it a turn later, though
      () => setImmediate(() => this.#settle(key)),
      (error: Error) => this.#rejected(key, publication, error),
    );
    return key;
  }

  #returned(message: ReturnedMessage): void {
    const { routingKey, replyText } = message;
    for (const [key, publication] of this.#sent)
      if (isSame(publication, message)) {
        const advice =
          this.#exchange === ''
            ? 'create the queue ("queues" of the connector does), or correct the target'
            : `bind a queue to the exchange "${this.#exchange}" ("bindings" of "queues" of the connector does)`;
        return this.#settle(key, new Error(`no queue takes messages for "${routingKey}" (${replyText}); ${advice}`));
      }
    this.#link.end(new Error(`the server returned a message for "${routingKey}" that was not sent: ${replyText}`));
  }

  #rejected(key: number, { envelope: { routingKey } }: Publication, cause: AMQPError | Error): void {
    if (!(cause instanceof AMQPError) || cause.code !== 'NACK') return this.#failed(cause);
    const why = `a queue for "${routingKey}" is full, or has failed`;
    const advice = "consume what it holds, raise its maxLength (x-max-length), or look into the server's log";
    this.#settle(key, new Error(`the server refuses the message: ${why}; ${advice}`, { cause }));
  }

  /** The server has closed the channel: those to blame fail, the others are sent again by the next link. */
  #failed(error: Error): void {
    if (this.#link.over !== undefined) return;
    const blame = blameFor(error, this.#isFirst, this.#limit);
    // whom we settle makes room for others, who are not to blame
    const blamed = Array.from(this.#sent, ([key, publication]) => [key, blame(publication)] as const);
    for (const [key, problem] of blamed) if (problem !== undefined) this.#settle(key, problem);
    this.#link.end(error);
  }

  #settle(key: number, error?: Error): void {
    this.#isFirst = false;
    this.#sent.delete(key);
    this.#outbox.settle(key, error);
  }
}
