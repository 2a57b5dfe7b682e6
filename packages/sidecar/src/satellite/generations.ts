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

/** A nested satellite as it was made, again and again: the one there is now, and what those before have left. */
export class Generations {
  readonly #setup: NestedSetup;
  readonly #shared: Shared;
  readonly #maker: Maker;
  /** Where it has no connector of its own, and the satellite around it has a connection. */
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

  /** The last one. */
  get now(): MadeSatellite {
    if (this.#now === undefined) throw new Error(`the satellite ${this.#setup.path} is not made yet`);
    return this.#now;
  }

  /** Where its own server is, if that is known. */
  get url(): string | undefined {
    return this.#owned?.url ?? this.#now?.url;
  }

  /** Makes the next one, which has the options of the satellite around it, and these. Rejects with BAD_SETUP. */
  async next({ onEvent, ...options }: Pick<SputnikOptions, 'onEvent' | 'landAround'>): Promise<void> {
    const { connector, connectorAgain, settings, path, thread } = this.#setup;
    const { clock, log, landingSoon, observer, namesOf } = this.#shared;
    await this.release();
    const own = this.#now === undefined ? connector : connectorAgain();
    // the connection of a thread is there
    const owned = thread ? undefined : own && new OwnedConnector(own);
    // the connection of the satellite around it has deadlines already
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

  /** Boots the last one. What it has done is taken back when that fails, or when `landing` aborts: it rejects then. */
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

  /** Disconnects what was started and never connected. */
  async release(): Promise<void> {
    await this.#owned?.release();
  }

  /** The blocks as they are now; their counts go on from those before. */
  blocks(): readonly BlockStatus[] {
    return this.now.blocks().map(this.#past.with);
  }

  /** What all have left behind. */
  leftovers(): Leftovers {
    return together([...this.#left, this.now.leftovers()]);
  }

  /** Of what it shares with the satellite around it, that tells; of its finisher nobody needs to hear. */
  #isTold(event: SputnikEvent): boolean {
    const of = 'block' in event ? event.block.name : undefined;
    // guard: the connection of the satellite around is told once
    const isShared = this.#relay !== undefined && (isOfConnection(event) || of === CONNECTOR);
    return !isShared && of !== FINISHER;
  }
}
