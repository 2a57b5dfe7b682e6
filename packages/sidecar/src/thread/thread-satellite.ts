import type {
  BlockMetrics,
  BlockStatus,
  FlightStatus,
  LandingCause,
  LandingReport,
  SputnikEvent,
  SputnikOptions,
} from '@sputnikjs/core';
import { namesBelow } from '../folder/address-book.js';
import { SATELLITE } from '../folder/blocks.js';
import type { NestedSetup, ThreadSetup } from '../folder/setup.js';
import type { Hearing, Shared } from '../satellite/assembly.js';
import { together, type Leftovers } from '../satellite/leftovers.js';
import type { Level } from '../satellite/level.js';
import type { MadeSatellite, Nested, ThreadLoad } from '../satellite/made-satellite.js';
import type { Kept } from '../satellite/waiting-room.js';
import { nestedIn } from '../satellite/whole-satellite.js';
import type { Link } from '../remote/link.js';
import { madeBlocks } from './made-blocks.js';
import type { Outbox } from '../remote/outbox.js';
import { portable, revived } from '../remote/portable.js';
import { remoteNested } from './remote-nested.js';
import { RemoteLines } from './remote-log.js';
import { Session } from './session.js';
import { plainData } from './thread-data.js';
import { SNAPSHOT_MS, type Item, type Landed, type Snapshot } from '../remote/wire.js';

/** A thread is stuck if its event loop stands still for so many heartbeat intervals. */
const INTERVALS = 2;
/** Shares of the time for its landing: what the thread gets, and when it is terminated. The rest is for the report. */
const [LANDING_SHARE, END_SHARE] = [0.8, 0.9];

/** What a satellite in a thread is made from. */
export interface ThreadSatelliteOptions {
  readonly setup: NestedSetup;
  readonly thread: ThreadSetup;
  readonly shared: Shared;
  /** Its blocks that take messages. */
  readonly within: readonly Hearing[];
  readonly outbox: Outbox;
  readonly level: Level;
  readonly options: Partial<SputnikOptions>;
}

/** One made satellite, in a thread. Its methods call that thread. */
export class ThreadSatellite implements MadeSatellite {
  readonly flight: MadeSatellite['flight'];
  readonly nested: ReadonlyMap<string, Nested>;
  readonly #of: ThreadSatelliteOptions;
  readonly #lines: RemoteLines;
  /** Undefined until it boots. */
  #session: Session | undefined;
  #snapshot: Snapshot | undefined;
  #snapshotAt = 0;
  #around: { readonly cause: LandingCause; readonly inside: LandingCause | undefined } | undefined;
  #isLanding = false;
  #landed: Landed | undefined;
  #died: Error | undefined;
  /** True if it ended during its landing. */
  #diedLanding = false;
  #over!: (report: LandingReport) => void;
  /** Resolves when its thread has ended. */
  readonly #ended = new Promise<LandingReport>((resolve) => (this.#over = resolve));
  readonly #forget = new AbortController();

  constructor(of: ThreadSatelliteOptions) {
    this.#of = of;
    this.#lines = new RemoteLines(of.shared.log);
    this.nested = remoteNested(of.setup, of.outbox, this);
    const isIdle = (): boolean => !this.#isAlive || this.#session?.isIdle === true;
    this.flight = {
      communicator: (responsibility, from) => of.level.flight.communicator(responsibility, from),
      boot: () => this.#boot(),
      launch: () => this.#launch(),
      quiesce: () => {
        this.#isLanding = true;
        return this.#unlessOver((session) => session.call('quiesce'));
      },
      shootDown: (reason, { withinMs } = {}) => this.#shootDown(reason, withinMs),
      status: () => this.#status(),
      landed: this.#ended,
      get isIdle() {
        return isIdle();
      },
      idle: async () => {
        while (!isIdle()) await this.#unlessOver((session) => session.idle());
      },
    };
  }

  /** The link that takes messages, while the thread is alive. */
  get link(): Link | undefined {
    return this.#isAlive ? this.#session?.link : undefined;
  }

  /** Its last snapshot. */
  get snapshot(): Snapshot | undefined {
    return this.#snapshot;
  }

  get url(): string | undefined {
    return this.#snapshot?.url;
  }

  get thread(): ThreadLoad | undefined {
    if (this.#session === undefined || this.#snapshot === undefined) return undefined;
    const { heapUsed, loopMaxMs } = this.#snapshot;
    // guard: a thread that is stuck posts no snapshot, and is late all the same
    const overdueMs = performance.now() - this.#snapshotAt - SNAPSHOT_MS;
    const { utilization } = this.#session;
    return { heapBytes: heapUsed, utilization, loopMaxMs: Math.max(loopMaxMs, overdueMs) };
  }

  get #isAlive(): boolean {
    return this.#session !== undefined && this.#landed === undefined && this.#died === undefined;
  }

