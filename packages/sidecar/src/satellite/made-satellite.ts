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

/** The load of a thread, read from outside. */
export interface ThreadLoad {
  /** The used heap in bytes, as it was at most a quarter of a second ago. */
  readonly heapBytes: number;
  /** The share of time in which its event loop was busy lately, from 0 to 1. */
  readonly utilization: number;
  /** How late its event loop was at worst in the last ten to twenty seconds, or is now, in milliseconds. */
  readonly loopMaxMs: number;
}

/** One made satellite, here or in a thread. It boots, flies and lands once; a restart makes another one. */
export interface MadeSatellite extends Level {
  readonly flight: Pick<
    Flight,
    'boot' | 'launch' | 'quiesce' | 'shootDown' | 'status' | 'communicator' | 'isIdle' | 'idle' | 'landed'
  >;
  /** Its nested satellites, by address. */
  readonly nested: ReadonlyMap<string, Nested>;
  /** The url of its server, if it made the connection itself, in a thread. */
  readonly url?: string | undefined;
  /** The load of its own thread. Undefined if it has none. */
  readonly thread?: ThreadLoad | undefined;
  /** Its blocks and those of its nested satellites, in the order of initialisation. */
  blocks(): readonly BlockStatus[];
  /** The metrics of these blocks. */
  metrics(): readonly BlockMetrics[];
  /** The blocks that take messages, of this satellite and its nested satellites. */
  hearing(): readonly Kept[];
  /** Why it landed. Names the block at fault, if that is in a nested satellite. */
  cause(cause: LandingCause): LandingCause;
  /** What its landing, and those of its nested satellites, have left behind. */
  leftovers(): Leftovers;
}

/** A nested satellite, as the rest of the process sees it. */
export interface Nested {
  readonly setup: NestedSetup;
  /** The current made satellite. */
  readonly assembled: Pick<MadeSatellite, 'nested'>;
  /** Where messages for its blocks go at present. */
  readonly current: Level;
  /** How often it was restarted. */
  readonly restarted: number;
  /** `failed` while it restarts, `absent` while no process runs it, `incompatible` while only processes do that write messages in another format. */
  readonly state: FlightStatus['state'] | 'failed' | 'absent' | 'incompatible';
  /** The state of its own server connection; undefined if it has none. */
  readonly connection: FlightStatus['connection'] | undefined;
  readonly status: Pick<FlightStatus, 'state' | 'connection'>;
  /** The url of its own server, if that is known. */
  readonly url: string | undefined;
  /** The load of its own thread. Undefined if it has none. */
  readonly thread: ThreadLoad | undefined;
  /** Where it runs in processes of its own: how many of them were found. */
  readonly instances?: number | undefined;
  /** Why no messages go there although they run. */
  readonly problem?: string | undefined;
  blocks(): readonly BlockStatus[];
}

/** A nested satellite, as the enclosing one flies it. */
export interface NestedPart extends Nested {
  /** The block that the enclosing satellite boots, flies and lands. */
  block(): Partial<AnyBlock>;
  metrics(): readonly BlockMetrics[];
  hearing(): readonly Kept[];
  /** Why the enclosing satellite landed, if the cause is here. */
  cause(): LandingCause | undefined;
  leftovers(): Leftovers;
}

/** Makes a nested satellite, once for each start. */
export interface Maker {
  /** Makes it, with its nested satellites. */
  make(options: Partial<SputnikOptions>): Promise<MadeSatellite>;
  /** Where messages for it wait at all times. Undefined if they wait only during a restart. */
  readonly room?: Room | undefined;
}
