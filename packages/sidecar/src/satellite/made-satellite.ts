import type {
  AnyBlock,
  BlockMetrics,
  BlockStatus,
  Flight,
  FlightStatus,
  LandingCause,
  SputnikOptions,
} from '@sputnikjs/core';
import type { NestedSetup } from '../folder/setup.js';
import type { Leftovers } from './leftovers.js';
import type { Level } from './level.js';
import type { Kept, Room } from './waiting-room.js';

/** How much a thread has to do, read from outside. */
export interface ThreadLoad {
  /** Used of its heap, in bytes, some hundred milliseconds ago. */
  readonly heapBytes: number;
  /** The share of the time in which its event loop was busy last, from 0 to 1. */
  readonly utilization: number;
}

/** A satellite as it was made once, here or in a thread: it boots, flies, lands, and is not used again. */
export interface MadeSatellite extends Level {
  readonly flight: Pick<
    Flight,
    'boot' | 'launch' | 'quiesce' | 'shootDown' | 'status' | 'communicator' | 'isIdle' | 'idle' | 'landed'
  >;
  /** By address. */
  readonly nested: ReadonlyMap<string, Nested>;
  /** Where the server is, if it has a connection that nobody around it knows. */
  readonly url?: string | undefined;
  /** Where it is in a thread of its own. */
  readonly thread?: ThreadLoad | undefined;
  /** Its blocks, and those of the satellites inside it, in the order of initialisation. */
  blocks(): readonly BlockStatus[];
  /** The numbers that these blocks give. */
  metrics(): readonly BlockMetrics[];
  /** The blocks that take messages, of this satellite and of those inside it. */
  hearing(): readonly Kept[];
  /** Why it landed: where something inside a nested satellite was the cause, that. */
  cause(cause: LandingCause): LandingCause;
  /** What its landing has left behind, and what the satellites inside it have. */
  leftovers(): Leftovers;
}

/** A satellite inside another, as others see it. */
export interface Nested {
  readonly setup: NestedSetup;
  /** As it was made last. */
  readonly assembled: Pick<MadeSatellite, 'nested'>;
  /** Where messages for its blocks go. */
  readonly current: Level;
  /** How often it has flown anew. */
  readonly restarted: number;
  /** `failed` while it is made anew, `absent` while no process runs it. */
  readonly state: FlightStatus['state'] | 'failed' | 'absent';
  /** The state of its own server connection; undefined if it has none. */
  readonly connection: FlightStatus['connection'] | undefined;
  readonly status: Pick<FlightStatus, 'state' | 'connection'>;
  /** Where its own server is, if that is known. */
  readonly url: string | undefined;
  /** Where it flies in a thread of its own. */
  readonly thread: ThreadLoad | undefined;
  /** Where it runs in processes of its own: how many of them were found. */
  readonly instances?: number | undefined;
  blocks(): readonly BlockStatus[];
}

/** A satellite inside another, as that flies it. */
export interface NestedPart extends Nested {
  /** What the satellite around it boots, flies and lands. */
  block(): Partial<AnyBlock>;
  metrics(): readonly BlockMetrics[];
  hearing(): readonly Kept[];
  /** Why the satellite around it landed, if that came from here. */
  cause(): LandingCause | undefined;
  leftovers(): Leftovers;
}

/** Makes a nested satellite, any number of times. */
export interface Maker {
  /** Makes it, and those inside it. */
  make(options: Partial<SputnikOptions>): Promise<MadeSatellite>;
  /** Where messages for it wait, whatever becomes of it. Without one they wait only while it is made anew. */
  readonly room?: Room | undefined;
}
