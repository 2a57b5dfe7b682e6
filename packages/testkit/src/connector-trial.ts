import assert from 'node:assert/strict';
import { setTimeout as realTime } from 'node:timers/promises';
import { confFactory, type ServerConnector } from '@sputnikjs/core';
import { footprint } from './footprint.js';
import { gate, type Gate } from './gate.js';
import { settlesWithin, within } from './in-time.js';

/** A real server that a trial starts and stops, always at the same address. */
export interface TrialServer {
  /** Resolves when the server accepts connections; at once if it runs. */
  start(): Promise<void>;
  /** Ends the server as a crash would, even if it is frozen. Does nothing if it has ended. */
  stop(): Promise<void>;
  /** Stops the server from answering; its connections stay open, as with SIGSTOP. */
  readonly freeze?: (() => void | Promise<void>) | undefined;
  /** Lets the server go on after a freeze. Without this, it is stopped instead. */
  readonly thaw?: (() => void | Promise<void>) | undefined;
}

/** A server connector to test. */
export interface ConnectorTrial {
  /** Makes a connector for `server`; acquires nothing. */
  make(): ServerConnector;
  /** Raw configurations by name, if `connect` reads any. */
  readonly config?: Readonly<Record<string, unknown>> | undefined;
  /** Absent if the connector brings its own server; then its loss is not tested. */
  readonly server?: TrialServer | undefined;
  /** Makes a connector for a server at this port of 127.0.0.1 that accepts connections and never says anything. */
  readonly makeForMute?: ((port: number) => ServerConnector) | undefined;
  /** Optional features of the connector. */
  readonly features?: ConnectorFeatures | undefined;
}

export interface ConnectorFeatures {
  /** It reports a loss at once with `attempt.lost`. Otherwise `isConnected` must show it. */
  readonly pushedLoss?: boolean | undefined;
}

/** How long a connector, and the server, may take, in milliseconds. */
export const PATIENCE_MS = 10_000;
/** How long it may take to obey an abort signal. */
export const ABORT_MS = 1_000;
/** How long it may take to notice that the server has gone. */
export const LOSS_MS = 2_000;
/** How long an answer to a heartbeat may take, and how long it is watched whether a connection comes back. */
const WATCH_MS = 300;
const LOOK_MS = 10;

/** A connector during its test. */
export class ConnectorOnTrial {
  readonly #connector: ServerConnector;
  readonly #config: Readonly<Record<string, unknown>>;
  readonly #heartbeats = new Set<Promise<boolean>>();
  #lost: Gate<unknown> = gate();

  constructor(trial: ConnectorTrial, connector: ServerConnector = trial.make()) {
    this.#connector = connector;
    this.#config = trial.config ?? {};
  }

  /** An attempt, as the core makes it. */
  async connect(signal: AbortSignal = new AbortController().signal): Promise<unknown> {
    this.#lost = gate();
    return this.#connector.connect(
      confFactory((name) => this.#config[name]),
      { signal, lost: this.#lost.open },
    );
  }

  /** Resolves when the loss of the latest attempt is reported. */
  get lost(): Promise<unknown> {
    return this.#lost.passed;
  }

  /** The heartbeat, as the core takes it: false, a throw and no answer in time are the same. Where it has to be true, it gets more time. */
  async isConnected(withinMs: number = WATCH_MS): Promise<boolean> {
    const answer = (async () => this.#connector.isConnected())().catch(() => false);
    this.#heartbeats.add(answer);
    void answer.then(() => this.#heartbeats.delete(answer));
    return (await settlesWithin(withinMs, answer)) && answer;
  }

  /** Resolves when the heartbeat finds no connection; rejects if it goes on for too long to find one. */
  async loss(): Promise<void> {
    const end = new AbortController();
    const found = (async () => {
      while (!end.signal.aborted && (await this.isConnected())) await realTime(LOOK_MS);
    })();
    const isFound = await settlesWithin(LOSS_MS, found);
    end.abort();
    assert.ok(isFound, `isConnected is still true ${LOSS_MS} ms after the server has gone`);
  }

  /** Watches for a while, and says if there was a connection. */
  async comesBack(): Promise<boolean> {
    for (let looks = 0; looks < WATCH_MS / LOOK_MS; looks++) {
      if (await this.isConnected()) return true;
      await realTime(LOOK_MS);
    }
    return false;
  }

  /** Rejects if it takes too long, or a heartbeat asked before is never answered: the core waits for both. */
  async disconnect(): Promise<void> {
    await within(PATIENCE_MS, 'disconnect', (async () => this.#connector.disconnect())());
    await within(ABORT_MS, 'an isConnected that was called before disconnect', Promise.all(this.#heartbeats));
  }
}

/** Has the server run, and ends the connector after the trial. `before` is the footprint without a connection. */
export async function onTrial(
  trial: ConnectorTrial,
  run: (connector: ConnectorOnTrial, before: readonly string[]) => Promise<void>,
): Promise<void> {
  await trial.server?.start();
  const connector = new ConnectorOnTrial(trial);
  try {
    await run(connector, await footprint());
  } catch (error) {
    // it may be frozen
    await trial.server?.stop();
    throw error;
  } finally {
    await connector.disconnect().catch(() => {});
  }
}
