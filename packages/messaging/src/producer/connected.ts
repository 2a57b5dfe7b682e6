import type { MessageProducer, Production } from '../contract.js';

/** One connection to the server; a new object for each connect, even if the connector returns the same value again. */
export interface Connected {
  readonly submit: (production: Production) => void;
  sent: number;
  /** Number of suspects under way, and how many may be. */
  tried: number;
  window: number;
}

/** A connection over which nothing was sent yet. */
export function connectedTo(producer: MessageProducer): Connected {
  return { submit: submitTo(producer), sent: 0, tried: 0, window: 1 };
}

/** How to submit to a producer; one that only makes promises pays for them. */
function submitTo(producer: MessageProducer): Connected['submit'] {
  return producer.submit
    ? (production) => producer.submit?.(production)
    : (production) => void settleBy(producer, production);
}

async function settleBy(producer: MessageProducer, production: Production): Promise<void> {
  try {
    production.settle(await producer.produce(production.message));
  } catch (error) {
    production.settle(error instanceof Error ? error : new Error(String(error)));
  }
}
