import type { ProduceMessage, ProduceResult } from '@sputnikjs/messaging';
import { answer, refusal, type Answer, type Problem } from '../answer/answers.js';
import type { Batch } from '../read/batch.js';
import { Refused, type RefusalCode } from '../answer/refusals.js';
import type { Turns } from '../receive/turns.js';

/** A batch yields to others after so many milliseconds, but not before so many messages. */
const [SLICE_MS, SLICE] = [2, 32];
/** Memory that the answer for one message may take. */
export const ITEM_BYTES = 512;

/** The outcome of a message of a batch. */
export interface ItemAnswer {
  /** Its index in the batch, from 0. */
  readonly index: number;
  readonly status: number;
  /** True if the server already had it. */
  readonly duplicate?: boolean | undefined;
  readonly code?: RefusalCode | undefined;
  readonly detail?: string | undefined;
}

/**
 * Produces the messages of a batch, each by itself, in order, at most `window` at a time. The answer has the outcome of each. It is 202 if the
 * server accepted all; if all were refused with the same code, it is that refusal; otherwise 207.
 */
export async function produceAll(
  target: string,
  { size, item: itemAt }: Batch,
  produce: (message: ProduceMessage) => Promise<Answer>,
  window: number,
  turns: Turns,
): Promise<Answer> {
  const results: ItemAnswer[] = [];
  let next = 0;
  let since = performance.now();
  const others: { turn?: Promise<void> | undefined } = {};
  const work = async (): Promise<void> => {
    for (;;) {
      while (others.turn) await others.turn;
      if (next === size) return;
      const index = next++;
      const item = itemAt(index);
      if (next % SLICE === 0 && performance.now() - since >= SLICE_MS)
        others.turn = turns.next().then(() => {
          since = performance.now();
          others.turn = undefined;
        });
      const { status, body } = item instanceof Refused ? refusal(item.code, item.message) : await produce(item);
      const { code, detail, duplicate } = body as Partial<Problem> & ProduceResult;
      results[index] = { index, status, ...(duplicate && { duplicate }), ...(code && { code, detail }) };
    }
  };
  await Promise.all(Array.from({ length: Math.min(window, size) }, work));

  const codes = new Set(results.map(({ code }) => code));
  const [code] = codes;
  if (codes.size > 1) return answer(207, { target, items: results });
  if (code === undefined) return answer(202, { target, items: results });
  return refusal(code, 'every message of the batch has this outcome', { extra: { items: results } });
}
