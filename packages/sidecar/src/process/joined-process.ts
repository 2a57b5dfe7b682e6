import { randomUUID } from 'node:crypto';
import {
  defineBlock,
  Sputnik,
  type BlockDefinition,
  type BlockStatus,
  type Clock,
  type EventListener,
  type Flight,
  type FlightStatus,
  type Logger,
  type MessageObserver,
  type Metric,
  type Timeouts,
} from '@sputnikjs/core';
import { JOIN } from '../folder/connector-conf.js';
import { partOf, type Part } from '../folder/parts.js';
import type { NestedSetup, SatelliteSetup } from '../folder/setup.js';
import { Acknowledgements } from '../remote/acknowledgements.js';
import type { Hearing } from '../satellite/assembly.js';
import { together, type Leftovers } from '../satellite/leftovers.js';
import { VERSION } from '../own-files.js';
import { destinationsBelow, type DestinationOf } from '../satellite/level.js';
import type { OtherProcesses } from '../satellite/whole-satellite.js';
import type { OwnedConnector } from '../satellite/owned-connector.js';
import { Arrivals } from './arrivals.js';
import { Delivery, type Post } from './delivery.js';
import { FORMAT } from './format.js';
import { Presence } from './presence.js';
import { RemotePart } from './remote-part.js';

/** An instance whose heartbeat is missed so often is gone. */
const INTERVALS = 2;
/** Of the time that there is for the end: how much the messages have that are on their way. */
const SHARE = 0.9;

/** What it is made of. */
export interface JoinedOptions {
  /** The name of the outermost satellite. */
  readonly whole: string;
  /** The path of the part that this process runs. */
  readonly path: string;
  /** All parts, this one too. */
  readonly parts: readonly Part<SatelliteSetup>[];
  /** The blocks that take messages, of all parts. */
  readonly hearing: readonly Hearing[];
  /** The addresses of blocks that blocks here need. */
  readonly needed: ReadonlySet<string>;
  /** Leads to the satellites of this part. */
  readonly destinationOf: DestinationOf;
  readonly connector: OwnedConnector;
  readonly timeouts: Timeouts & { readonly heartbeatMs: number };
  readonly clock: Clock;
  readonly log: Logger;
  /** Sees what is sent to the part at a path. */
  readonly observerOf: (path: string) => MessageObserver | undefined;
  /** Is told of the connection that joins. */
  readonly onEvent: EventListener;
}

/** This process as one of several that make up a satellite: it finds the others, sends to them and takes what they send. */
export class JoinedProcess implements OtherProcesses {
  readonly #of: JoinedOptions;
  readonly #presence: Presence;
  readonly #deliveries: ReadonlyMap<string, Delivery>;
  readonly #arrivals: Arrivals;
  readonly #flight: Flight;
  #left: readonly Leftovers[] = [];
  /** Says of messages of other processes when their handlers here have settled. */
  readonly acknowledgements: Acknowledgements;

  static async prepare(of: JoinedOptions): Promise<JoinedProcess> {
    const { whole, path, parts, hearing, clock, log, observerOf, timeouts, connector, onEvent } = of;
    const self = { whole, satellite: path, id: randomUUID().replaceAll('-', ''), format: FORMAT, version: VERSION };
    const post = (): Post | undefined => presence.post;
    const others = parts.filter((part) => part.path !== path);
    const silentMs = timeouts.heartbeatMs * INTERVALS;
    let sessions = 0;
    const deliveries = await Promise.all(
      others.map((part) =>
        Delivery.for({
          part,
          blocks: hearing.filter((block) => partOf(parts, block.path) === part),
          self: self.id,
          log,
          clock,
          observer: observerOf(part.path),
          silentMs,
          post,
          nameSession: () => `${self.id}x${++sessions}`,
          search: () => presence.search(),
        }),
      ),
    );
    const acknowledgements = new Acknowledgements();
    const { destinationOf } = of;
    const arrivals = new Arrivals({ destinationOf, acknowledgements, clock, log, silentMs, post });
    const everyMs = timeouts.heartbeatMs / INTERVALS;
    const presence: Presence = new Presence({ self, deliveries, arrivals, clock, log, everyMs });
    const network = defineBlock({
      name: 'network',
      make: () => ({
        onServerConnect: (connection: unknown, ctx) => presence.connect(connection, ctx),
        onServerDisconnect: () => presence.disconnect(),
      }),
    });
    const { value: flight } = await new Sputnik({
      appBlocks: [{ name: 'network' }],
      blockFactories: { network },
      connector,
      timeouts,
      signals: false,
      clock,
      log,
      onEvent,
    }).assemble();
    return new JoinedProcess(of, { presence, deliveries, arrivals, flight, acknowledgements });
  }

