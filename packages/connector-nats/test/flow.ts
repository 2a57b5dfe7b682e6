import type { TestContext } from 'node:test';
import type { NatsMessaging } from '@sputnikjs/connector-nats';
import { Collector, MemoryLog, textOf, type StandaloneConnector } from '@sputnikjs/testkit';
import { addStream, open, started, withPlain } from './helpers.js';

export interface Flow extends StandaloneConnector<NatsMessaging> {
  readonly url: string;
  readonly log: MemoryLog;
  readonly seen: Collector<string>;
  readonly produce: (payload: string, target?: string) => Promise<unknown>;
  /** Why the connection was lost, if it was. */
  readonly loss: () => unknown;
}

/** A connection to a server, by which `seen` is what comes of the subject a, if that is to be consumed. */
export async function flow(t: TestContext, raw: object = {}, consumes = true): Promise<Flow> {
  const { url } = await started(t);
  await addStream(url, { name: 'S', subjects: ['a'] });
  const [log, seen] = [new MemoryLog(), new Collector<string>()];
  const opened = await open(t, { url, ...raw }, log);
  let loss: unknown;
  void opened.lost.then((why) => (loss = why ?? 'no reason given'));
  const { producer, consumer } = opened.connection;
  if (consumes) await consumer.consume('a', async (message) => seen.add(textOf(message)));
  const produce = (payload: string, target = 'a'): Promise<unknown> => producer.produce({ target, payload });
  return { ...opened, url, log, seen, produce, loss: () => loss };
}

export function deleteStream(url: string, name = 'S'): Promise<unknown> {
  return withPlain(url, (_, { streams }) => streams.delete(name));
}
