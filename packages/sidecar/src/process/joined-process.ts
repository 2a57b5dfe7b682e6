import { randomUUID } from 'node:crypto';
import {
  defineBlock,
  Sputnik,
  type BlockDefinition,
  type BlockContext,
  type Clock,
  type EventListener,
  type Flight,
  type FlightStatus,
  type Logger,
  type MessageObserver,
  type Metric,
  type Timeouts,
} from '@sputnikjs/core';
import { peersOf, type Membership, type Peer } from '@sputnikjs/messaging';
import { JOIN } from '../folder/connector-conf.js';
import { partOf, type Part } from '../folder/parts.js';
import type { NestedSetup, SatelliteSetup } from '../folder/setup.js';
import { Acknowledgements } from '../remote/acknowledgements.js';
import type { Hearing } from '../satellite/assembly.js';
import type { DestinationOf } from '../satellite/handles.js';
import { together, type Leftovers } from '../satellite/leftovers.js';
import { levelAt, partsOf } from '../satellite/level.js';
import type { OtherProcesses } from '../satellite/whole-satellite.js';
import type { OwnedConnector } from '../satellite/owned-connector.js';
import { textOf } from '../text.js';
import { Arrivals } from './arrivals.js';
import { Delivery, type Post } from './delivery.js';
import { RemotePart } from './remote-part.js';

/** An instance whose heartbeat is missed so often is gone. */
const INTERVALS = 2;
/** How long processes have to answer when somebody looks for them, in milliseconds. */
const ANSWER_MS = 250;
/** How often somebody looks for a part that nobody is reachable of, in milliseconds; and after how long again who is refused. */
const [SEEK_MS, REFUSED_MS] = [500, 5_000];
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
  /** Leads to the satellites of this part. */
  readonly destinationOf: DestinationOf;
  readonly connector: OwnedConnector;
  readonly timeouts: Timeouts & { readonly heartbeatMs: number };
  readonly clock: Clock;
  readonly log: Logger;
  /** Sees what is sent to other parts. */
  readonly observer: MessageObserver | undefined;
  /** Is told of the connection that joins. */
  readonly onEvent: EventListener;
}

/** This process as one of several that make up a satellite: it finds the others, sends to them and takes what they send. */
export class JoinedProcess implements OtherProcesses {
  readonly #of: JoinedOptions;
  readonly #self: Peer;
  readonly #deliveries: ReadonlyMap<string, Delivery>;
  readonly #arrivals: Arrivals;
  readonly #flight: Flight;
  #membership: Membership | undefined;
  #left: readonly Leftovers[] = [];
  #search: () => void = () => {};
  /** Says of messages of other processes when their handlers here have settled. */
  readonly acknowledgements: Acknowledgements;

