import { after } from 'node:test';
import { connector as definition, type NatsMessaging } from '@sputnikjs/connector-nats';
import { standaloneConnectors, type BlockTrial } from '@sputnikjs/testkit';
import { natsServer } from '@sputnikjs/testkit/servers';

/** The server of the blocks that fly at each place. */
const server = await natsServer({ after });
const raw = { url: server.url, jetstream: false };

type Places = NonNullable<BlockTrial['places']>;

/** Where a block of this package flies, on a real server. */
export function placesWith(work: Places['work']): Places {
  return { module: '@sputnikjs/messaging', connector: { module: '@sputnikjs/connector-nats', ...raw }, server, work };
}

/** Has a client of the server do something. */
export async function asClient<T>(act: (connection: NatsMessaging) => Promise<T>): Promise<T> {
  const { connector, connection } = await standaloneConnectors(definition).open({ after() {} }, raw);
  try {
    return await act(connection);
  } finally {
    await connector.disconnect();
  }
}
