import {
  Sputnik,
  type BlockCommunicator,
  type BlockDescriptor,
  type BlockEntry,
  type BlockFactory,
  type Flight,
  type SputnikError,
} from '@sputnikjs/core';
import { factoryOf } from './blocks.js';
import { factoriesOf, makeFaulty } from './faults.js';
import { takesMessages } from './mailboxes.js';
import type { Action, ListenerPlan, SatellitePlan } from './plan.js';
import { OUTSIDE } from './script.js';
import { FakeServer } from './server.js';
import { Trace, type Observed, type Outer } from './trace.js';
import type { World } from './world.js';

/** Addresses of application blocks: a, b, c, … */
export function addressesOf(plan: SatellitePlan): string[] {
  return plan.blocks.map((_, place) => String.fromCodePoint(97 + place));
}

/** A block outside, which takes whatever comes. */
const outsider: BlockCommunicator = {
  descriptor: { name: OUTSIDE, responsibility: OUTSIDE },
  communicator: () => undefined,
  send: () => true,
  post: () => Promise.resolve(true),
  ask: () => Promise.resolve(),
};

/** A satellite that is prepared, launched, meddled with and shot down by plan; all of it is noted. */
export class Satellite {
  readonly plan: SatellitePlan;
  readonly trace: Trace;
  readonly abort: AbortController = new AbortController();
  /** The owner of its timers. */
  readonly name: string;
  /** Told when a signal of the process comes, which all satellites hear. */
  onSignal: () => void = () => {};
  readonly #world: World;
  readonly #server: FakeServer | undefined;
  readonly #strangers = process.listeners('SIGTERM');
  readonly #observed = new Map<string, Observed>();
  #events = 0;
  #launches = 0;
  #waits = 0;
  #ready = false;
  #doomed = false;
  readonly #handles: BlockCommunicator[] = [];
  flight: Flight | undefined;

  constructor(name: string, plan: SatellitePlan, world: World) {
    this.name = name;
    this.plan = plan;
    this.#world = world;
    this.trace = new Trace(world);
    this.#server = plan.server && new FakeServer(plan.server, world, this.trace);
  }

  /** Begins; all else is in the world's time. */
  start(): void {
    for (const action of this.plan.actions) this.#world.at(action.at, () => void this.#after(action));
    this.#world.at(this.plan.endAt, () => void this.#shootDown());
    this.#outer('prepare');
    if (this.plan.aborted) this.#abort();
    const sputnik = this.#assemble();
    if (this.plan.start !== 'prepare') return void this.#steps(sputnik, this.plan.start);
    sputnik.prepare().then(
      (flight) => this.#prepared(this.#own(flight)),
      (error: unknown) => this.#isReady('refused', error),
    );
  }

