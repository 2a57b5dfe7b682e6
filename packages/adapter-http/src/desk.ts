import { setMaxListeners } from 'node:events';
import { SputnikError, type BlockCommunicator, type BlockContext } from '@sputnikjs/core';
import type { ProduceMessage, ProduceResult } from '@sputnikjs/messaging';
import { refusal, taken, type Answer } from './answers.js';
import { Keys } from './keys.js';
import type { Produce } from './reception.js';

/** Hands messages to the producer while the server is there, and tells how that went. */
export interface Desk {
  /** The server is there: messages are taken from now on. */
  open(): void;
  /** The server is away: those under way are answered at once, their outcome unknown, and new ones refused. */
  shut(): void;
  /** Resolves when the server has taken the message, or it is known why not. Never rejects. */
  readonly produce: Produce;
}

/** How many messages may wait at a desk, and how long each. */
export interface DeskLimits {
  readonly timeoutMs: number;
  readonly maxPending: number;
  /** How many of them may be of one client. */
  readonly maxPendingPerClient?: number | undefined;
}

/** A desk that hands messages to `producer`. */
export function makeDesk(
  producer: BlockCommunicator<ProduceMessage, ProduceResult | void>,
  { timeoutMs, maxPending, maxPendingPerClient = Infinity }: DeskLimits,
  { landing, log }: BlockContext,
): Desk {
  let outage: AbortController | undefined;
  let pending = 0;
  const pendingOf = new Map<string, number>();
  const keys = new Keys();

  function count(client: string, change: 1 | -1): void {
    pending += change;
    const own = (pendingOf.get(client) ?? 0) + change;
    if (own === 0) pendingOf.delete(client);
    else pendingOf.set(client, own);
  }

  function refused(error: unknown, target: string): Answer {
    const code = error instanceof SputnikError ? error.code : undefined;
    if (code === 'ASK_ABORTED') return refusal('OUTCOME_UNKNOWN', 'the connection to the server is lost');
    if (code === 'ASK_ENDED') return refusal('OUTCOME_UNKNOWN', 'the satellite shut down before the server answered');
    if (code === 'ASK_REFUSED' || code === 'ASK_DROPPED') return refusal(landing.aborted ? 'LANDING' : 'FULL');
    if (code === 'ASK_TIMEOUT') {
      log.warn({ event: 'late', code, target }, `the server did not answer within ${timeoutMs} ms`);
      return refusal('OUTCOME_UNKNOWN', `the server did not answer within ${timeoutMs} ms`);
    }
    const cause = code === 'ASK_FAILED' ? (error as SputnikError).cause : error;
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

  return {
    open() {
      outage = new AbortController();
      // Each message under way listens: Node would warn of more than ten.
      setMaxListeners(0, outage.signal);
    },
    shut: () => {
      outage?.abort();
      outage = undefined;
    },
    async produce(message, client) {
      if (landing.aborted) return refusal('LANDING');
      if (!outage) return refusal('SERVER_AWAY');
      if (keys.isOfAnother(message))
        return refusal('KEY_REUSED', 'a message with another body waits for the server under the same key');
      if (pending >= maxPending) return refusal('FULL');
      if ((pendingOf.get(client) ?? 0) >= maxPendingPerClient) return refusal('TOO_MANY');
      count(client, 1);
      const release = keys.hold(message);
      try {
        // The client waits for its answer: it is better told at once that the producer, or the server, is full.
        const now = { timeoutMs, signal: outage.signal, whenFull: 'reject' } as const;
        const asked = producer.ask({ ...message, whenFull: 'reject' }, now);
        return taken(message.target, (await asked) ?? undefined);
      } catch (error) {
        return refused(error, message.target);
      } finally {
        release();
        count(client, -1);
      }
    },
  };
}
