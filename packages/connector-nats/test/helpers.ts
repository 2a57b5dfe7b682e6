import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { jetstream, jetstreamManager, type JetStreamManager, type StreamConfig } from '@nats-io/jetstream';
import { connect as plainConnect, type NatsConnection } from '@nats-io/transport-node';
import { connector } from '@sputnikjs/connector-nats';
import { standaloneConnectors } from '@sputnikjs/testkit';
import { natsServer, type RealServer } from '@sputnikjs/testkit/servers';

export async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sputnik-nats-test-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A server that runs. */
export async function started(t: TestContext, lines?: readonly string[]): Promise<RealServer> {
  const server = await natsServer(t, lines);
  await server.start();
  return server;
}

export const { makeConnector, open, connect } = standaloneConnectors(connector);

/** A client that is not ours, for as long as the work takes. */
export async function withPlain<T>(
  url: string,
  work: (plain: NatsConnection, manager: JetStreamManager) => Promise<T>,
  login: object = {},
): Promise<T> {
  const plain = await plainConnect({ servers: new URL(url).host, ...login });
  try {
    return await work(plain, await jetstreamManager(plain, { checkAPI: false }));
  } finally {
    await plain.close();
  }
}

export function addStream(
  url: string,
  stream: Partial<StreamConfig> & { readonly name: string },
  login: object = {},
): Promise<void> {
  return withPlain(url, async (_, { streams }) => void (await streams.add(stream)), login);
}

/** The messages of a stream, in its order, as a client sees them that is not ours. */
export interface Stored {
  readonly subject: string;
  readonly payload: string;
  readonly headers: Readonly<Record<string, readonly string[]>> | undefined;
}

export function storedIn(url: string, stream: string, login: object = {}): Promise<readonly Stored[]> {
  return withPlain(
    url,
    async (plain, manager) => {
      const { messages: count } = (await manager.streams.info(stream)).state;
      if (count === 0) return [];
      const stored: Stored[] = [];
      const consumer = await jetstream(plain).consumers.get(stream);
      // A fetch ends after 30 s, which a loaded machine needs for a hundred thousand: on, until one brings nothing.
      for (let before = -1; before < stored.length && stored.length < count;) {
        before = stored.length;
        for await (const message of await consumer.fetch({ max_messages: count - before })) {
          const { subject, headers } = message;
          stored.push({ subject, payload: message.string(), headers: headers && Object.fromEntries(headers) });
          if (stored.length === count) break;
        }
      }
      return stored;
    },
    login,
  );
}

/** How many messages of a stream its consumers have still to get or to acknowledge. */
export function unhandledIn(url: string, stream: string, login: object = {}): Promise<number> {
  return withPlain(
    url,
    async (_, { consumers }) => {
      let count = 0;
      for await (const { num_ack_pending, num_pending } of consumers.list(stream))
        count += num_ack_pending + num_pending;
      return count;
    },
    login,
  );
}
