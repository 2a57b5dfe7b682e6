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

/** What a promise that has to reject rejects with. */
export async function rejection(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error('it did not reject');
}

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

/** A log that keeps what is said. */
export class KeptLog implements Logger {
  readonly lines: object[] = [];
  readonly #keep = (fields: object): void => void this.lines.push(fields);
  readonly debug: Logger['debug'] = this.#keep;
  readonly info: Logger['info'] = this.#keep;
  readonly warn: Logger['warn'] = this.#keep;
  readonly error: Logger['error'] = this.#keep;
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

/** Collects what comes, and tells when it is `count`. */
export class Collector<T> {
  readonly items: T[] = [];
  readonly #waiting: { readonly count: number; readonly resolve: () => void }[] = [];

  add(item: T): void {
    this.items.push(item);
    for (const { count, resolve } of this.#waiting) if (this.items.length >= count) resolve();
  }

  reaches(count: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.items.length >= count) return resolve();
      this.#waiting.push({ count, resolve });
    });
  }
}