  static async prepare(of: JoinedOptions): Promise<JoinedProcess> {
    const { whole, path, parts, hearing, clock, log, observer, timeouts, connector, onEvent } = of;
    const self = { whole, satellite: path, id: randomUUID().replaceAll('-', '') };
    const post = (): Post | undefined => joined.#membership;
    const others = parts.filter((part) => part.path !== path);
    const silentMs = timeouts.heartbeatMs * INTERVALS;
    let sessions = 0;
    const deliveries = await Promise.all(
      others.map((part) =>
        Delivery.for({
          part,
          blocks: hearing.filter((block) => partOf(parts, block.path) === part),
          self,
          log,
          clock,
          observer,
          silentMs,
          post,
          nameSession: () => `${self.id}x${++sessions}`,
          search: () => joined.#search(),
        }),
      ),
    );
    const acknowledgements = new Acknowledgements();
    const { destinationOf } = of;
    const arrivals = new Arrivals({ destinationOf, acknowledgements, clock, log, silentMs, post });
    const network = defineBlock({
      name: 'network',
      make: () => ({
        onServerConnect: (connection: unknown, ctx) => joined.#connect(connection, ctx),
        onServerDisconnect: () => joined.#disconnect(),
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
    const joined: JoinedProcess = new JoinedProcess(of, { self, deliveries, arrivals, flight, acknowledgements });
    return joined;
  }

  private constructor(
    of: JoinedOptions,
    made: {
      readonly self: Peer;
      readonly deliveries: readonly Delivery[];
      readonly arrivals: Arrivals;
      readonly flight: Flight;
      readonly acknowledgements: Acknowledgements;
    },
  ) {
    this.#of = of;
    this.#self = made.self;
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
    const level = levelAt(delivery.level, partsOf(path).slice(partsOf(delivery.path).length));
    return () => level?.flight;
  }

  /** How the flight is that keeps the connection. */
  status(): FlightStatus {
    return this.#flight.status();
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

  /** Joins the others, and stays with them until the connection ends. */
  #connect(connection: unknown, ctx: BlockContext): void {
    const ends = new AbortController();
    this.#disconnect = () => {
      ends.abort();
      this.#membership = undefined;
      for (const delivery of this.#deliveries.values()) delivery.suspend();
    };
    ctx.waitUntil(this.#stay(connection, AbortSignal.any([ends.signal, ctx.signal])));
  }

  #disconnect: () => void = () => {};

  async #stay(connection: unknown, until: AbortSignal): Promise<void> {
    const membership = await this.#join(connection, until);
    if (membership === undefined) return;
    this.#membership = membership;
    const { log, path } = this.#of;
    const { id } = this.#self;
    log.info({ event: 'joined', satellite: path, instance: id }, `joined the other processes as instance ${id}`);
    for (const delivery of this.#deliveries.values()) delivery.resume();
    this.#arrivals.resume();
    while (!until.aborted) {
      await this.#look(membership);
      await this.#pause(until);
    }
  }

  /** As often as it takes: what a server refuses, an operator may allow. */
  async #join(connection: unknown, until: AbortSignal): Promise<Membership | undefined> {
    const { clock, log } = this.#of;
    while (!until.aborted) {
      try {
        return await peersOf(connection).join(this.#self, {
          packet: (packet) => {
            const known = [...this.#deliveries.values()].some((one) => one.packet(packet.session, packet.bytes));
            if (!known) this.#arrivals.packet(packet);
          },
          unreachable: (session) => {
            for (const delivery of this.#deliveries.values()) delivery.unreachable(session);
            this.#arrivals.unreachable(session);
          },
        });
      } catch (error) {
        if (until.aborted) return undefined;
        const text = `cannot join the other processes: ${textOf(error)}; it tries again in ${REFUSED_MS / 1000} s`;
        log.error({ event: 'joinFailed', error }, text);
        await clock.sleep(REFUSED_MS, until);
      }
    }
    return undefined;
  }

  async #look(membership: Membership): Promise<void> {
    const deliveries = [...this.#deliveries.values()];
    for (const delivery of deliveries) delivery.look();
    this.#arrivals.look();
    const found = await membership.find([...this.#deliveries.keys()], ANSWER_MS).catch(() => undefined);
    if (found && this.#membership === membership) for (const delivery of deliveries) delivery.offer(found);
  }

  /** Until it is time to look again: soon if a part is sought. */
  async #pause(until: AbortSignal): Promise<void> {
    const { clock, timeouts } = this.#of;
    const isSought = [...this.#deliveries.values()].some((one) => one.isSought);
    const sooner = new AbortController();
    this.#search = () => sooner.abort();
    await clock.sleep(isSought ? SEEK_MS : timeouts.heartbeatMs / INTERVALS, AbortSignal.any([until, sooner.signal]));
  }

  async #leave(): Promise<void> {
    this.#arrivals.leave();
    await this.#membership?.leave().catch(() => {});
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
    return [
      ...[...this.#deliveries.values()].map((one) => ({
        name: 'instances',
        type: 'gauge' as const,
        help: 'Processes that run a satellite elsewhere.',
        value: one.instances,
        labels: { satellite: one.path },
      })),
      {
        name: 'senders',
        type: 'gauge',
        help: 'Other processes that send messages here.',
        value: this.#arrivals.senders,
      },
      {
        name: 'duplicates_total',
        type: 'counter',
        help: 'Messages of other processes that came again, and were taken once.',
        value: this.#arrivals.duplicates,
      },
    ];
  }
}
