import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { jetstream, jetstreamManager, type JetStreamManager, type StreamConfig } from '@nats-io/jetstream';
import { connect as plainConnect, type NatsConnection } from '@nats-io/transport-node';
import { confFactory, type Logger } from '@sputnikjs/core';
import { connector, NATS_CONFIG, type NatsMessaging } from '@sputnikjs/connector-nats';
import type { ConsumedMessage } from '@sputnikjs/sidecar';
import { gate } from '@sputnikjs/testkit';
import { natsServer, type RealServer } from '@sputnikjs/testkit/servers';

export const config = confFactory(() => undefined);

/** A signal that never aborts. */
export const never: AbortSignal = new AbortController().signal;

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

export interface Connected {
  readonly connection: NatsMessaging;
  /** Resolves with the reason when the connector reports the loss. */
  readonly lost: Promise<unknown>;
}

export interface Opened extends Connected {
  readonly connector: ReturnType<typeof connector.make>;
}

export function makeConnector(t: TestContext, raw: object): Opened['connector'] {
  const made = connector.make(NATS_CONFIG.parse(raw));
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
export async function connect(made: Opened['connector'], signal: AbortSignal = never): Promise<Connected> {
  const lost = gate<unknown>();
  return { connection: await made.connect(config, { signal, lost: lost.open }), lost: lost.passed };
}

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
      for await (const message of await consumer.fetch({ max_messages: count })) {
        const { subject, headers } = message;
        stored.push({ subject, payload: message.string(), headers: headers && Object.fromEntries(headers) });
        if (stored.length === count) break;
      }
      return stored;
    },
    login,
  );
}

export function textOf({ payload }: ConsumedMessage): string {
  return Buffer.from(payload).toString();
}

export function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, n) => `${n}`);
}
