import type { Block, Clean, Msg } from '@sputnikjs/core';

/** A factory of stand-ins for a block, and the messages that they got. */
export interface EchoBlock<M extends Clean<M> = Msg, A = unknown> {
  (): Block<unknown, M, A>;
  /** All messages, in order. */
  readonly messages: readonly M[];
  /** Resolves with the next message: the oldest that no earlier call has returned. */
  next(): Promise<M>;
}

/**
 * Makes a stand-in for a block: give it the responsibility of that. It keeps all messages, and answers with what `answer` returns or resolves
 * with; by default with the message itself. If `answer` throws, the ask rejects.
 *
 * @example
 * import assert from 'node:assert/strict';
 * import { test } from 'node:test';
 * import { echoBlock, testFlight } from '@sputnikjs/testkit';
 * test('the post has a stand-in', async () => {
 *   const post = echoBlock(({ text }) => `sent: ${text}`);
 *   const flight = await testFlight({ blocks: { post } });
 *   assert.equal(await flight.to('post').ask({ text: 'hello' }), 'sent: hello');
 *   assert.deepEqual(post.messages, [{ text: 'hello' }]);
 * });
 */
export function echoBlock<M extends Clean<M> = Msg, A = M>(
  answer: (msg: M) => A | Promise<A> = (msg) => msg as unknown as A,
): EchoBlock<M, A> {
  const messages: M[] = [];
  const waiting: ((msg: M) => void)[] = [];
  let taken = 0;
  const factory = (): Block<unknown, M, A> => ({
    init() {},
    run() {},
    finish() {},
    onMsg(msg) {
      messages.push(msg);
      const wake = waiting.shift();
      if (wake) {
        taken++;
        wake(msg);
      }
      return answer(msg);
    },
    onError: () => 'continue',
  });
  const next = (): Promise<M> =>
    new Promise((resolve) => {
      const msg = messages[taken];
      if (msg === undefined) return void waiting.push(resolve);
      taken++;
      resolve(msg);
    });
  return Object.assign(factory, { messages, next });
}
