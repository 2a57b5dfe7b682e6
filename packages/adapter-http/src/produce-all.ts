import type { ProduceMessage, ProduceResult } from '@sputnikjs/messaging';
import { answer, refusal, type Answer, type Problem } from './answers.js';
import { Refused, type RefusalCode } from './refusals.js';

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
  items: readonly (ProduceMessage | Refused)[],
  produce: (message: ProduceMessage) => Promise<Answer>,
  window: number,
): Promise<Answer> {
  const results: ItemAnswer[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let item = items[next]; item !== undefined; item = items[next]) {
      const index = next++;
      const { status, body } = item instanceof Refused ? refusal(item.code, item.message) : await produce(item);
      const { code, detail, duplicate } = body as Partial<Problem> & ProduceResult;
      results[index] = { index, status, ...(duplicate && { duplicate }), ...(code && { code, detail }) };
    }
  };
  await Promise.all(Array.from({ length: Math.min(window, items.length) }, work));

  const codes = new Set(results.map(({ code }) => code));
  const [code] = codes;
  if (codes.size > 1) return answer(207, { target, items: results });
  if (code === undefined) return answer(202, { target, items: results });
  return refusal(code, 'so it is with each message of the batch', { extra: { items: results } });
}
