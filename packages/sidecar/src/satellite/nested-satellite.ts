import {
  CONNECTOR,
  FINISHER,
  type AnyBlock,
  type BlockContext,
  type BlockMetrics,
  type BlockStatus,
  type FlightStatus,
  type LandingCause,
  type SputnikEvent,
  type SputnikOptions,
} from '@sputnikjs/core';
import type { NestedSetup } from '../folder/setup.js';
import { chain } from '../text.js';
import type { AssembledSatellite } from './assembled-satellite.js';
import type { Shared } from './assembly.js';
import type { ConnectionRelay } from './connection-relay.js';
import { afterRestart, PastCounts, together, withWaiting, type Leftovers } from './leftovers.js';
import type { Level } from './level.js';
import type { Names } from './names.js';
import { nestedLog } from './nested-log.js';
import { OwnedConnector } from './owned-connector.js';
import { Restarts } from './restarts.js';
import { WaitingRoom, type Kept } from './waiting-room.js';

/** Node's timers reach no further. */
const LONGEST_MS = 2 ** 31 - 1;
/** Events of the server connection. */
const CONNECTION: ReadonlySet<SputnikEvent['type']> = new Set([
  'connecting',
  'connected',
  'connectFailed',
  'connectOverdue',
  'disconnected',
]);

/** Makes the satellite, and those inside it. */
type Make = (options: Partial<SputnikOptions>) => Promise<AssembledSatellite>;

/** A satellite inside another: as a block of that, it boots, flies and lands; with a limit for restarts, it flies anew when it fails. */
export class NestedSatellite {
  readonly setup: NestedSetup;
  readonly #shared: Shared;
  readonly #make: Make;
  /** Where it has no connector of its own, and the satellite around it has a connection. */
  readonly #relay: ConnectionRelay | undefined;
  readonly #names: Names;
  readonly #log: Shared['log'];
  readonly #restarts: Restarts | undefined;
  /** Where messages wait while it is made anew. */
  #room: WaitingRoom | undefined;
  /** As it was made last. */
  #now!: AssembledSatellite;
  #owned: OwnedConnector | undefined;
  #current!: Level;
  #isFlying = false;
  #restarted = 0;
  /** Of the flight around it. */
  #ctx: BlockContext | undefined;
  /** Why it has the satellite around it land. */
  #landsAround: LandingCause | undefined;
  /** Fails when something inside has failed for which the satellite around it is to land. */
  readonly #failure = new Failing();
  /** Of those that have landed and were made anew. */
  readonly #past = new PastCounts();
  readonly #left: Leftovers[] = [];

  constructor(setup: NestedSetup, relay: ConnectionRelay | undefined, shared: Shared, make: Make) {
    this.setup = setup;
    this.#shared = shared;
    this.#relay = relay;
    this.#make = make;
    this.#names = shared.namesOf(setup.path);
    this.#log = nestedLog(setup.path, shared.log);
    this.#restarts = setup.restart && new Restarts(setup.restart);
  }

