import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { SputnikError, type BlockDefinition } from '@sputnikjs/core';
import { PRODUCER, type ProduceMessage, type ProduceResult } from '@sputnikjs/messaging';
import { spool } from '@sputnikjs/spool';
import { echoBlock, testFlight, turn, type EchoBlock, type TestFlight } from '@sputnikjs/testkit';

const folders: string[] = [];
after(() => {
  for (const path of folders) rmSync(path, { recursive: true, force: true });
});

/** A folder that is removed when all tests have ended, and all flights have landed. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'sputnik-spool-'));
  folders.push(path);
  return path;
}

/** What a producer answers; as it does, it throws a SputnikError for what it cannot deliver. */
export type Answer = (message: ProduceMessage) => ProduceResult | void | Promise<ProduceResult | void>;

/** A producer that never answers takes most of it. */
const LANDING_MS = 500;

/** What a flight has beside the spool. */
export interface Surroundings {
  readonly others?: readonly BlockDefinition[];
  readonly landingMs?: number;
}

/** A satellite with a spool in front of a stand-in for the producer. */
export interface SpoolFlight {
  readonly flight: TestFlight;
  readonly uplink: EchoBlock<ProduceMessage, ProduceResult | void>;
  /** Its own metrics. */
  readonly metrics: () => Record<string, number>;
  readonly ask: (message: ProduceMessage) => Promise<ProduceResult | void>;
}

export async function spoolFlight(
  config: Record<string, unknown>,
  answer: Answer = () => undefined,
  { others = [], landingMs = LANDING_MS }: Surroundings = {},
): Promise<SpoolFlight> {
  const uplink = echoBlock<ProduceMessage, ProduceResult | void>(answer);
  const slow = (): ReturnType<typeof uplink> => ({ ...uplink(), mailbox: { concurrency: 4_096 } });
  const flight = await testFlight({
    blocks: [
      { responsibility: 'uplink', block: slow as never },
      { responsibility: PRODUCER, block: spool, needs: { producer: 'uplink' } },
      ...others.map((block) => ({ responsibility: block.name, block })),
    ],
    config: { [PRODUCER]: config },
    timeouts: { landingMs },
  });
  return {
    flight,
    uplink,
    metrics: () => metricsOf(flight),
    ask: (message) => flight.to(PRODUCER).ask(message, { timeoutMs: Infinity }),
  };
}

function metricsOf(flight: TestFlight): Record<string, number> {
  const of = flight.metrics().find(({ block }) => block.responsibility === PRODUCER);
  return Object.fromEntries(of?.metrics.map(({ name, value }) => [name, value]) ?? []);
}

/** Resolves when it is so; what happens on the disk takes real time. */
export async function until(isSo: () => boolean): Promise<void> {
  for (let turns = 0; !isSo(); turns++) {
    if (turns === TURNS) throw new Error('it is never so');
    await turn();
  }
}

const TURNS = 3_000;

export const away = (): never => {
  throw new SputnikError('CONNECTION_LOST');
};

export const silent = (): Promise<never> => new Promise(() => {});
