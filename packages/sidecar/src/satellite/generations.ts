import { CONNECTOR, FINISHER, type BlockStatus, type SputnikEvent, type SputnikOptions } from '@sputnikjs/core';
import { LONGEST_MS } from '../folder/satellite-conf.js';
import type { NestedSetup } from '../folder/setup.js';
import { logOfBlocks } from '../log/satellite-log.js';
import type { Shared } from './assembly.js';
import { isOfConnection } from './connection-events.js';
import type { ConnectionRelay } from './connection-relay.js';
import { afterRestart, PastCounts, together, type Leftovers } from './leftovers.js';
import type { MadeSatellite, Maker } from './made-satellite.js';
import { OwnedConnector } from './owned-connector.js';

/** All that a nested satellite was made into, start after start: the current one, and what the earlier ones have left behind. */
export class Generations {
  readonly #setup: NestedSetup;
  readonly #shared: Shared;
  readonly #maker: Maker;
  /** Undefined if it has a connector of its own, or the enclosing satellite has no connection. */
  readonly #relay: ConnectionRelay | undefined;
  readonly #past = new PastCounts();
  readonly #left: Leftovers[] = [];
  #now: MadeSatellite | undefined;
  #owned: OwnedConnector | undefined;

  constructor(setup: NestedSetup, relay: ConnectionRelay | undefined, shared: Shared, maker: Maker) {
    this.#setup = setup;
    this.#shared = shared;
    this.#relay = relay;
    this.#maker = maker;
  }

  /** The current one. */
  get now(): MadeSatellite {
    if (this.#now === undefined) throw new Error(`the satellite ${this.#setup.path} is not made yet`);
    return this.#now;
  }

  /** The url of its own server, if that is known. */
  get url(): string | undefined {
    return this.#owned?.url ?? this.#now?.url;
  }

  /** Makes the next one, with the options of the enclosing satellite and these. Rejects with BAD_SETUP. */
  async next({ onEvent, ...options }: Pick<SputnikOptions, 'onEvent' | 'landAround'>): Promise<void> {
    const { connector, connectorAgain, settings, path, thread } = this.#setup;
    const { clock, log, landingSoon, observer, namesOf } = this.#shared;
    await this.release();
    const own = this.#now === undefined ? connector : connectorAgain();
    // a thread makes its own connection
    const owned = thread ? undefined : own && new OwnedConnector(own);
    // the connection of the enclosing satellite has deadlines already
    const patient = { ...settings.timeouts, connectMs: LONGEST_MS, heartbeatMs: LONGEST_MS };
    const made = await this.#maker.make({
      ...options,
      connector: owned ?? this.#relay,
      timeouts: this.#relay ? patient : settings.timeouts,
      signals: false,
      clock,
      log: logOfBlocks(path, log),
      landingSoon,
      observer: observer && namesOf(path).ofObserver(observer),
      onEvent: (event) => {
        if (this.#isTold(event)) onEvent?.(event);
      },
    });
    if (this.#now !== undefined) {
      this.#past.add(this.#now.blocks());
      this.#left.push(afterRestart(this.#now.leftovers()));
    }
    this.#now = made;
    this.#owned = owned;
  }

  /** Boots the current one. If that fails, or `landing` aborts, rejects and finishes what was initialised. */
  async boot(landing: AbortSignal): Promise<void> {
    const { flight } = this.now;
    const giveUp = (): void => void flight.shootDown(landing.reason);
    landing.addEventListener('abort', giveUp);
    try {
      await this.#owned?.start(logOfBlocks(this.#setup.path, this.#shared.log));
      await flight.boot();
    } catch (error) {
      await flight.shootDown();
      await this.release();
      throw error;
    } finally {
      landing.removeEventListener('abort', giveUp);
    }
  }

  /** Disconnects a connector that was started and never connected. */
  async release(): Promise<void> {
    await this.#owned?.release();
  }

  /** The blocks as they are now. Their counts include those of earlier starts. */
  blocks(): readonly BlockStatus[] {
    return this.now.blocks().map(this.#past.with);
  }

  /** What all of them have left behind. */
  leftovers(): Leftovers {
    return together([...this.#left, this.now.leftovers()]);
  }

  /** Whether to pass the event on. The enclosing satellite reports what both share, and nobody needs events of a nested finisher. */
  #isTold(event: SputnikEvent): boolean {
    const of = 'block' in event ? event.block.name : undefined;
    // guard: the connection of the enclosing satellite is reported once
    const isShared = this.#relay !== undefined && (isOfConnection(event) || of === CONNECTOR);
    return !isShared && of !== FINISHER;
  }
}