  private constructor(
    of: JoinedOptions,
    made: {
      readonly presence: Presence;
      readonly deliveries: readonly Delivery[];
      readonly arrivals: Arrivals;
      readonly flight: Flight;
      readonly acknowledgements: Acknowledgements;
    },
  ) {
    this.#of = of;
    this.#presence = made.presence;
    this.#deliveries = new Map(made.deliveries.map((one) => [one.path, one]));
    this.#arrivals = made.arrivals;
    this.#flight = made.flight;
    this.acknowledgements = made.acknowledgements;
  }

  /** What stands here for a satellite that runs elsewhere. */
  remotePart(setup: NestedSetup): RemotePart {
    const delivery = this.#deliveries.get(setup.path);
    if (delivery === undefined) throw new Error(`satellite ${setup.path} does not run elsewhere`);
    return new RemotePart(setup, delivery);
  }

  /** Where messages go for the satellite at `path`, which is in another part; undefined if it is in this one. */
  elsewhere(path: string): ReturnType<DestinationOf> | undefined {
    const part = partOf(this.#of.parts, path);
    const delivery = part && this.#deliveries.get(part.path);
    if (delivery === undefined) return undefined;
    return destinationsBelow(delivery.path, () => delivery.level)(path);
  }

  /** How the flight is that keeps the connection. */
  status(): FlightStatus {
    return this.#flight.status();
  }

  /** Why no messages go to a part although it runs; undefined if there is no such part. */
  get problem(): string | undefined {
    return [...this.#deliveries.values()].find(({ problem }) => problem !== undefined)?.problem;
  }

  /** Blocks elsewhere that blocks here need, or have sent to, with what waits for them here. */
  blocks(): readonly BlockStatus[] {
    const { needed } = this.#of;
    const all = [...this.#deliveries.values()].flatMap((one) => one.blocks());
    return all.filter(
      ({ responsibility, accepted, rejected }) => needed.has(responsibility) || accepted + rejected > 0,
    );
  }

  /** What is left of messages for other parts. */
  leftovers(): Leftovers {
    return together(this.#left);
  }

  /** The first to be initialised, the last to be finished. */
  readonly block: BlockDefinition = defineBlock({
    name: JOIN,
    make: () => ({
      init: () => this.#flight.boot(),
      run: async () => void (await this.#flight.launch()),
      onLanding: () => this.#leave(),
      transit: this,
      finish: (_init, { msLeft }) => this.#land(msLeft()),
      metrics: () => this.#metrics(),
    }),
  });

  get isIdle(): boolean {
    return [...this.#deliveries.values()].every((one) => one.isIdle);
  }

  async idle(): Promise<void> {
    await Promise.all([...this.#deliveries.values()].map((one) => one.idle()));
  }

  async #leave(): Promise<void> {
    this.#arrivals.leave();
    await this.#presence.leave();
  }

  async #land(withinMs: number): Promise<void> {
    const { clock } = this.#of;
    const until = clock.now() + withinMs * SHARE;
    const msLeft = (): number => Math.max(0, until - clock.now());
    const deliveries = [...this.#deliveries.values()];
    this.#left = await Promise.all(deliveries.map((one) => one.close(msLeft())));
    await this.#arrivals.close(msLeft());
    await this.#flight.shootDown('the satellite lands', {
      withinMs: Math.max(1, until + withinMs * (1 - SHARE) - clock.now()),
    });
  }

  #metrics(): readonly Metric[] {
    const ofEach = (name: string, help: string, value: (one: Delivery) => number): Metric[] =>
      [...this.#deliveries.values()].map((one) => ({
        name,
        type: 'gauge',
        help,
        value: value(one),
        labels: { satellite: one.path },
      }));
    return [
      ...ofEach('instances', 'Processes that run a satellite elsewhere.', (one) => one.instances),
      ...ofEach(
        'incompatible_instances',
        'Processes that run a satellite elsewhere, and write messages in another format.',
        (one) => one.incompatible,
      ),
      {
        name: 'senders',
        type: 'gauge',
        help: 'Other processes that send messages here.',
        value: this.#arrivals.senders,
      },
      {
        name: 'duplicates_total',
        type: 'counter',
        help: 'Repeated messages of other processes, each accepted once.',
        value: this.#arrivals.duplicates,
      },
    ];
  }
}
