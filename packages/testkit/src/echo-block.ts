import type { Block, Clean, Msg } from '@sputnikjs/core';

/** A factory of blocks that stand for another, and what they were sent. */
export interface EchoBlock<M extends Clean<M> = Msg, A = unknown> {
  (): Block<unknown, M, A>;
  /** All that came, in order. */
  readonly messages: readonly M[];
  /** The oldest message that was not asked for yet, once there is one. */
  next(): Promise<M>;
}

/**
 * Stands for a block that is not there: give it that one's responsibility. It keeps what it is sent, and answers with what
 * `answer` returns or resolves with; with the message itself unless given. If `answer` throws, the ask rejects.
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
