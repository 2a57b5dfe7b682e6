import type { Msg, NatsConnection } from '@nats-io/transport-node';
import type { ConsumedMessage } from '@sputnikjs/messaging';
import { propertiesOf } from '../headers.js';

/** From a handler's rejection to the next delivery, in milliseconds: doubles each time, up to the second. */
const RETRY_MS = [1000, 30_000] as const;

/** A message that a stream has delivered; the server knows it by the subject of its reply. */
export class Delivery {
  readonly message: ConsumedMessage;
  readonly #nats: NatsConnection;
  readonly #reply: string;
  /** How often it was delivered, this time included. */
  readonly #times: number;

  constructor(nats: NatsConnection, message: Msg) {
    this.#nats = nats;
    this.#reply = message.reply ?? '';
    this.#times = timesOf(this.#reply);
    const { subject, data } = message;
    const deliveries = this.#times > 0 && { deliveries: this.#times };
    const sequence = sequenceOf(this.#reply);
    this.message = {
      source: subject,
      payload: data,
      redelivered: this.#times > 1,
      ...deliveries,
      ...(sequence !== undefined && { sequence }),
      ...propertiesOf(message),
    };
  }

  /** It is handled: the server may forget it. */
  ack(): void {
    this.#nats.publish(this.#reply, '+ACK');
  }

  /** It is not handled: the server is to deliver it again, after a while. */
  retry(): void {
    const [first, most] = RETRY_MS;
    // guard: what a handler rejects comes later, not at once
    const delay = Math.min(first * 2 ** (this.#times - 1), most);
    this.#nats.publish(this.#reply, `-NAK {"delay":${delay}000000}`);
  }

  /** It was not begun: somebody else may have it at once. */
  giveBack(): void {
    this.#nats.publish(this.#reply, '-NAK');
  }

  /** It is still under way: the server is to wait. */
  working(): void {
    this.#nats.publish(this.#reply, '+WPI');
  }
}

/** True if a stream has delivered this message; else the server says something about a request for messages. */
export function isDelivery(message: Msg): boolean {
  return message.reply?.startsWith('$JS.ACK.') === true;
}

/** Nine tokens, or more, where domain and account come before the stream (ADR-15): stream, consumer, count, sequence, that of the consumer, time. */
function tokensOf(reply: string): readonly string[] {
  const tokens = reply.split('.');
  return tokens.slice(tokens.length === 9 ? 2 : 4);
}

/** A message that was delivered to a replay: that says nothing of deliveries to those who consume. */
export function replayed(message: Msg): ConsumedMessage {
  const { subject, data, reply = '' } = message;
  const sequence = sequenceOf(reply);
  return {
    source: subject,
    payload: data,
    redelivered: false,
    ...(sequence !== undefined && { sequence }),
    ...propertiesOf(message),
  };
}

/** The number of a delivered message in its stream. */
export function numberOf({ reply = '' }: Msg): number {
  return Number(tokensOf(reply)[3]);
}

function timesOf(reply: string): number {
  return Number(tokensOf(reply)[2]);
}

/** A stream that is made again counts from 1 again; the time tells the messages of the one from those of the other. */
function sequenceOf(reply: string): string | undefined {
  const [, , , sequence, , time] = tokensOf(reply);
  return sequence === undefined || time === undefined ? undefined : `${sequence}-${time}`;
}
