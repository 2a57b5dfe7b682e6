import assert from 'node:assert/strict';
import { setTimeout as realTime } from 'node:timers/promises';
import { Connection } from 'rabbitmq-client';
import { connector } from '@sputnikjs/connector-amqp';
import { standaloneConnectors } from '@sputnikjs/testkit';
import type { RabbitmqServer } from '@sputnikjs/testkit/servers';

export const { makeConnector, open, connect } = standaloneConnectors(connector);

/** A client that is not ours, for as long as the work takes. */
export async function withPlain<T>(port: number, work: (plain: Connection) => Promise<T>): Promise<T> {
  const plain = new Connection(`amqp://guest:guest@127.0.0.1:${port}`);
  plain.on('error', () => {});
  try {
    return await work(plain);
  } finally {
    await plain.close();
  }
}

/** Makes a durable queue. */
export async function addQueue(port: number, queue: string, limits: Record<string, unknown> = {}): Promise<void> {
  await withPlain(port, (plain) => plain.queueDeclare({ queue, durable: true, arguments: limits }));
}

/** Deletes a queue, with all that is in it. */
export async function removeQueue(port: number, queue: string): Promise<void> {
  await withPlain(port, (plain) => plain.queueDelete({ queue }));
}

const erlang = (texts: readonly string[]): string => [...texts, 'test'].map((text) => `<<"${text}">>`).join(', ');

/** What a user may configure, write and read, as patterns of names. */
export type Permissions = readonly [configure: string, write: string, read: string];

/** Makes a user, who may do that in a virtual host. */
export async function addUser(
  server: RabbitmqServer,
  [user, password]: readonly [string, string],
  permissions: Permissions,
  vhost = '/',
): Promise<void> {
  await server.evaluate(`rabbit_auth_backend_internal:add_user(${erlang([user, password])})`);
  await permit(server, user, permissions, vhost);
}

/** Lets a user do something else from now on. */
export async function permit(
  server: RabbitmqServer,
  user: string,
  permissions: Permissions,
  vhost = '/',
): Promise<void> {
  await server.evaluate(`rabbit_auth_backend_internal:set_permissions(${erlang([user, vhost, ...permissions])})`);
}

/** Fails if somebody has reported the loss of a connection. */
export async function assertKept(lost: Promise<unknown>): Promise<void> {
  assert.equal(await Promise.race([lost, realTime(0, 'kept')]), 'kept');
}

/** A message as a client sees it that is not ours. */
export interface Stored {
  readonly payload: string;
  readonly routingKey: string;
  readonly contentType: string | undefined;
  readonly messageId: string | undefined;
  readonly headers: object | undefined;
}

/** All that is in a queue, which it leaves there. */
export function storedIn(port: number, queue: string): Promise<readonly Stored[]> {
  return withPlain(port, async (plain) => {
    const channel = await plain.acquire();
    const { messageCount } = await channel.queueDeclare({ queue, passive: true });
    const found: Stored[] = [];
    await channel.basicConsume({ queue }, ({ body, routingKey, contentType, messageId, headers }) =>
      found.push({ payload: String(body), routingKey, contentType, messageId, headers }),
    );
    while (found.length < messageCount) await new Promise((resolve) => setImmediate(resolve));
    await channel.close();
    return found;
  });
}
