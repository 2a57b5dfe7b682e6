import {
  Sputnik,
  type BlockCommunicator,
  type BlockDescriptor,
  type BlockEntry,
  type BlockFactory,
  type Flight,
} from '@sputnikjs/core';
import { factoryOf } from './blocks.js';
import { factoriesOf, makeFaulty } from './faults.js';
import type { Action, ListenerPlan, SatellitePlan } from './plan.js';
import { FakeServer } from './server.js';
import { Trace, type Observed, type Outer } from './trace.js';
import type { World } from './world.js';

/** Addresses of application blocks: a, b, c, … */
export function addressesOf(plan: SatellitePlan): string[] {
  return plan.blocks.map((_, place) => String.fromCodePoint(97 + place));
}

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
    this.#assemble()
      .prepare()
      .then(
        (flight) => this.#prepared(flight),
        (error: unknown) => this.#outer('refused', error),
      );
  }

  /** Notes how things stand, when nothing more happens at this time. */
  quiet(): void {
    const { lines } = this.trace;
    if (!this.flight || lines.at(-1)?.what === 'quiet') return;
    this.trace.note({
      what: 'quiet',
      status: this.flight.status(),
      timers: this.#world.pending(this.name),
      observed: structuredClone(this.#observed),
    });
  }

  #assemble(): Sputnik<number> {
    const { blocks, finisher, timeouts, faults } = this.plan;
    const faulty = faults.map(makeFaulty);
    const addresses = addressesOf(this.plan);
    // a need has to be met by a block that takes messages
    const everybody = [...addresses.filter((_, place) => blocks[place]?.onMsg), 'initiator'];
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
      finisher:
        finisher === 'default'
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

  #prepared(flight: Flight): void {
    this.flight = flight;
    this.#outer('prepared');
    void flight.landed.then((report) => this.#outer('landed', report));
    const { launchAfterMs } = this.plan;
    if (launchAfterMs === 0) this.#launch();
    else if (launchAfterMs !== undefined) this.#world.at(this.#world.now + launchAfterMs, () => this.#launch());
    if (this.#doomed) void this.#shootDown();
  }

  #launch(): void {
    if (!this.flight) return;
    const nth = ++this.#launches;
    this.#outer('launch', undefined, nth);
    void this.flight.launch().then(
      (report) => this.#outer('launch resolved', report, nth),
      (error: unknown) => this.#outer('launch rejected', error, nth),
    );
  }

  #shootDown(): Promise<unknown> | undefined {
    const { flight } = this;
    if (!flight) {
      this.#doomed = true;
      return undefined;
    }
    this.#outer('shootDown');
    const landed = flight.shootDown('shot');
    void landed.then((report) => this.#outer('shot down', report));
    return landed;
  }

  async #after({ hops, do: what }: Action): Promise<void> {
    for (let i = 0; i < hops; i++) await Promise.resolve();
    if (what === 'shootDown') void this.#shootDown();
    else if (what === 'launch') this.#launch();
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
