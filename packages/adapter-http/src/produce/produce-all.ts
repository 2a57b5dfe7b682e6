import type { ProduceMessage, ProduceResult } from '@sputnikjs/messaging';
import { answer, refusal, type Answer, type Problem } from '../answer/answers.js';
import type { Batch } from '../read/batch.js';
import { Refused, type RefusalCode } from '../answer/refusals.js';
import type { Turns } from '../receive/turns.js';

/** So long messages of a batch are read, in milliseconds, and so many at least; then it is the turn of others. */
const [SLICE_MS, SLICE] = [2, 32];
/** So much memory the answer of one message may take. */
export const ITEM_BYTES = 512;

/** What became of a message of a batch. */
export interface ItemAnswer {
  /** Its place in the batch, from 0. */
  readonly index: number;
  readonly status: number;
  /** True if the server had it already. */
  readonly duplicate?: boolean | undefined;
  readonly code?: RefusalCode | undefined;
  readonly detail?: string | undefined;
}

/**
 * Has the messages of a batch produced in their order, at most `window` at a time, each on its own. Answered 202 if all were taken;
 * if all were refused alike, as one of them would be; else 207. In each case with what became of each.
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
