import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SputnikError, systemClock, type BlockCommunicator, type BlockContext, type ErrorCode } from '@sputnikjs/core';
import type { ProduceMessage } from '@sputnikjs/messaging';
import { makePendingRequests } from '../dist/produce/pending-requests.js';

const descriptor = { name: 'x', responsibility: 'x' };
const nothing = (): void => undefined;

/** What comes of a message when the answer of the producer is `outcome`, and whether the producer was asked. */
async function produce(outcome: ErrorCode | Error | undefined, landing = new AbortController().signal) {
  let wasAsked = false;
  const producer: BlockCommunicator<ProduceMessage, void> = {
    descriptor,
    communicator: () => undefined,
    send: () => false,
    post: async () => false,
    async ask() {
      wasAsked = true;
      if (outcome) throw typeof outcome === 'string' ? new SputnikError(outcome) : outcome;
    },
  };
  const log = { debug: nothing, info: nothing, warn: nothing, error: nothing };
  const { signal } = new AbortController();
  const ctx: BlockContext = {
    descriptor,
    landingSoon: landing,
    landing,
    signal,
    log,
    clock: systemClock,
    land: nothing,
    waitUntil: nothing,
    msLeft: () => Infinity,
  };
  const pending = makePendingRequests(producer, { timeoutMs: 1000, maxPending: 1 }, ctx);
  const { body, status } = await pending.produce({ target: 'orders', payload: 'x' }, 'a client', nothing);
  return { status, wasAsked, code: 'code' in body ? body.code : undefined };
}

describe('what comes of a message', () => {
  test('is told by what became of the question', async () => {
    const outcomes: [ErrorCode | Error | undefined, number, string | undefined][] = [
      [undefined, 202, undefined],
      ['ASK_REFUSED', 503, 'FULL'],
      ['ASK_DROPPED', 503, 'FULL'],
      ['ASK_ENDED', 503, 'OUTCOME_UNKNOWN'],
      [new SputnikError('ASK_FAILED', '', { cause: new SputnikError('CONNECTION_LOST') }), 503, 'OUTCOME_UNKNOWN'],
      [new SputnikError('ASK_FAILED', '', { cause: new SputnikError('SERVER_AWAY') }), 503, 'SERVER_AWAY'],
      [new SputnikError('ASK_FAILED', '', { cause: new Error('no') }), 502, 'REFUSED'],
      [new Error('no'), 502, 'REFUSED'],
    ];
    for (const [outcome, status, code] of outcomes) {
      assert.deepEqual(await produce(outcome), { status, wasAsked: true, code }, String(outcome));
    }
  });

  test('once landing began is a refusal that does not trouble the producer', async () => {
    assert.deepEqual(await produce(undefined, AbortSignal.abort()), { status: 503, wasAsked: false, code: 'LANDING' });
  });
});
