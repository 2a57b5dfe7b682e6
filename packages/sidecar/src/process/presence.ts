import type { BlockContext, Clock, Logger } from '@sputnikjs/core';
import { peersOf, type Membership, type Peer } from '@sputnikjs/messaging';
import { textOf } from '../text.js';
import type { Arrivals } from './arrivals.js';
import type { Delivery } from './delivery.js';

/** How long processes have to answer when somebody looks for them, in milliseconds. */
const ANSWER_MS = 250;
/** How often a part is sought that cannot be reached, in milliseconds; and after how long a process tries again that was refused. */
const [SEEK_MS, REFUSED_MS] = [500, 5_000];

/** What a presence is made of. */
export interface PresenceOptions {
  readonly self: Peer;
  readonly deliveries: readonly Delivery[];
  readonly arrivals: Arrivals;
  readonly clock: Clock;
  readonly log: Logger;
  /** How often the others are looked for when all are reachable, in milliseconds. */
  readonly everyMs: number;
}

/** This process among the others of its satellite: on each connection it joins them, and looks after those that it talks to. */
export class Presence {
  readonly #of: PresenceOptions;
  #membership: Membership | undefined;
  #ends = new AbortController();
  #sooner = new AbortController();

  constructor(of: PresenceOptions) {
    this.#of = of;
  }

  /** How packets go now; undefined without a connection. */
  get post(): Membership | undefined {
    return this.#membership;
  }

  /** Looks for the others at once. */
  search(): void {
    this.#sooner.abort();
  }

  /** There is a connection: joins the others, and stays with them until it ends. */
  connect(connection: unknown, { waitUntil, signal }: BlockContext): void {
    this.#ends = new AbortController();
    waitUntil(this.#stay(connection, AbortSignal.any([this.#ends.signal, signal])));
  }

  /** There is none any more. */
  disconnect(): void {
    this.#ends.abort();
    this.#membership = undefined;
    for (const delivery of this.#of.deliveries) delivery.suspend();
  }

  /** The others do not find it any more. */
  async leave(): Promise<void> {
    await this.#membership?.leave().catch(() => {});
  }

  async #stay(connection: unknown, until: AbortSignal): Promise<void> {
    const membership = await this.#join(connection, until);
    if (membership === undefined) return;
    this.#membership = membership;
    const { log, self, deliveries, arrivals } = this.#of;
    const { id, satellite } = self;
    log.info({ event: 'joined', satellite, instance: id }, `joined the other processes as instance ${id}`);
    for (const delivery of deliveries) delivery.resume(membership.mostBytes);
    arrivals.resume(membership.mostBytes);
    while (!until.aborted) {
      await this.#check(membership);
      await this.#pause(until);
    }
  }

  /** As often as it takes: what a server refuses, an operator may allow. */
  async #join(connection: unknown, until: AbortSignal): Promise<Membership | undefined> {
    const { clock, log, self, deliveries, arrivals } = this.#of;
    while (!until.aborted) {
      try {
        return await peersOf(connection).join(self, {
          packet: (packet) => {
            const known = deliveries.some((one) => one.packet(packet.session, packet.bytes));
            if (!known) arrivals.packet(packet);
          },
          unreachable: (session) => {
            for (const delivery of deliveries) delivery.unreachable(session);
            arrivals.unreachable(session);
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

  async #check(membership: Membership): Promise<void> {
    const { deliveries, arrivals } = this.#of;
    for (const delivery of deliveries) delivery.check();
    arrivals.check();
    const paths = deliveries.map(({ path }) => path);
    const found = await membership.find(paths, ANSWER_MS).catch(() => undefined);
    if (found && this.#membership === membership) for (const delivery of deliveries) delivery.offer(found);
  }

  /** Until it is time to look again: soon if a part is sought. */
  async #pause(until: AbortSignal): Promise<void> {
    const { clock, everyMs, deliveries } = this.#of;
    const isSought = deliveries.some((one) => one.isSought);
    this.#sooner = new AbortController();
    await clock.sleep(isSought ? SEEK_MS : everyMs, AbortSignal.any([until, this.#sooner.signal]));
  }
}
