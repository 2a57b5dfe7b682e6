import type { BlockContext, Metric, SputnikError } from '@sputnikjs/core';
import { requesterOf, type MessageRequester, type RequestMessage } from '@sputnikjs/messaging';
import { refusal, type Answer } from '../answer/answers.js';
import { Refused } from '../answer/refusals.js';
import { matcherOf, type Matcher } from '../access/access.js';
import { answerOf } from './reply.js';

/** Where clients may send requests, how many at once, and for how long. */
export interface RequestLimits {
  readonly targets: readonly string[];
  readonly maxRequests: number;
  readonly timeoutMs: number;
}

/** Passes requests of clients to whoever answers them on the server, and answers with the reply. */
export class Asking {
  readonly #limits: RequestLimits;
  readonly #matchers: readonly Matcher[];
  readonly #context: Pick<BlockContext, 'log' | 'landing'>;
  readonly #underWay = new Set<AbortController>();
  #requester: MessageRequester | undefined;

  constructor(limits: RequestLimits, context: Pick<BlockContext, 'log' | 'landing'>) {
    this.#limits = limits;
    this.#matchers = limits.targets.map(matcherOf);
    this.#context = context;
  }

  connected(connection: unknown): void {
    this.#requester = requesterOf(connection);
  }

  disconnected(): void {
    this.#requester = undefined;
  }

  /** Gives up all requests, and answers them at once. */
  close(): void {
    for (const request of this.#underWay) request.abort();
  }

  metrics(): readonly Metric[] {
    const help = 'Requests that wait for their replies.';
    return [{ name: 'requests', type: 'gauge', help, value: this.#underWay.size }];
  }

  /** Throws NOT_FOUND if no requests go to a target. */
  check(target: string): void {
    // guard: requests go to their targets only
    if (!this.#matchers.some((fits) => fits(target)))
      throw new Refused('NOT_FOUND', `the gateway sends no requests to the target "${target}"`);
  }

  /** Resolves with the answer. Never rejects. When `gone` aborts, nobody waits for it any more. */
  async ask(message: RequestMessage, gone: AbortSignal): Promise<Answer> {
    if (this.#context.landing.aborted) return refusal('LANDING');
    // guard: requests under way are bounded
    if (this.#underWay.size >= this.#limits.maxRequests) return refusal('FULL');
    // guard: no request waits for the server to come back
    if (this.#requester === undefined) return refusal('SERVER_AWAY');
    const over = new AbortController();
    this.#underWay.add(over);
    try {
      const { timeoutMs } = this.#limits;
      return answerOf(await this.#requester.request({ ...message, timeoutMs }, AbortSignal.any([gone, over.signal])));
    } catch (error) {
      return this.#refused(error, message.target);
    } finally {
      this.#underWay.delete(over);
    }
  }

  #refused(error: unknown, target: string): Answer {
    const { message, code } = error as SputnikError;
    switch (code) {
      case 'ASK_TIMEOUT':
        return refusal('NO_REPLY', `no reply came from "${target}" in ${this.#limits.timeoutMs} ms`);
      case 'NOBODY_LISTENS':
        return refusal('NOBODY_LISTENS', `there is no responder for "${target}"`);
      case 'ASK_FAILED':
        return refusal('REPLY_FAILED', message);
      case 'ASK_ABORTED':
        return refusal('OUTCOME_UNKNOWN', 'the gateway shut down before the reply came');
      case 'CONNECTION_LOST':
        return refusal('OUTCOME_UNKNOWN', 'the connection to the server is lost');
      case 'SERVER_FULL':
        return refusal('SERVER_FULL', message);
    }
    const text = 'the server refused a request; see why, and correct it';
    this.#context.log.warn({ event: 'refused', code, target, error }, text);
    return refusal('REFUSED', `the server refused the request: ${message}`);
  }
}
