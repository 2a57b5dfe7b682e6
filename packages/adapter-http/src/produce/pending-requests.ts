import { SputnikError, type BlockCommunicator, type BlockContext } from '@sputnikjs/core';
import type { ProduceMessage, ProduceResult } from '@sputnikjs/messaging';
import { refusal, accepted, type Answer } from '../answer/answers.js';
import { Keys } from './keys.js';
import type { Produce } from './reception.js';
import { Waiting } from './waiting.js';

/** Passes messages to the producer, and answers with the outcome. */
export interface PendingRequests {
  /** Answers messages under way at once, with an unknown outcome. */
  close(): void;
  readonly produce: Produce;
  /** How many messages wait for the server. */
  readonly count: number;
}

/** How many messages may wait for the server, and how long. */
export interface PendingLimits {
  readonly timeoutMs: number;
  readonly maxPending: number;
  /** Most of them of one client. */
  readonly maxPendingPerClient?: number | undefined;
}

/** No deadline: the producer always says in the end what became of a message. */
const NOW = { timeoutMs: Infinity, whenFull: 'reject' } as const;

/** Makes one that passes messages to `producer`. */
export function makePendingRequests(
  producer: BlockCommunicator<ProduceMessage, ProduceResult | void>,
  { timeoutMs, maxPending, maxPendingPerClient = Infinity }: PendingLimits,
  { landing, log, clock }: BlockContext,
): PendingRequests {
  let pending = 0;
  const pendingOf = new Map<string, number>();
  const keys = new Keys();
  const waiting = new Waiting(clock, timeoutMs, () => {
    log.warn({ event: 'late', code: 'ASK_TIMEOUT' }, `the server did not answer within ${timeoutMs} ms`);
    return refusal('OUTCOME_UNKNOWN', `the server did not answer within ${timeoutMs} ms`);
  });

  function note(client: string, change: 1 | -1): void {
    pending += change;
    const own = (pendingOf.get(client) ?? 0) + change;
    if (own === 0) pendingOf.delete(client);
    else pendingOf.set(client, own);
  }

  function refused(error: unknown, target: string): Answer {
    const code = error instanceof SputnikError ? error.code : undefined;
    if (code === 'ASK_ENDED') return refusal('OUTCOME_UNKNOWN', 'the satellite shut down before the server answered');
    if (code === 'ASK_UNREACHABLE') return refusal('SERVER_AWAY', (error as SputnikError).message);
    if (code === 'ASK_REFUSED' || code === 'ASK_DROPPED') return refusal(landing.aborted ? 'LANDING' : 'FULL');
    const cause = code === 'ASK_FAILED' ? (error as SputnikError).cause : error;
    if (cause instanceof SputnikError && cause.code === 'SERVER_AWAY') return refusal('SERVER_AWAY');
    if (cause instanceof SputnikError && cause.code === 'CONNECTION_LOST')
      return refusal('OUTCOME_UNKNOWN', 'the connection to the server is lost');
    if (cause instanceof SputnikError && cause.code === 'SERVER_FULL') {
      log.warn({ event: 'serverFull', code: cause.code, target, error: cause }, 'the server has no room for messages');
      return refusal('SERVER_FULL', cause.message);
    }
    log.warn({ event: 'refused', code, target, error: cause }, 'the server refused a message; see why, and correct it');
    return refusal(
      'REFUSED',
      `the server refused the message: ${cause instanceof Error ? cause.message : String(cause)}`,
    );
  }

  function denied(message: ProduceMessage, client: string): Answer | undefined {
    // guard: at landing nothing more is taken
    if (landing.aborted) return refusal('LANDING');
    // guard: a key stands for one body
    if (keys.isOfAnother(message))
      return refusal('KEY_REUSED', 'a message with another body and the same key waits for the server');
    // guard: what waits for the server is bounded
    if (pending >= maxPending) return refusal('FULL');
    // guard: no client takes all the places
    return (pendingOf.get(client) ?? 0) >= maxPendingPerClient ? refusal('TOO_MANY') : undefined;
  }

  return {
    get count() {
      return pending;
    },
    close: () => waiting.endAll(refusal('OUTCOME_UNKNOWN', 'the satellite shut down before the server answered')),
    produce(message, client, onSettled) {
      const refusal = denied(message, client);
      if (refusal) {
        onSettled();
        return Promise.resolve(refusal);
      }
      note(client, 1);
      const release = keys.hold(message);
      return new Promise((resolve) => {
        const waiter = waiting.add(resolve);
        const settle = (answer: Answer): void => {
          // Perhaps long after the client was answered: so long the message is held.
          // guard: a key is free when its message is settled
          release();
          note(client, -1);
          onSettled();
          waiting.end(waiter, answer);
        };
        // The client waits for its answer: it is better told at once that the producer, or the server, is full, or that the server is away.
        producer.ask({ ...message, whenFull: 'reject', whenAway: 'reject' }, NOW).then(
          (result) => settle(accepted(message.target, result ?? undefined)),
          (error: unknown) => settle(refused(error, message.target)),
        );
      });
    },
  };
}
