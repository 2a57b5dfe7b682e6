import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { confFactory, type Logger } from '@sputnikjs/core';
import { connector, MQTT_CONFIG, type MqttConnection } from '@sputnikjs/connector-mqtt';
import type { Scope } from '@sputnikjs/testkit/servers';

export const config = confFactory(() => undefined);

/** A signal that never aborts. */
export const never: AbortSignal = new AbortController().signal;

export async function temporaryFolder(t: Scope): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sputnik-mqtt-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export interface Opened {
  readonly connector: ReturnType<typeof connector.make>;
  readonly connection: MqttConnection;
  /** Resolves with the reason when the connector reports the loss. */
  readonly lost: Promise<unknown>;
}

export function makeConnector(t: TestContext, raw: object): ReturnType<typeof connector.make> {
  const made = connector.make(MQTT_CONFIG.parse(raw));
  t.after(() => Promise.resolve(made.disconnect()).catch(() => {}));
  return made;
}

/** Makes a connector, starts and connects it; it disconnects when the test ends. */
export async function open(t: TestContext, raw: object, log?: Logger): Promise<Opened> {
  const made = makeConnector(t, raw);
  await made.start?.(log);
  const { connection, lost } = await connect(made);
  return { connector: made, connection, lost };
}

/** Connects once more. */
export async function connect(made: Opened['connector']): Promise<Omit<Opened, 'connector'>> {
  let report: (reason?: unknown) => void = () => {};
  const lost = new Promise<unknown>((resolve) => (report = resolve));
  const connection = await made.connect(config, { signal: never, lost: (reason) => report(reason) });
  return { connection, lost };
}

/** Configuration of an embedded broker on a free port. */
export const embedded: object = { embedded: true, port: 0 };

export function portOf({ url }: { readonly url: string }): number {
  return Number(new URL(url).port);
}
