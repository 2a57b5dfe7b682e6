import type { TestContext } from 'node:test';
import { Redis } from 'ioredis';
import { connector } from '@sputnikjs/connector-redis';
import type { ConsumedMessage } from '@sputnikjs/messaging';
import { Collector, standaloneConnectors, textOf } from '@sputnikjs/testkit';
import { redisServer, type RealServer } from '@sputnikjs/testkit/servers';

/** A server that runs. */
export async function started(t: TestContext, lines?: readonly string[]): Promise<RealServer> {
  const server = await redisServer(t, lines);
  await server.start();
  return server;
}

export const { makeConnector, open, connect } = standaloneConnectors(connector);

/** A client that is not ours, for as long as the work takes. */
export async function withPlain<T>(port: number, work: (plain: Redis) => Promise<T>, login: object = {}): Promise<T> {
  const plain = new Redis({ port, host: '127.0.0.1', ...login });
  try {
    return await work(plain);
  } finally {
    plain.disconnect();
  }
}

/** The fields of a stream's entries, in its order, as a client sees them that is not ours. */
export function storedIn(
  port: number,
  stream: string,
  login: object = {},
): Promise<readonly Readonly<Record<string, string>>[]> {
  return withPlain(
    port,
    async (plain) => {
      const stored: Readonly<Record<string, string>>[] = [];
      for (let after = '-'; ;) {
        const entries = await plain.xrange(stream, after, '+', 'COUNT', 1000);
        for (const [, fields] of entries) stored.push(pairs(fields));
        const last = entries.at(-1)?.[0];
        if (last === undefined) return stored;
        after = `(${last}`;
      }
    },
    login,
  );
}

function pairs(fields: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(fields.flatMap((name, i) => (i % 2 === 0 ? [[name, fields[i + 1] ?? '']] : [])));
}

/** How many entries of a stream its groups have still to get or to acknowledge. */
export function unhandledIn(port: number, stream: string, login: object = {}): Promise<number> {
  return withPlain(
    port,
    async (plain) => {
      const groups = ((await plain.xinfo('GROUPS', stream)) as string[][]).map(pairs);
      return groups.reduce((count, { pending, lag = '0' }) => count + Number(pending) + Number(lag), 0);
    },
    login,
  );
}

/** How many entries of a stream's group are delivered and not acknowledged, by consumer. */
export function pendingIn(port: number, stream: string, group = 'sputnik'): Promise<Readonly<Record<string, number>>> {
  return withPlain(port, async (plain) => {
    const [, , , consumers] = (await plain.xpending(stream, group)) as unknown as readonly [
      number,
      unknown,
      unknown,
      [string, string][] | null,
    ];
    return Object.fromEntries((consumers ?? []).map(([name, count]) => [name, Number(count)]));
  });
}

/** How often each message that is pending was delivered. */
export function countsIn(port: number, stream: string): Promise<readonly number[]> {
  return withPlain(port, async (plain) =>
    ((await plain.xpending(stream, 'sputnik', '-', '+', 10)) as [string, string, number, number][]).map(
      ([, , , count]) => count,
    ),
  );
}

/** A handler that keeps the messages it is given. */
export class Inbox extends Collector<ConsumedMessage> {
  readonly take = async (message: ConsumedMessage): Promise<void> => this.add(message);

  get texts(): readonly string[] {
    return this.items.map(textOf);
  }
}

/** Resolves when a condition holds that only asking tells. */
export async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10));
}
