import type { MessageProducer, ProduceMessage, ProduceResult } from '../contract.js';

/**
 * Produces a message by `submit`: how a producer that has that way makes a promise of it.
 *
 * @example
 * import { produceBy } from '@sputnikjs/messaging/connector';
 * const duplicates = { submit: ({ settle }: { settle(result: { duplicate: boolean }): void }) => settle({ duplicate: true }) };
 * console.log(await produceBy(duplicates, { target: 'news', payload: 'hello' })); // { duplicate: true }
 */
export function produceBy(
  producer: Required<Pick<MessageProducer, 'submit'>>,
  message: ProduceMessage,
): Promise<ProduceResult | void> {
  return new Promise((resolve, reject) => {
    const settle = (outcome?: ProduceResult | Error | void): void =>
      outcome instanceof Error ? reject(outcome) : resolve(outcome);
    producer.submit({ message, settle });
  });
}
