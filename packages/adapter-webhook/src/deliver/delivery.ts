import type { BlockContext } from '@sputnikjs/core';
import type { ConsumedMessage } from '@sputnikjs/messaging';
import type { WebhookEvent } from '../event/event.js';
import type { Secrets } from '../event/secrets.js';
import type { Answer } from '../send/answer.js';
import type { Client } from '../send/client.js';
import { askedDelay, retryDelay } from './retries.js';
import type { Tally } from './tally.js';
import { answerInWords, verdictOf } from './verdict.js';

/** What a delivery needs. */
export interface DeliveryParts {
  readonly url: URL;
  readonly client: Pick<Client, 'post'>;
  readonly secrets: Pick<Secrets, 'sign'>;
  readonly tally: Tally;
  /** Attempts at most. */
  readonly maxAttempts: number;
  readonly context: Pick<BlockContext, 'log' | 'clock' | 'landing'>;
  /** Unix time in milliseconds. */
  readonly unixMs: () => number;
}

/** What became of a message; rejected: its server is to deliver it again. */
export type Outcome =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'givenUp' | 'rejected'; readonly reason: string };

/** Sends messages to a URL until it accepts or refuses them. */
export class Delivery {
  readonly #parts: DeliveryParts;
  /** The receiver has asked for no requests until then. */
  #pausedUntil = 0;

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
  }

  /** Tries until there is an outcome. A landing lets each message have the attempt that is under way, or its first one. */
  async deliver(message: ConsumedMessage, event: WebhookEvent): Promise<Outcome> {
    const { maxAttempts, context } = this.#parts;
    for (let attempts = 1; ; attempts++) {
      if (!(await this.#mayBegin()))
        return { kind: 'rejected', reason: 'the satellite lands while the receiver wants no requests' };
      const { verdict, reason, waitMs } = await this.#attempt(event, attempts);
      if (verdict === 'accepted') return { kind: 'accepted' };
      if (verdict === 'giveUp') return { kind: 'givenUp', reason };
      // guard: a message is given up after so many attempts
      if (attempts >= maxAttempts) return { kind: 'givenUp', reason: `after ${attempts} attempts: ${reason}` };
      if (!context.landing.aborted) this.#tell(message, { attempts, retryInMs: Math.round(waitMs), reason });
      await context.clock.sleep(waitMs, context.landing);
      // guard: a landing does not wait for another attempt
      if (context.landing.aborted) return { kind: 'rejected', reason: `the satellite lands: ${reason}` };
    }
  }

  /** Waits as long as the receiver has asked for. False if a landing begins before. */
  async #mayBegin(): Promise<boolean> {
    const { clock, landing } = this.#parts.context;
    // guard: a receiver that asks for a pause gets it
    while (clock.now() < this.#pausedUntil) {
      if (landing.aborted) return false;
      await clock.sleep(this.#pausedUntil - clock.now(), landing);
    }
    return true;
  }

  async #attempt({ webhookId, headers, body }: WebhookEvent, attempts: number) {
    const { url, client, secrets, tally, unixMs } = this.#parts;
    const timestamp = Math.floor(unixMs() / 1_000);
    try {
      const signature = await secrets.sign({ webhookId, timestamp, body });
      const answer = await client.post(url, { headers: { ...headers, ...signature }, body });
      tally.attempt(answer.status);
      const askedMs = this.#pause(answer);
      const waitMs = Math.max(retryDelay(attempts), askedMs);
      return { verdict: verdictOf(answer), reason: answerInWords(answer), waitMs };
    } catch (error) {
      tally.attempt('none');
      return { verdict: 'retry', reason: reasonOf(error), waitMs: retryDelay(attempts) } as const;
    }
  }

  /** The receiver is overloaded, or is being worked on: what it asks for holds for all messages. */
  #pause({ status, retryAfter }: Answer): number {
    const { context, unixMs } = this.#parts;
    if (status !== 429 && status !== 503) return 0;
    const askedMs = askedDelay(retryAfter, unixMs());
    this.#pausedUntil = Math.max(this.#pausedUntil, context.clock.now() + askedMs);
    return askedMs;
  }

  #tell(
    { source, id }: ConsumedMessage,
    { attempts, retryInMs, reason }: { attempts: number; retryInMs: number; reason: string },
  ): void {
    const text = `a message of "${source}" was not delivered: ${reason}; trying again in ${retryInMs / 1_000} s`;
    this.#parts.context.log.warn({ event: 'webhookFailed', source, id, attempts, retryInMs }, text);
  }
}

/** Several addresses of one host may have failed, each in its way. */
function reasonOf(error: unknown): string {
  const errors = error instanceof AggregateError && error.errors.length > 0 ? (error.errors as unknown[]) : [error];
  return errors.map((one) => (one instanceof Error ? one.message : String(one))).join('; ');
}
