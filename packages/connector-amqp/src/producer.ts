import type { MessageProducer, ProduceMessage, ProduceResult, Production } from '@sputnikjs/messaging';
import { Outbox, produceBy, serverFull } from '@sputnikjs/messaging/connector';
import { AMQPError, type Channel, type ReturnedMessage } from 'rabbitmq-client';
import type { AmqpConfig } from './config.js';
import { keepBytes } from './keep-bytes.js';
import type { AmqpLink, AmqpLinkUser } from './link.js';
import { isSame, publicationOf, type Publication } from './publication.js';
import { blameFor, tooLarge, type SizeLimit } from './refusal.js';
import type { Topology } from './topology.js';

/** A message that its sender waits for. */
interface UnderWay {
  readonly publication: Publication;
  /** The channel it was sent on and is not answered on yet; undefined while it waits to be sent, or to be sent again. */
  on: Channel | undefined;
  /** It came back once, since it found no queue. */
  cameBack: boolean;
}

/**
 * Publishes persistent messages; the server confirms each. If the server closes the channel because of one message, the link stays, and the other
 * unconfirmed messages are sent again, in order, on another channel. Messages that find no configured exchange or queue are sent again after
 * these are created again.
 */
export class AmqpProducer implements MessageProducer, AmqpLinkUser {
  readonly #link: AmqpLink;
  readonly #topology: Topology;
  readonly #exchange: string;
  readonly #limit: SizeLimit;
  readonly #outbox: Outbox<number>;
  /** By key, in the order of the calls. */
  readonly #underWay = new Map<number, UnderWay>();
  #next = 0;
  /** Undefined when the server has closed it. */
  #channel: Channel | undefined;
  /** The server has answered something on this channel. */
  #isProven = false;
  /** Something is to be made again before messages are sent again. */
  #isMissing = false;
  #recovering: Promise<void> | undefined;
  #lookQuiet = (): void => {};

  /** Resolves when the server is ready to take messages. */
  static async on(link: AmqpLink, topology: Topology, config: AmqpConfig, limit: SizeLimit): Promise<AmqpProducer> {
    const producer = new AmqpProducer(link, topology, config, limit);
    producer.#channel = await producer.#open();
    link.add(producer);
    return producer;
  }

  private constructor(link: AmqpLink, topology: Topology, { exchange, inFlight }: AmqpConfig, limit: SizeLimit) {
    this.#link = link;
    this.#topology = topology;
    this.#exchange = exchange;
    this.#limit = limit;
    this.#outbox = new Outbox(inFlight, (message) => this.#send(message));
  }

  produce(message: ProduceMessage): Promise<ProduceResult | void> {
    return produceBy(this, message);
  }

  submit(production: Production): void {
    const { blocked: reason } = this.#link;
    // guard: at an alarm messages are refused at once
    if (reason === undefined) return this.#outbox.submit(production);
    production.settle(blocked(production.message.target, reason));
  }