  /** Made ready in steps. One with problems is refused at the next. */
  async #steps(sputnik: Sputnik<number>, start: 'launch' | number): Promise<void> {
    const { value, problems } = await sputnik.assemble();
    this.#outer('assembled', problems);
    if (problems.length === 0) this.#own(value);
    if (this.#doomed) void this.#shootDown();
    const { now } = this.#world;
    if (start === 'launch') return this.#world.at(now + (this.plan.launchAfterMs ?? 0), () => this.#launch(value));
    this.#world.at(now + start, () => {
      this.#outer('boot');
      void value.boot().then(
        () => this.#prepared(value),
        (error: unknown) => this.#isReady('refused', error),
      );
    });
  }

  /** Notes how things stand, when nothing more happens at this time. */
  quiet(): void {
    const { lines } = this.trace;
    if (!this.flight || lines.at(-1)?.what === 'quiet') return;
    this.trace.note({
      what: 'quiet',
      status: this.flight.status(),
      timers: this.#world.pending(this.name),
      isIdle: this.flight.isIdle,
      observed: structuredClone(this.#observed),
    });
  }

  #assemble(): Sputnik<number> {
    const { blocks, finisher, timeouts, faults, outside } = this.plan;
    const faulty = faults.map(makeFaulty);
    const addresses = addressesOf(this.plan);
    // a need has to be met by a block that takes messages
    const inside = [
      ...blocks.flatMap((block, place) => (takesMessages(block) ? (addresses[place] ?? '') : [])),
      'initiator',
    ];
    const everybody = outside ? [...inside, OUTSIDE] : inside;
    const { trace } = this;
    const meet = (handle: BlockCommunicator): void => void this.#handles.push(handle);
    const around = { world: this.#world, trace, addresses, everybody, shootDown: () => this.#shootDown(), meet };
    const factories: Record<string, BlockFactory<number>> = {};
    for (const [place, block] of blocks.entries()) {
      const name = addresses[place] ?? '';
      factories[name] = factoryOf(name, block, around);
    }
    for (const { entry, factory } of faulty) if (entry && factory) factories[entry.name] = factory;
    const entries: BlockEntry[] = [
      ...addresses.map((name) => ({ name })),
      ...faulty.flatMap(({ entry }) => entry ?? []),
    ];
    if (faults.includes('duplicate')) entries.unshift({ name: 'twice' });
    factories['twice'] = () => ({ init() {}, run() {}, finish() {} });
    return new Sputnik<number>({
      appBlocks: entries,
      blockFactories: faults.includes('unknownName') ? factoriesOf(factories) : factories,
      signals: finisher !== 'none',
      outer: (address) => {
        trace.note({ what: 'lookup', address });
        return outside && address === OUTSIDE ? outsider : undefined;
      },
      finisher:
        finisher === 'default' || finisher === 'none'
          ? undefined
          : finisher === 'quiet'
            ? () => ({ init() {}, run() {}, finish() {} })
            : factoryOf('finisher', finisher, around),
      connector: faults.includes('noConnector') ? undefined : this.#server,
      timeouts: Object.assign({}, timeouts, ...faulty.map((fault) => fault.timeouts)) as typeof timeouts,
      onEvent: (event) => {
        this.trace.note({ what: 'event', event, handles: this.#world.handles });
        const { listener } = this.plan;
        if (listener && listener.nth === this.#events++) return this.#listen(listener);
      },
      clock: this.#world.clock(this.name),
      observer: {
        accepted: (_msg, _from, to) => this.#observe(to, 'accepted'),
        begun: (_msg, to) => this.#observe(to, 'begun'),
        settled: (_msg, to, how) => this.#observe(to, how),
      },
      signal: this.abort.signal,
    });
  }

  #observe({ responsibility }: BlockDescriptor, what: keyof Observed): void {
    const seen = this.#observed.get(responsibility) ?? { accepted: 0, begun: 0, handled: 0, failed: 0, dropped: 0 };
    this.#observed.set(responsibility, { ...seen, [what]: seen[what] + 1 });
  }

  #own(flight: Flight): Flight {
    this.flight = flight;
    void flight.landed.then((report) => this.#outer('landed', report));
    return flight;
  }

  #prepared(flight: Flight): void {
    this.#isReady('prepared');
    const { launchAfterMs } = this.plan;
    if (launchAfterMs === 0) this.#launch(flight);
    else if (launchAfterMs !== undefined) this.#world.at(this.#world.now + launchAfterMs, () => this.#launch(flight));
    if (this.#doomed) void this.#shootDown();
  }

  /** It is prepared, or refused: noted once, whether `prepare`, `boot` or `launch` says so. */
  #isReady(what: 'prepared' | 'refused', error?: unknown): void {
    if (!this.#ready) this.#outer(what, error);
    this.#ready = true;
  }

  #launch(flight: Flight | undefined): void {
    if (!flight) return;
    const nth = ++this.#launches;
    this.#outer('launch', undefined, nth);
    // Where `boot` is called it says so itself.
    const boots = this.plan.start === 'launch';
    void flight.launch().then(
      (report) => {
        if (boots) this.#isReady('prepared');
        this.#outer('launch resolved', report, nth);
      },
      (error: SputnikError) => {
        const { code } = error;
        if (boots && code !== 'ALREADY_LAUNCHED')
          this.#isReady(code === 'BLOCK_FAILED' ? 'prepared' : 'refused', error);
        this.#outer('launch rejected', error, nth);
      },
    );
  }

  async #quiesce(): Promise<void> {
    if (!this.flight) return;
    this.#outer('quiesce');
    await this.flight.quiesce();
    this.#outer('quiesced');
  }

  async #idle(): Promise<void> {
    if (!this.flight) return;
    const nth = ++this.#waits;
    this.#outer('idle?', undefined, nth);
    await this.flight.idle();
    this.#outer('idle', undefined, nth);
  }

  #shootDown(withinMs?: number): Promise<unknown> | undefined {
    const { flight } = this;
    if (!flight) {
      this.#doomed = true;
      return undefined;
    }
    this.#outer('shootDown', withinMs);
    const landed = flight.shootDown('shot', { withinMs });
    void landed.then((report) => this.#outer('shot down', report));
    return landed;
  }

  async #after({ hops, withinMs, do: what }: Action): Promise<void> {
    for (let i = 0; i < hops; i++) await Promise.resolve();
    if (what === 'shootDown') void this.#shootDown(withinMs);
    else if (what === 'launch') this.#launch(this.flight);
    else if (what === 'quiesce') void this.#quiesce();
    else if (what === 'idle') void this.#idle();
    else if (what === 'abort') this.#abort();
    else if (what === 'signal') this.#signal();
    else {
      this.#outer('server', what);
      this.#server?.befall(what);
    }
  }

  #abort(): void {
    this.#outer('abort');
    this.abort.abort('aborted');
  }

  /** Calls the listeners that satellites have added, not those of the process that we are in. */
  #signal(): void {
    this.onSignal();
    for (const listener of process.listeners('SIGTERM')) {
      if (!this.#strangers.includes(listener)) listener('SIGTERM');
    }
  }

  #listen({ does }: ListenerPlan): void {
    if (does === 'shootDown') return void this.#shootDown();
    if (does === 'abort') return this.#abort();
    const error = new Error('the listener is broken');
    this.trace.note({ what: 'listener fails', error, later: does === 'reject' });
    if (does === 'throw') throw error;
    return Promise.reject(error) as unknown as void;
  }

  /** When all is over: nobody takes a message any more. */
  knock(): void {
    for (const handle of this.#handles) {
      this.#outer('knock', handle.send({}) || (handle.communicator('initiator')?.send({}) ?? true));
    }
  }

  noteSignal(): void {
    this.#outer('signal');
  }

  #outer(act: Outer, value?: unknown, nth = 0): void {
    this.trace.note({ what: 'outer', act, value, nth });
  }
}