  /** Makes it for the first time. */
  async assemble(): Promise<void> {
    this.#now = await this.#makeOne();
    if (this.#restarts) this.#room = await WaitingRoom.for(this.#now.hearing());
    this.#current = this.#now;
  }

  async #makeOne(): Promise<AssembledSatellite> {
    const { connector, connectorAgain, settings } = this.setup;
    const own = this.#owned === undefined ? connector : connectorAgain();
    await this.#owned?.release();
    this.#owned = own && new OwnedConnector(own);
    const { clock, landingSoon, observer } = this.#shared;
    // the connection of the satellite around it has deadlines already
    const patient = { ...settings.timeouts, connectMs: LONGEST_MS, heartbeatMs: LONGEST_MS };
    return await this.#make({
      connector: this.#owned ?? this.#relay,
      timeouts: this.#relay ? patient : settings.timeouts,
      signals: false,
      clock,
      log: this.#log,
      landingSoon,
      observer: observer && this.#names.ofObserver(observer),
      landAround: (cause) => this.#landAround(cause),
      onEvent: (event) => this.#take(event),
    });
  }

  /** What the satellite around it boots, flies and lands. */
  block(): Partial<AnyBlock> {
    const relay = this.#relay;
    return {
      // the blocks inside have their own
      initMs: LONGEST_MS,
      init: (_config, ctx) => {
        this.#ctx = ctx;
        return this.#boot(ctx);
      },
      run: (_self, ctx) => this.#fly(ctx),
      onLanding: () => this.#quiesce(),
      transit: this,
      finish: (_init, { msLeft }) => this.#land(msLeft()),
      ...(relay && {
        onServerConnect: (connection: unknown) => relay.set(connection),
        onServerDisconnect: () => relay.clear(),
      }),
    };
  }

  /** Boots it; gives up when the satellite around it begins to land. */
  async #boot({ land, landing }: BlockContext): Promise<void> {
    const { flight } = this.#now;
    const giveUp = (): void => void flight.shootDown(landing.reason);
    landing.addEventListener('abort', giveUp);
    try {
      await this.#owned?.start(this.#log);
      await flight.boot();
    } catch (error) {
      const { cause } = await flight.shootDown();
      await this.#owned?.release();
      // guard: a block inside that lands while it boots lands the whole
      if (cause.kind === 'block') land(cause.reason);
      // guard: a boot that gives up for a landing is no failure
      landing.throwIfAborted();
      throw error;
    } finally {
      landing.removeEventListener('abort', giveUp);
    }
  }

  async #fly(ctx: BlockContext): Promise<void> {
    for (let failure = await this.#launch(ctx); failure; failure = await this.#launch(ctx))
      if (!(await this.#makeAnew(failure.error, ctx))) return;
  }

  /** Resolves when it has landed: with why it failed, if it is to fly anew. */
  async #launch({ landing }: BlockContext): Promise<{ readonly error: unknown } | undefined> {
    try {
      this.#isFlying = true;
      const launched = this.#now.flight.launch();
      // guard: what waited is handed on before what comes
      this.#room?.open(this.#now, () => (this.#current = this.#now));
      await Promise.race([launched, this.#failure.promise]);
      return undefined;
    } catch (error) {
      if (this.#landsAround?.reason === error) throw error;
      // what failed at the landing is in the report
      return landing.aborted ? undefined : { error };
    }
  }

  /** What is done when a block inside asks to land, or fails: true if the satellite around it lands. */
  #landAround(cause: LandingCause): boolean {
    // guard: a satellite that boots takes back what was done
    if (!this.#isFlying) return false;
    // guard: only what failed is made anew
    if (cause.kind === 'failure' && this.#restarts) return false;
    const inner = this.#now.cause(cause);
    this.#landsAround ??= inner === cause ? this.#names.ofCause(cause) : inner;
    if (cause.kind === 'failure') this.#failure.reject(cause.reason);
    else this.#ctx?.land(cause.reason);
    return true;
  }

  /** Makes and boots it anew, as often as the limit allows. False if the satellite around it lands meanwhile. */
  async #makeAnew(error: unknown, ctx: BlockContext): Promise<boolean> {
    const { landing, clock } = ctx;
    for (let reason = error; ;) {
      const delayMs = this.#restarts?.next(reason, clock.now());
      if (delayMs === undefined) throw this.#restarts?.tooMany(reason) ?? reason;
      const fields = { event: 'satelliteFailed', satellite: this.setup.path, retryInMs: Math.round(delayMs) };
      this.#shared.log.error(fields, `satellite ${this.setup.path} failed, and is made anew: ${chain(reason)}`);
      await clock.sleep(delayMs, landing);
      // guard: nothing is made anew at a landing
      if (landing.aborted) return false;
      try {
        const made = await this.#makeOne();
        this.#past.add(this.#now.blocks());
        this.#left.push(afterRestart(this.#now.leftovers()));
        this.#now = made;
        await this.#boot(ctx);
      } catch (again) {
        if (landing.aborted) return false;
        reason = again;
        continue;
      }
      this.#restarted++;
      this.#shared.log.info(
        { event: 'satelliteRestarted', satellite: this.setup.path, restarts: this.#restarted },
        `satellite ${this.setup.path} flies again`,
      );
      return true;
    }
  }

  async #quiesce(): Promise<void> {
    // guard: what waits for a satellite that will not fly again is dropped
    if (!this.#isFlying) await this.#closeRoom();
    await this.#now.flight.quiesce();
  }

  async #land(withinMs: number): Promise<void> {
    await Promise.all([
      this.#now.flight.shootDown('the satellite around it lands', { withinMs }),
      this.#closeRoom(withinMs),
    ]);
    await this.#owned?.release();
  }

  async #closeRoom(withinMs?: number): Promise<void> {
    const room = this.#room;
    if (room === undefined) return;
    this.#room = undefined;
    this.#left.push(this.#names.ofReport(await room.close(withinMs)));
  }

  #take(event: SputnikEvent): void {
    if (event.type === 'landing') {
      this.#isFlying = false;
      // guard: messages for a satellite that failed wait
      if (event.cause.kind === 'failure' && this.#room) this.#current = this.#room.shut();
    }
    // guard: the connection of the satellite around is told once
    if (this.#relay && CONNECTION.has(event.type)) return;
    if ('block' in event && event.block.name === FINISHER) return;
    if (this.#relay && 'block' in event && event.block.name === CONNECTOR) return;
    const named = this.#names.ofEvent(event);
    const isMendable = named.type === 'failed' && named.decision === 'shutdown' && this.#restarts && this.#isFlying;
    this.#shared.onEvent(this, isMendable ? { ...named, decision: 'continue' } : named);
  }

  /** As it was made last. */
  get assembled(): AssembledSatellite {
    return this.#now;
  }

  /** Where messages for its blocks go. */
  get current(): Level {
    return this.#current;
  }

  /** How often it has flown anew. */
  get restarted(): number {
    return this.#restarted;
  }

  get status(): Pick<FlightStatus, 'state' | 'connection'> {
    return this.#now.flight.status();
  }

  /** Where its own server is, if that is known. */
  get url(): string | undefined {
    return this.#owned?.url;
  }

  get isIdle(): boolean {
    return this.#now.flight.isIdle && this.#room?.isIdle !== false;
  }

  async idle(): Promise<void> {
    await Promise.all([this.#now.flight.idle(), this.#room?.idle()]);
  }

  hearing(): readonly Kept[] {
    return this.#now.hearing();
  }

  blocks(): readonly BlockStatus[] {
    const waiting = (this.#room?.blocks ?? []).map((block) => ({ ...block, ...this.#names.of(block) }));
    return this.#now.blocks().map((block) => withWaiting(this.#past.with(block), waiting));
  }

  metrics(): readonly BlockMetrics[] {
    return this.#now.metrics();
  }

  /** Why the satellite around it landed, if that came from here. */
  cause(): LandingCause | undefined {
    return this.#landsAround;
  }

  leftovers(): Leftovers {
    return together([...this.#left, this.#now.leftovers()]);
  }
}

/** A promise that somebody rejects. */
class Failing {
  readonly promise: Promise<never>;
  reject: (reason: unknown) => void = () => {};

  constructor() {
    this.promise = new Promise((_, reject) => (this.reject = reject));
    this.promise.catch(() => {});
  }
}
