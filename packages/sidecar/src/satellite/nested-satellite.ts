import type {
  AnyBlock,
  BlockContext,
  BlockMetrics,
  BlockStatus,
  FlightStatus,
  LandingCause,
  SputnikEvent,
} from '@sputnikjs/core';
import { LONGEST_MS } from '../folder/satellite-conf.js';
import type { NestedSetup } from '../folder/setup.js';
import { chain } from '../text.js';
import type { Shared } from './assembly.js';
import type { ConnectionRelay } from './connection-relay.js';
import { Generations } from './generations.js';
import { together, withWaiting, type Leftovers } from './leftovers.js';
import type { Level } from './level.js';
import type { MadeSatellite, Maker, NestedPart, ThreadLoad } from './made-satellite.js';
import type { Names } from './names.js';
import { Restarts } from './restarts.js';
import { WaitingRoom, type Kept, type Room } from './waiting-room.js';

/** A nested satellite, as a block of the enclosing satellite. With a restart limit, it restarts when it fails. */
export class NestedSatellite implements NestedPart {
  readonly setup: NestedSetup;
  readonly #shared: Shared;
  readonly #relay: ConnectionRelay | undefined;
  readonly #names: Names;
  readonly #generations: Generations;
  readonly #restarts: Restarts | undefined;
  /** Where messages wait while it restarts. Keeps its counts after it is closed. */
  #room: Room | undefined;
  #isRoomClosed = false;
  /** What waited in vain and was dropped. */
  #dropped: readonly Leftovers[] = [];
  #current!: Level;
  #isFlying = false;
  #restarted = 0;
  /** The context of its block in the enclosing flight. */
  #ctx: BlockContext | undefined;
  /** The cause with which it lands the enclosing satellite. */
  #landsAround: LandingCause | undefined;
  /** Rejects when a failure inside has to land the enclosing satellite. */
  readonly #failure = new Failing();

  constructor(setup: NestedSetup, relay: ConnectionRelay | undefined, shared: Shared, maker: Maker) {
    this.setup = setup;
    this.#shared = shared;
    this.#relay = relay;
    this.#names = shared.namesOf(setup.path);
    this.#generations = new Generations(setup, relay, shared, maker);
    this.#room = maker.room;
    this.#restarts = setup.restart && new Restarts(setup.restart);
  }

