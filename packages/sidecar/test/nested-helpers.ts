import {
  systemClock,
  type BlockFactory,
  type Clock,
  type LandingReport,
  type Logger,
  type ServerConnector,
  type SputnikEvent,
} from '@sputnikjs/core';
import type { NestedEntry, SidecarEntry } from '@sputnikjs/sidecar';
import { usable } from '../dist/folder/problems.js';
import { setUp } from '../dist/folder/setup.js';
import { WholeSatellite } from '../dist/satellite/whole-satellite.js';
import { makeThreads } from '../dist/thread/make-threads.js';

const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** What a satellite in code is made of. */
export interface Given {
  readonly blocks: readonly (SidecarEntry | NestedEntry)[];
  readonly blockFactories: Readonly<Record<string, BlockFactory>>;
  readonly connector?: ServerConnector | undefined;
  readonly clock?: Clock;
  readonly landingMs?: number;
  readonly log?: Logger;
}

/** A satellite in code with others inside it, that is told of. */
export class Nest {
  readonly events: SputnikEvent[] = [];
  /** What else nested satellites have told. */
  readonly others: string[] = [];
  whole!: WholeSatellite;
  launched!: Promise<LandingReport>;

  static async assemble({ clock = systemClock, landingMs = 25_000, log = SILENT, ...options }: Given): Promise<Nest> {
    const nest = new Nest();
    const configs = { sputnik: { timeouts: { landingMs } } };
    const setup = usable(await setUp({ ...options, configs }));
    nest.whole = await WholeSatellite.assemble(setup, {
      own: { signals: false, connector: setup.connector },
      clock,
      log,
      landingSoon: undefined,
      observer: undefined,
      threadMaker: makeThreads,
      onEvent: (event) => void nest.events.push(event),
      onNestedEvent: ({ setup }, event) => {
        if ('block' in event) nest.events.push(event);
        else nest.others.push(`${setup.path} ${event.type}`);
      },
    });
    return nest;
  }

  static async fly(given: Given): Promise<Nest> {
    const nest = await Nest.assemble(given);
    await nest.whole.boot();
    nest.launched = nest.whole.launch();
    nest.launched.catch(() => {});
    return nest;
  }

  /** The blocks that an event was about, in order. */
  of(type: 'initialized' | 'finished' | 'failed'): readonly string[] {
    return this.events.flatMap((event) => (event.type === type ? event.block.responsibility : []));
  }

  status(responsibility: string): {
    accepted: number;
    handled: number;
    failed: number;
    dropped: number;
    depth: number;
  } {
    const found = this.whole.status().blocks.find((block) => block.responsibility === responsibility);
    if (found === undefined) throw new Error(`no block ${responsibility}`);
    const { accepted, handled, failed, dropped, depth } = found;
    return { accepted, handled, failed, dropped, depth };
  }
}
