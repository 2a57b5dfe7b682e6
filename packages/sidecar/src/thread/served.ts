import type { LandingReport } from '@sputnikjs/core';
import { LoopDelayMonitor } from '../admin/loop-delay.js';
import type { RawConfiguration } from '../folder/reader.js';
import { together } from '../satellite/leftovers.js';
import { nestedIn } from '../satellite/whole-satellite.js';
import { CountedAcknowledgements } from './counted.js';
import { answerTo, OpenCalls } from './calls.js';
import { Inbox } from '../remote/inbox.js';
import { Link, type Port, type Receiver } from '../remote/link.js';
import { Outbox } from '../remote/outbox.js';
import { portable, revived } from '../remote/portable.js';
import { RemoteLog } from './remote-log.js';
import { SatelliteInside } from './satellite-inside.js';
import { sides } from '../remote/sides.js';
import type { ThreadData } from './thread-data.js';
import {
  SNAPSHOT_MS,
  type Calls,
  type Item,
  type Landed,
  type Message,
  type Snapshot,
  type Traffic,
  type Way,
} from '../remote/wire.js';

/** How long messages that leave the thread may take at a landing without a deadline, in milliseconds. */
const LAST_MS = 5_000;

/** Runs in the thread. Does what the main thread asks for. */
export class Served implements Receiver {
  readonly #data: ThreadData;
  readonly #link: Link;
  readonly #outbox: Outbox;
  readonly #inbox: Inbox;
  readonly #satellite: SatelliteInside;
  readonly #landingSoon = new AbortController();
  readonly #calls = new OpenCalls();
  readonly #loop = new LoopDelayMonitor();
  #withinMs: number | undefined;

  static async start(data: ThreadData, port: Port): Promise<Served> {
    const link: Link = new Link(port, (number, error) => outbox.failed(number, error));
    const acknowledgements = new CountedAcknowledgements(data.counts);
    const { outside } = sides(data.path, data.hearing);
    const log = new RemoteLog(link);
    const outbox = await Outbox.for(outside, { base: '', log, observer: acknowledgements.outward });
    return new Served(data, link, outbox, acknowledgements, log);
  }

  private constructor(
    data: ThreadData,
    link: Link,
    outbox: Outbox,
    acknowledgements: CountedAcknowledgements,
    log: RemoteLog,
  ) {
    this.#data = data;
    this.#link = link;
    this.#outbox = outbox;
    this.#satellite = new SatelliteInside({
      data,
      log,
      outbox,
      acknowledgements,
      landingSoon: this.#landingSoon.signal,
      read: (folder, name) =>
        this.#calls.call(
          (id) => ['read', id, folder, name],
          (item) => link.post(item),
        ) as Promise<RawConfiguration | undefined>,
      onEvent: (path, event) => link.post(['event', path, portable(event)]),
      landsAround: (cause, inside) => link.post(['landsAround', portable(cause), portable(inside)]),
    });
    this.#inbox = new Inbox(this.#satellite.destinationOf, link, acknowledgements, data.path);
    outbox.open(link);
  }

  /** Posts everything that is waiting, before the thread ends. */
  flush(): void {
    this.#link.flush();
  }

  way(id: number, way: Way): void {
    this.#inbox.way(id, way);
  }

  message(message: Message): void {
    this.#inbox.take(message);
  }

  answer(number: number, value: unknown): void {
    this.#outbox.answer(number, value);
  }

  settled(first: number, last: number): void {
    this.#outbox.settled(first, last);
  }

  take(item: Item): void {
    if (this.#outbox.take(item)) return;
    switch (item[0]) {
      case 'returned':
      case 'threw':
        return this.#calls.take(item);
      case 'landingSoon':
        return this.#landingSoon.abort();
      case 'call':
        return void this.#answer(item);
    }
  }

  async #answer([, id, name, args]: Extract<Item, readonly ['call', ...unknown[]]>): Promise<void> {
    const item = await answerTo(id, () => this.#do(name, args));
    this.#tell();
    this.#link.post(item);
  }

  #do(name: keyof Calls, args: readonly unknown[]): Promise<unknown> {
    switch (name) {
      case 'boot':
        return this.#boot();
      case 'launch':
        return this.#satellite.launch();
      case 'quiesce':
        return this.#satellite.assembled?.flight.quiesce() ?? Promise.resolve();
      case 'shootDown':
        return this.#shootDown(...(revived(args) as Calls['shootDown']));
      case 'idle':
        return this.#idle();
    }
  }

  async #boot(): Promise<void> {
    const timer = setInterval(() => this.#tell(), SNAPSHOT_MS);
    timer.unref();
    const booted = this.#satellite.boot();
    // a satellite that could not boot has landed
    const landed = booted.then(
      () => this.#satellite.assembled?.flight.landed,
      () => this.#satellite.assembled?.flight.landed,
    );
    void landed.then((report) => report && this.#land(report));
    await booted;
  }

  async #shootDown(reason: unknown, withinMs: number | undefined): Promise<void> {
    this.#withinMs = withinMs;
    const flight = this.#satellite.assembled?.flight;
    if (flight) await flight.shootDown(reason, { withinMs });
    else {
      const cause = { kind: 'shootDown', reason } as const;
      await this.#land({ cause, clean: true, tookMs: 0, unfinished: [], failures: [], dropped: [] });
    }
  }

  async #idle(): Promise<Traffic> {
    const flight = this.#satellite.assembled?.flight;
    const isIdle = (): boolean => flight?.isIdle !== false && this.#outbox.isIdle;
    // guard: a thread is idle when nothing is on its way out either
    while (!isIdle()) await Promise.all([flight?.idle(), this.#outbox.idle()]);
    return { received: this.#inbox.taken, sent: this.#link.messages };
  }

  async #land(report: LandingReport): Promise<void> {
    const withinMs = this.#withinMs === undefined ? LAST_MS : Math.max(0, this.#withinMs - report.tookMs);
    const { unfinished, failures, dropped } = await this.#outbox.close(withinMs);
    await this.#satellite.release();
    const own = this.#satellite.assembled?.leftovers() ?? together([]);
    const landed: Landed = {
      report,
      leftovers: together([own, { unfinished, failures, dropped }]),
      snapshot: this.#snapshot(),
      lastTaken: this.#inbox.lastTaken,
    };
    // the outcomes of the last questions go first
    setImmediate(() => this.#link.post(['landed', portable(landed)]));
  }

  #tell(): void {
    if (this.#satellite.assembled) this.#link.post(['snapshot', this.#snapshot()]);
  }

  #snapshot(): Snapshot {
    this.#loop.tick();
    const { assembled, url } = this.#satellite;
    const { path } = this.#data;
    const { state = 'preparing', connection = 'none' } = assembled?.flight.status() ?? {};
    return {
      path,
      state,
      flies: state,
      connection,
      url,
      restarted: 0,
      thread: undefined,
      blocks: assembled?.blocks() ?? [],
      metrics: assembled?.metrics() ?? [],
      nested: assembled
        ? nestedIn(assembled).map(({ setup, state: its, status, url: where, restarted, thread }) => ({
            path: setup.path,
            state: its,
            flies: status.state,
            connection: status.connection,
            url: where,
            restarted,
            thread,
          }))
        : [],
      heapUsed: process.memoryUsage().heapUsed,
      loopMaxMs: this.#loop.read().max * 1_000,
    };
  }
}
