import type { TestContext } from 'node:test';
import { Connection } from 'rabbitmq-client';
import { confFactory, type Logger } from '@sputnikjs/core';
import { AMQP_CONFIG, connector, type AmqpConnection } from '@sputnikjs/connector-amqp';
import type { ConsumedMessage } from '@sputnikjs/sidecar';
import { gate } from '@sputnikjs/testkit';

const config = confFactory(() => undefined);
/** A signal that never aborts. */
const never = new AbortController().signal;

export interface Connected {
  readonly connection: AmqpConnection;
  /** Resolves with the reason when the connector reports the loss. */
  readonly lost: Promise<unknown>;
}

export interface Opened extends Connected {
  readonly connector: ReturnType<typeof connector.make>;
}

export function makeConnector(t: TestContext, raw: object): Opened['connector'] {
  const made = connector.make(AMQP_CONFIG.parse(raw));
  t.after(() => made.disconnect());
  return made;
}

/** Makes a connector, starts and connects it; it disconnects when the test ends. */
export async function open(t: TestContext, raw: object, log?: Logger): Promise<Opened> {
  const made = makeConnector(t, raw);
  await made.start?.(log);
  return { connector: made, ...(await connect(made)) };
}

/** Connects once more. */
export async function connect(made: Opened['connector']): Promise<Connected> {
  const lost = gate<unknown>();
  return { connection: await made.connect(config, { signal: never, lost: lost.open }), lost: lost.passed };
}

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

export function textOf({ payload }: ConsumedMessage): string {
  return Buffer.from(payload).toString();
}

export function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, n) => `${n}`);
}
