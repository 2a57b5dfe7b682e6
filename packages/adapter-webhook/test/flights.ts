import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { PRODUCER, RECEIVER, type ConsumedMessage, type ProduceMessage } from '@sputnikjs/messaging';
import { echoBlock, testFlight, type TestFlight } from '@sputnikjs/testkit';
import { webhook } from '@sputnikjs/adapter-webhook';
import type { Receiver } from './receiver.js';

export const SECRET: string = `whsec_${Buffer.alloc(32, 'k').toString('base64')}`;

/** A message as a consumer hands it over. */
export function message(payload: string | Uint8Array, more: Partial<ConsumedMessage> = {}): ConsumedMessage {
  return { source: 'orders', payload: Buffer.from(payload), redelivered: false, ...more };
}

/** A flight of the block, and what it has produced. */
export interface Flying {
  readonly flight: TestFlight;
  readonly produced: readonly ProduceMessage[];
  /** Has the block handle a message; resolves with "handled", or with why not. */
  readonly give: (message: ConsumedMessage) => Promise<string>;
  /** Resolves when so many lines of this event are logged. */
  readonly logged: (event: string, times?: number) => Promise<void>;
  /** The sum of a metric, of all its labels or of these. */
  readonly metric: (name: string, labels?: Readonly<Record<string, string>>) => number;
}

export async function fly(
  receiver: Pick<Receiver, 'url'>,
  config: object = {},
  produce: (message: ProduceMessage) => void | Promise<void> = () => {},
): Promise<Flying> {
  const producer = echoBlock<ProduceMessage, void>(produce);
  const own = { url: receiver.url, secret: SECRET, allowedNetworks: ['127.0.0.0/8', '::1'], ...config };
  const blocks = { [PRODUCER]: producer, [RECEIVER]: webhook };
  const flight = await testFlight({ blocks, config: { webhook: own }, timeouts: { landingMs: 60_000 } });
  const { recorder } = flight;
  return {
    flight,
    produced: producer.messages,
    give: (given) =>
      flight
        .to(RECEIVER)
        .ask(given, { timeoutMs: Infinity })
        .then(
          () => 'handled',
          (error: Error) => (error.cause as Error | undefined)?.message ?? error.message,
        ),
    logged: async (event, times = 1) => {
      while (recorder.logs.filter((line) => line['event'] === event).length < times) await turn();
    },
    metric: (name, labels = {}) =>
      flight
        .metrics()
        .flatMap(({ metrics }) => metrics)
        .filter((one) => one.name === name)
        .filter((one) => Object.entries(labels).every(([label, value]) => one.labels?.[label] === value))
        .reduce((sum, { value }) => sum + value, 0),
  };
}

export { once, turn };
