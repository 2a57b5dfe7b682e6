import { SputnikError } from '@sputnikjs/core';
import { REPLY_MS, type MessageRequester, type ReceivedReply, type RequestMessage } from '@sputnikjs/messaging';
import { nobodyListens, requestFailed, Requests, serverFull } from '@sputnikjs/messaging/connector';
import { AMQPError, type AsyncMessage, type Channel, type ReturnedMessage } from 'rabbitmq-client';
import type { AmqpConfig } from './config.js';
import { messageOf } from './delivery.js';
import { keepBytes } from './keep-bytes.js';
import type { AmqpLink, AmqpLinkUser } from './link.js';
import { FAILURE, publicationOf, REPLY_TO, type Publication } from './publication.js';
import { blameFor, tooLarge, type SizeLimit } from './refusal.js';

/** What AMQP has room for: four bytes of milliseconds. */
const LONGEST_MS = 2 ** 32 - 1;

/** A request under way: what was published, and where, as far as that has come. */
interface Sent {
  readonly publication: Publication;
  channel: Channel | undefined;
}

/**
 * Sends requests by direct reply-to: replies come on the channel of the request, without a queue. A channel that the server closes takes the
 * replies of all requests on it along; the next request opens another.
 */
export class AmqpRequester implements MessageRequester, AmqpLinkUser {
  readonly #link: AmqpLink;
  readonly #exchange: string;
  readonly #limit: SizeLimit;
  readonly #requests = new Requests<Sent>();
  #channel: Promise<Channel> | undefined;
  /** What that has come to. */
  #opened: Channel | undefined;
  /** The server has answered something on this channel. */
  #isProven = false;

  constructor(link: AmqpLink, { exchange }: AmqpConfig, limit: SizeLimit) {
    this.#link = link;
    this.#exchange = exchange;
    this.#limit = limit;
    link.add(this);
  }

  async request(request: RequestMessage, signal?: AbortSignal): Promise<ReceivedReply> {
    const { target, timeoutMs = REPLY_MS } = request;
    const { blocked } = this.#link;
    if (blocked !== undefined)
      throw serverFull(`the server takes no requests for now (${blocked}); give it more memory or disk`);
    const publication = publicationOf(request, this.#exchange);
    const problem = tooLarge(publication, this.#limit);
    if (problem !== undefined) throw problem;
    return await this.#requests.open(request, signal, (key) => {
      const sent: Sent = { publication: requestOf(publication, key, timeoutMs), channel: undefined };
      this.#publish(key, sent, target).catch((error: Error) => this.#requests.settle(key, error));
      return sent;
    });
  }

  ended(error: Error): void {
    this.#requests.end(error);
  }

  async #publish(key: string, sent: Sent, target: string): Promise<void> {
    const channel = await this.#open();
    // a request that is late already is not sent
    if (this.#requests.targetOf(key) === undefined) return;
    sent.channel = channel;
    const { envelope, body } = sent.publication;
    try {
      await channel.basicPublish(envelope, body);
      this.#isProven = true;
    } catch (error) {
      if (!(error instanceof AMQPError) || error.code !== 'NACK') return this.#failed(channel, error as Error);
      const text = `the server refuses the request for now: a queue for "${target}" is full, or has failed`;
      this.#requests.settle(key, serverFull(text, error));
    }
  }

  #open(): Promise<Channel> {
    return (this.#channel ??= this.#openNow());
  }

  async #openNow(): Promise<Channel> {
    let channel: Channel | undefined;
    const failed = (error: Error): void => this.#failed(channel, error);
    try {
      channel = keepBytes(await this.#link.channel('producer', failed));
      channel.on('basic.return', (message) => this.#returned(message));
      await this.#link.during(channel.confirmSelect());
      const replied = (message: AsyncMessage): void => this.#replied(message);
      await this.#link.during(channel.basicConsume({ queue: REPLY_TO, noAck: true }, replied));
      this.#isProven = false;
      return (this.#opened = channel);
    } catch (error) {
      this.#channel = undefined;
      throw error;
    }
  }

  #replied(message: AsyncMessage): void {
    const { payload, contentType, headers = {}, correlationId = '' } = messageOf(message);
    const { [FAILURE]: failure, ...others } = headers;
    const target = this.#requests.targetOf(correlationId);
    if (target === undefined) return;
    this.#isProven = true;
    if (failure !== undefined) return void this.#requests.settle(correlationId, requestFailed(target, failure));
    this.#requests.settle(correlationId, {
      payload,
      ...(contentType !== undefined && { contentType }),
      ...(Object.keys(others).length > 0 && { headers: others }),
    });
  }

  #returned({ correlationId = '', routingKey }: ReturnedMessage): void {
    // guard: a request that finds no queue is refused
    this.#requests.settle(correlationId, nobodyListens(routingKey));
  }

  /** The server has closed a channel: those to blame are refused, the others have nowhere to come to any more. What has come comes first. */
  #failed(channel: Channel | undefined, error: Error): void {
    if (channel === undefined || channel !== this.#opened) return;
    this.#channel = this.#opened = undefined;
    const isFirst = !this.#isProven;
    setImmediate(() => {
      const blame = blameFor(error, isFirst, this.#limit);
      this.#requests.refuse((target, { publication, channel: on }) => {
        if (on !== channel) return undefined;
        return blame(publication) ?? cutOff(target, error);
      });
    });
  }
}

/** What is published for a request. The server drops it when its time is over before somebody takes it. */
function requestOf({ envelope, body }: Publication, key: string, timeoutMs: number): Publication {
  return {
    envelope: {
      ...envelope,
      durable: false,
      replyTo: REPLY_TO,
      correlationId: key,
      // guard: the server keeps no request for longer than its reply may take
      ...(timeoutMs <= LONGEST_MS && { expiration: String(Math.ceil(timeoutMs)) }),
    },
    body,
  };
}

function cutOff(target: string, cause: Error): SputnikError {
  const text = `no reply to the request for "${target}" can arrive, because the server has closed its channel: ${cause.message}; the request may still be handled`;
  return new SputnikError('CONNECTION_LOST', text, { cause });
}
