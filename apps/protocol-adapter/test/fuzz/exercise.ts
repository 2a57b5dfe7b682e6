import type { RedisConnection } from '@sputnikjs/connector-redis';
import { confFactory, type ServerConnector } from '@sputnikjs/core';

/** What blocks get of any connector. */
export type Connection = Pick<RedisConnection, 'producer' | 'consumer'>;
/** A connector, as the core has it. */
export type Client = ServerConnector<Connection>;

/** Messages that go to the server and come back. */
const MESSAGES = 3;
/** What others say is cut before anybody is shown it; this is far more. */
const LONGEST_MESSAGE = 100_000;
const DONE = Symbol('done');

/** How far it got. */
export type Reached = 'refused' | 'connected' | 'took messages' | 'gave them back';

/**
 * Does with a connector what a satellite does: connects, consumes, produces, asks for a sign of life, disconnects. Rejects only if the
 * connector does what it must not: throws what is no error, or one as long as what the server sent.
 */
export async function exercise(client: Client, target: string): Promise<Reached> {
  let lose = (): void => {};
  const lost = new Promise<typeof DONE>((resolve) => (lose = () => resolve(DONE)));
  let reached: Reached = 'refused';
  try {
    const attempt = { signal: new AbortController().signal, lost: lose };
    const { producer, consumer } = await client.connect(
      confFactory(() => undefined),
      attempt,
    );
    reached = 'connected';
    let count = 0;
    const returned = new Promise<void>((resolve) => {
      const handler = async (): Promise<void> => void (++count === MESSAGES && resolve());
      const consuming = consumer.consume(target, handler);
      void consuming.then(
        (subscription) => lost.then(() => subscription.stop()).catch(checkError),
        (error) => (checkError(error), lose()),
      );
    });
    const sent = Array.from({ length: MESSAGES }, async (_, n) =>
      producer.produce({ target, payload: `${n}`, id: `${n}` }),
    );
    const outcomes = await Promise.allSettled(sent);
    for (const outcome of outcomes) if (outcome.status === 'rejected') checkError(outcome.reason);
    if (outcomes.every(({ status }) => status === 'fulfilled')) reached = 'took messages';
    if ((await Promise.race([returned, lost])) !== DONE) reached = 'gave them back';
    await client.isConnected();
  } catch (error) {
    checkError(error);
  } finally {
    lose();
    await client.disconnect();
  }
  return reached;
}

class Misbehaved extends Error {}

function checkError(error: unknown): void {
  if (error instanceof Misbehaved) throw error;
  if (!(error instanceof Error)) throw new Misbehaved(`rejected with ${String(error)}, which is no error`);
  if (error.message.length > LONGEST_MESSAGE) throw new Misbehaved(`an error of ${error.message.length} characters`);
}