  async #boot(): Promise<void> {
    const { setup, thread, shared, outbox } = this.#of;
    const { dialect } = { dialect: undefined, ...thread.origin.options };
    const session = new Session({
      data: plainData(setup, thread, shared),
      heapMb: thread.heapMb,
      mostMs: setup.settings.timeouts.heartbeatMs * INTERVALS,
      outbox,
      destinationOf: shared.destinationOf,
      dialect,
      take: (item) => this.#take(item),
      died: (error) => this.#die(error),
    });
    this.#session = session;
    const soon = (): void => session.link.post(['landingSoon']);
    const { landingSoon } = shared;
    if (landingSoon?.aborted) soon();
    else landingSoon?.addEventListener('abort', soon, { once: true, signal: this.#forget.signal });
    await session.call('boot');
  }

  async #launch(): Promise<LandingReport> {
    try {
      return (await this.#session?.call('launch')) as LandingReport;
    } finally {
      await this.#ended;
    }
  }

  async #shootDown(reason: unknown, withinMs: number = Infinity): Promise<LandingReport> {
    this.#isLanding = true;
    const session = this.#session;
    if (session === undefined) this.#end(noReport(reason, undefined));
    else if (this.#isAlive) {
      session.call('shootDown', portable(reason), withinMs * LANDING_SHARE).catch(() => {});
      const { clock } = this.#of.shared;
      const inTime = new AbortController();
      void this.#ended.then(() => inTime.abort());
      if (withinMs < Infinity) await clock.sleep(withinMs * END_SHARE, inTime.signal).catch(() => {});
      // guard: a thread that does not land in time is ended
      if (this.#isAlive && withinMs < Infinity) {
        this.#die(new Error(`the thread has not landed within ${Math.round(withinMs)} ms, and is terminated`));
        await session.end();
      }
    }
    return await this.#ended;
  }

  /** Does nothing if there is no thread. Ignores an error if the thread ends meanwhile. */
  async #unlessOver(work: (session: Session) => Promise<unknown>): Promise<void> {
    if (this.#session && this.#isAlive) await work(this.#session).catch((error: unknown) => this.#unlessDead(error));
  }

  #unlessDead(error: unknown): void {
    if (this.#isAlive) throw error;
  }

  #take(item: Item): void {
    const { options, shared, setup } = this.#of;
    switch (item[0]) {
      case 'event': {
        const [, path, event] = item;
        const told = revived(event) as SputnikEvent;
        const inner = path === setup.path ? undefined : nestedIn(this).find((one) => one.setup.path === path);
        if (inner) shared.onEvent(inner, told);
        else options.onEvent?.(told);
        break;
      }
      case 'log':
        this.#lines.write(item);
        break;
      case 'snapshot':
        this.#snapshot = item[1];
        this.#snapshotAt = performance.now();
        break;
      case 'landsAround':
        this.#landAround(revived(item[1]) as LandingCause, revived(item[2]) as LandingCause | undefined);
        break;
      case 'landed':
        void this.#land(revived(item[1]) as Landed);
        break;
    }
  }

  #landAround(cause: LandingCause, inside: LandingCause | undefined): void {
    // the same error, in both
    this.#around = { cause, inside: inside && { ...inside, reason: cause.reason } };
    this.#of.options.landAround?.(cause);
  }

  async #land(landed: Landed): Promise<void> {
    this.#landed = landed;
    this.#snapshot = landed.snapshot;
    this.#of.outbox.landed(landed.lastTaken);
    await this.#session?.end();
    this.#end(landed.report);
  }

  /** The thread has ended without a landing. */
  #die(error: Error): void {
    if (!this.#isAlive) return;
    this.#died = error;
    this.#diedLanding = this.#isLanding;
    this.#of.outbox.shut();
    this.#of.options.onEvent?.({ type: 'landing', cause: { kind: 'failure', reason: error } });
    this.#end(noReport(undefined, error));
  }

  #end(report: LandingReport): void {
    this.#forget.abort();
    this.#over(report);
  }

  #status(): FlightStatus {
    const { setup } = this.#of;
    const { flies = 'preparing', connection = setup.connector ? 'idle' : 'none' } = this.#snapshot ?? {};
    return { state: this.#died ? 'landed' : flies, connection, blocks: this.blocks() };
  }

  blocks(): readonly BlockStatus[] {
    const known = this.#snapshot?.blocks ?? [];
    const blocks = known.length > 0 ? known : madeBlocks(this.#of.setup, this.#of.shared.namesOf);
    if (!this.#died) return blocks;
    // what it held is lost, or goes to the next thread
    return blocks.map((block) => ({
      ...block,
      state: 'finished',
      depth: 0,
      accepted: block.handled + block.failed + block.dropped,
    }));
  }

  metrics(): readonly BlockMetrics[] {
    return this.#snapshot?.metrics ?? [];
  }

  hearing(): readonly Kept[] {
    const { setup, within } = this.#of;
    return within.map((block) => ({ ...block, path: namesBelow(setup.path, block.path).join('/') }));
  }

  cause(cause: LandingCause): LandingCause {
    return (cause === this.#around?.cause && this.#around.inside) || cause;
  }

  leftovers(): Leftovers {
    if (this.#landed) return this.#landed.leftovers;
    if (this.#died === undefined) return together([]);
    const block = { name: SATELLITE, responsibility: this.#of.setup.path };
    const lost = this.#session?.lost ?? 0;
    // one that ends in flight is a failure of the enclosing satellite
    const failures = this.#diedLanding ? [{ block, callback: 'finish' as const, error: this.#died, count: 1 }] : [];
    return { unfinished: [], failures, dropped: lost > 0 ? [{ block, count: lost }] : [] };
  }
}

/** The report of a satellite that never had a thread, or whose thread ended. */
function noReport(reason: unknown, error: Error | undefined): LandingReport {
  const cause: LandingCause = error ? { kind: 'failure', reason: error } : { kind: 'shootDown', reason };
  return { cause, clean: error === undefined, tookMs: 0, unfinished: [], failures: [], dropped: [] };
}