  /** Makes it for the first time. */
  async assemble(): Promise<void> {
    await this.#next();
    this.#current = this.assembled;
    if (this.#restarts) this.#room ??= await WaitingRoom.for(this.hearing());
  }

  #next(): Promise<void> {
    return this.#generations.next({
      landAround: (cause) => this.#landAround(cause),
      onEvent: (event) => this.#take(event),
    });
  }

  /** The block that the enclosing satellite boots, flies and lands. */
  block(): Partial<AnyBlock> {
    const relay = this.#relay;
    return {
      // its blocks have deadlines of their own
      initMs: LONGEST_MS,
      init: (_config, ctx) => this.#boot(ctx),
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

  async #boot(ctx: BlockContext): Promise<void> {
    this.#ctx = ctx;
    try {
      await this.#generations.boot(ctx.landing);
    } catch (error) {
      const { cause } = await this.assembled.flight.landed;
      // guard: a block inside that lands while it boots lands the whole
      if (cause.kind === 'block') ctx.land(cause.reason);
      // guard: a boot that a landing ends is no failure
      ctx.landing.throwIfAborted();
      throw error;
    }
  }

  async #fly(ctx: BlockContext): Promise<void> {
    for (let failure = await this.#launch(ctx); failure; failure = await this.#launch(ctx))
      if (!(await this.#makeAnew(failure.error, ctx))) return;
  }

  /** Resolves when it has landed. If it has to restart, resolves with the error. */
  async #launch({ landing }: BlockContext): Promise<{ readonly error: unknown } | undefined> {
    try {
      this.#isFlying = true;
      const launched = this.assembled.flight.launch();
      // guard: waiting messages are passed on before new ones
      this.#room?.open(this.assembled, () => (this.#current = this.assembled));
      await Promise.race([launched, this.#failure.promise]);
      return undefined;
    } catch (error) {
      if (this.#landsAround?.reason === error) throw error;
      // the report has what failed during the landing
      return landing.aborted ? undefined : { error };
    }
  }

  /** Called when a block inside asks to land, or fails. Returns true if the enclosing satellite lands. */
  #landAround(cause: LandingCause): boolean {
    // guard: a boot that fails finishes what was initialised
    if (!this.#isFlying) return false;
    // guard: only what failed restarts
    if (cause.kind === 'failure' && this.#restarts) return false;
    const inner = this.assembled.cause(cause);
    this.#landsAround ??= inner === cause ? this.#names.ofCause(cause) : inner;
    if (cause.kind === 'failure') this.#failure.reject(cause.reason);
    else this.#ctx?.land(cause.reason);
    return true;
  }

  /** Restarts it, as often as the limit allows. Resolves with false if the enclosing satellite lands meanwhile. */
  async #makeAnew(error: unknown, ctx: BlockContext): Promise<boolean> {
    const { landing, clock } = ctx;
    for (let reason = error; ;) {
      const delayMs = this.#restarts?.next(reason, clock.now());
      if (delayMs === undefined) throw this.#restarts?.tooMany(reason) ?? reason;
      this.#tellFailure(reason, delayMs);
      await clock.sleep(delayMs, landing);
      // guard: nothing restarts at a landing
      if (landing.aborted) return false;
      try {
        await this.#next();
        await this.#boot(ctx);
      } catch (again) {
        if (landing.aborted) return false;
        reason = again;
        continue;
      }
      this.#tellRestart();
      return true;
    }
  }

  #tellFailure(error: unknown, delayMs: number): void {
    const satellite = this.setup.path;
    const fields = { event: 'satelliteFailed', satellite, retryInMs: Math.round(delayMs) };
    const text = `satellite ${satellite} failed: ${chain(error)}; it restarts in ${Math.round(delayMs)} ms`;
    this.#shared.log.error(fields, text);
  }

  #tellRestart(): void {
    this.#restarted++;
    const satellite = this.setup.path;
    const fields = { event: 'satelliteRestarted', satellite, restarts: this.#restarted };
    this.#shared.log.info(fields, `satellite ${satellite} flies again, after restart ${this.#restarted}`);
  }

  async #quiesce(): Promise<void> {
    // guard: messages for a satellite that will not fly again are dropped
    if (!this.#isFlying) await this.#closeRoom();
    await this.assembled.flight.quiesce();
  }

  async #land(withinMs: number): Promise<void> {
    const landed = this.assembled.flight.shootDown('the enclosing satellite lands', { withinMs });
    await Promise.all([landed, this.#closeRoom(withinMs)]);
    await this.#generations.release();
  }

  async #closeRoom(withinMs?: number): Promise<void> {
    if (this.#room === undefined || this.#isRoomClosed) return;
    this.#isRoomClosed = true;
    this.#dropped = [this.#names.ofReport(await this.#room.close(withinMs))];
  }

  #take(event: SputnikEvent): void {
    if (event.type === 'landing') {
      this.#isFlying = false;
      // guard: messages for a satellite that failed wait
      if (event.cause.kind === 'failure' && this.#room) this.#current = this.#room.shut();
    }
    const named = this.#names.ofEvent(event);
    const isMadeAnew = named.type === 'failed' && named.decision === 'shutdown' && this.#restarts && this.#isFlying;
    // guard: the whole goes on when a part restarts
    this.#shared.onEvent(this, isMadeAnew ? { ...named, decision: 'continue' } : named);
  }

  /** The current made satellite. */
  get assembled(): MadeSatellite {
    return this.#generations.now;
  }

  /** Where messages for its blocks go at present. */
  get current(): Level {
    return this.#current;
  }

  /** How often it was restarted. */
  get restarted(): number {
    return this.#restarted;
  }

  /** `failed` while it restarts. */
  get state(): FlightStatus['state'] | 'failed' {
    const { state } = this.status;
    const isDown = state === 'landing' || state === 'landed';
    return isDown && this.#restarts && this.#ctx?.landing.aborted === false ? 'failed' : state;
  }

  get status(): Pick<FlightStatus, 'state' | 'connection'> {
    return this.assembled.flight.status();
  }

  /** The state of its own server connection. Undefined if it has none. */
  get connection(): FlightStatus['connection'] | undefined {
    return this.setup.connector && this.status.connection;
  }

  /** The url of its own server, if that is known. */
  get url(): string | undefined {
    return this.#generations.url;
  }

  get thread(): ThreadLoad | undefined {
    return this.assembled.thread;
  }

  get isIdle(): boolean {
    return this.assembled.flight.isIdle && this.#room?.isIdle !== false;
  }

  async idle(): Promise<void> {
    await Promise.all([this.assembled.flight.idle(), this.#room?.idle()]);
  }

  hearing(): readonly Kept[] {
    return this.assembled.hearing();
  }

  blocks(): readonly BlockStatus[] {
    const waiting = (this.#room?.blocks ?? []).map((block) => ({ ...block, ...this.#names.of(block) }));
    return this.#generations.blocks().map((block) => withWaiting(block, waiting));
  }

  metrics(): readonly BlockMetrics[] {
    return this.assembled.metrics();
  }

  /** The cause of the enclosing satellite's landing, if that came from here. */
  cause(): LandingCause | undefined {
    return this.#landsAround;
  }

  leftovers(): Leftovers {
    return together([...this.#dropped, this.#generations.leftovers()]);
  }
}

/** A promise that its owner can reject. */
class Failing {
  readonly promise: Promise<never>;
  reject: (reason: unknown) => void = () => {};

  constructor() {
    this.promise = new Promise((_, reject) => (this.reject = reject));
    this.promise.catch(() => {});
  }
}