  /** What is on its way stays there; all else is refused. */
  blocked(reason: string | undefined): void {
    if (reason === undefined) return;
    for (const [key, { on, publication }] of this.#underWay)
      if (on === undefined) this.#settle(key, blocked(publication.envelope.routingKey, reason));
    // guard: at an alarm those that wait are refused
    this.#outbox.refuseWaiting(({ target }) => blocked(target, reason));
  }

  ended(error: Error): void {
    this.#underWay.clear();
    this.#outbox.end(error);
    this.#lookQuiet();
  }

  async #open(): Promise<Channel> {
    let channel: Channel | undefined;
    const failed = (error: Error): void =>
      channel === undefined ? this.#link.end(error) : this.#failed(channel, error);
    const opened = (channel = keepBytes(await this.#link.channel('producer', failed)));
    opened.on('basic.return', (message) => this.#returned(opened, message));
    await this.#link.during(opened.confirmSelect());
    this.#isProven = false;
    return opened;
  }

  #send(message: ProduceMessage): number {
    const { blocked: reason } = this.#link;
    if (reason !== undefined) throw blocked(message.target, reason);
    const publication = publicationOf(message, this.#exchange);
    const problem = tooLarge(publication, this.#limit);
    if (problem !== undefined) throw problem;
    const key = this.#next++;
    const sent = { publication, on: undefined, cameBack: false };
    this.#underWay.set(key, sent);
    if (this.#channel !== undefined && this.#recovering === undefined) this.#publish(this.#channel, key, sent);
    return key;
  }

  #publish(channel: Channel, key: number, sent: UnderWay): void {
    sent.on = channel;
    const { envelope, body } = sent.publication;
    channel.basicPublish(envelope, body).then(
      // the confirmation of a message that comes back comes after it; the library tells of it a turn later, though
      () => setImmediate(() => sent.on === channel && this.#answered(key)),
      (error: Error) => sent.on === channel && this.#rejected(channel, key, sent, error),
    );
  }

  #rejected(channel: Channel, key: number, { publication }: UnderWay, cause: AMQPError | Error): void {
    if (!(cause instanceof AMQPError) || cause.code !== 'NACK') return this.#failed(channel, cause);
    const why = `a queue for ${JSON.stringify(publication.envelope.routingKey)} is full, or has failed`;
    const advice = "consume its messages, raise its maxLength (x-max-length), or check the server's log";
    this.#answered(key, serverFull(`the server refuses the message for now: ${why}; ${advice}`, cause));
  }

  #returned(channel: Channel, message: ReturnedMessage): void {
    const { routingKey, replyText } = message;
    for (const [key, sent] of this.#underWay) {
      if (sent.on !== channel || !isSame(sent.publication, message)) continue;
      // guard: what found no queue of the configuration is sent again
      if (sent.cameBack || !this.#topology.mayRoute(routingKey))
        return this.#answered(key, unroutable(this.#exchange, message));
      // its confirmation, which follows, says nothing
      sent.on = undefined;
      sent.cameBack = true;
      this.#isMissing = true;
      this.#isProven = true;
      return this.#recover();
    }
    const what = `a message for ${JSON.stringify(routingKey)}`;
    this.#link.end(new Error(`the server returned ${what} that was not sent: ${replyText}`));
  }

  /** The server has closed a channel, or it cannot be used any more. What has come on it before comes first. */
  #failed(channel: Channel, error: Error): void {
    if (channel !== this.#channel) return;
    this.#channel = undefined;
    setImmediate(() => this.#closed(channel, error));
  }

  /** Those to blame fail, the others are sent again; if nobody is, and nothing was answered, on the next link. */
  #closed(channel: Channel, error: Error): void {
    if (this.#link.over !== undefined) return;
    const isMissing = (error as Partial<AMQPError>).code === 'NOT_FOUND';
    let isExplained = this.#isProven || isMissing;
    this.#isMissing ||= isMissing;
    const blame = blameFor(error, !this.#isProven, this.#limit);
    // whom we settle makes room for others, who are not to blame
    const sent = [...this.#underWay].filter(([, { on }]) => on === channel);
    for (const [, message] of sent) message.on = undefined;
    for (const [key, { publication }] of sent) {
      const problem = blame(publication);
      if (problem === undefined) continue;
      isExplained = true;
      this.#settle(key, problem);
    }
    // guard: a channel that the server closes is opened again
    if (isExplained) this.#recover();
    else this.#link.end(error);
  }

  #recover(): void {
    this.#recovering ??= this.#goOn().catch((error: Error) => this.#link.end(error));
    this.#lookQuiet();
  }

  /** Sends again, in order, what has to be, as soon as nothing else is under way. */
  async #goOn(): Promise<void> {
    do {
      // guard: nothing is sent again before what was sent is answered
      await this.#quiet();
      if (this.#link.over !== undefined) return;
      if (this.#isMissing) await this.#makeMissing();
      this.#channel ??= await this.#open();
      // each may have taken a while
    } while (this.#isMissing || this.#channel === undefined || this.#hasUnanswered());
    this.#recovering = undefined;
    for (const [key, sent] of this.#underWay) if (sent.on === undefined) this.#publish(this.#channel, key, sent);
  }

  async #makeMissing(): Promise<void> {
    try {
      await this.#topology.prepare();
    } catch (error) {
      // without an exchange there is nothing to go on with
      if (this.#channel === undefined || this.#link.over !== undefined) throw error;
      for (const [key, { on, cameBack, publication }] of this.#underWay)
        if (on === undefined && cameBack) this.#settle(key, notMade(publication, error as Error));
    }
    this.#isMissing = false;
  }

  /** Resolves when what was sent is answered, or the server has closed the channel. */
  async #quiet(): Promise<void> {
    while (this.#hasUnanswered()) await new Promise<void>((resolve) => (this.#lookQuiet = resolve));
  }

  #hasUnanswered(): boolean {
    for (const { on } of this.#underWay.values()) if (on !== undefined) return true;
    return false;
  }

  #answered(key: number, error?: Error): void {
    this.#isProven = true;
    this.#settle(key, error);
  }

  #settle(key: number, error?: Error): void {
    this.#underWay.delete(key);
    this.#outbox.settle(key, error);
    this.#lookQuiet();
  }
}

function blocked(target: string, reason: string): Error {
  const what = `the server takes no messages for now (${reason})`;
  return serverFull(`${what}, and none for ${JSON.stringify(target)}; give it more memory or disk`);
}

function unroutable(exchange: string, { routingKey, replyText }: ReturnedMessage): Error {
  const advice =
    exchange === ''
      ? 'create the queue, list it in "queues" of the connector, or correct the target'
      : `bind a queue to the exchange "${exchange}" ("bindings" in "queues" of the connector)`;
  return new Error(`no queue takes messages for ${JSON.stringify(routingKey)} (${replyText}); ${advice}`);
}

function notMade({ envelope }: Publication, cause: Error): Error {
  const what = `no queue takes messages for ${JSON.stringify(envelope.routingKey)}`;
  return new Error(`${what}, and creating one failed: ${cause.message}`, { cause });
}
