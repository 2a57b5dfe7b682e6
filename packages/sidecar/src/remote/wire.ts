import type { BlockDescriptor, BlockMetrics, BlockStatus, FlightStatus, LandingReport } from '@sputnikjs/core';
import type { Packed } from '../clone/packing.js';
import type { Leftovers } from '../satellite/leftovers.js';
import type { Nested, ThreadLoad } from '../satellite/made-satellite.js';

/** A pair of sender and receiver: a block of the other side, and a block that sends to it. */
export interface Way {
  /** The path of the receiver's satellite. */
  readonly path: string;
  readonly responsibility: string;
  /** The sender, as the receiver knows it. */
  readonly from: BlockDescriptor;
}

/** The state of a satellite in a thread, or of one nested in it, at one instant. */
export interface Instant extends Pick<FlightStatus, 'connection'> {
  readonly path: string;
  readonly state: Nested['state'];
  /** The state of its flight. */
  readonly flies: FlightStatus['state'];
  readonly url: string | undefined;
  readonly restarted: number;
  readonly thread: ThreadLoad | undefined;
}

/** How often a thread posts its state, in milliseconds. */
export const SNAPSHOT_MS = 250;

/** The state of a thread. */
export interface Snapshot extends Instant {
  /** With their addresses in the outermost satellite. */
  readonly blocks: readonly BlockStatus[];
  readonly metrics: readonly BlockMetrics[];
  /** Its nested satellites. */
  readonly nested: readonly Instant[];
  /** The used heap, in bytes. */
  readonly heapUsed: number;
  /** How late its event loop was at worst in the last ten to twenty seconds, in milliseconds. */
  readonly loopMaxMs: number;
}

/** What the main thread calls in the thread of a satellite. */
export interface Calls {
  boot: readonly [];
  launch: readonly [];
  quiesce: readonly [];
  shootDown: readonly [reason: unknown, withinMs: number | undefined];
  /** Returns when the satellite is idle, with the numbers of messages that have passed. */
  idle: readonly [];
}

/** How many messages an idle satellite has received and sent. */
export interface Traffic {
  readonly received: number;
  readonly sent: number;
}

/** How a satellite in a thread has landed. */
export interface Landed {
  readonly report: LandingReport;
  /** What its landing, and those of its nested satellites, have left behind. */
  readonly leftovers: Leftovers;
  readonly snapshot: Snapshot;
  /** The number of the last message that it has taken. */
  readonly lastTaken: number;
}

/** What one thread or process posts to the other beside messages. Errors are {@link portable}. */
export type Item =
  /** No block takes this message, nor will any take it later. */
  | readonly ['refused', number: number]
  | readonly ['failed', number: number, error: unknown]
  | readonly ['call', id: number, name: keyof Calls, args: readonly unknown[]]
  | readonly ['returned', id: number, value: unknown]
  | readonly ['threw', id: number, error: unknown]
  /** An event of the satellite at this path. */
  | readonly ['event', path: string, event: unknown]
  | readonly ['log', level: 'debug' | 'info' | 'warn' | 'error', bindings: object, fields: unknown, text?: string]
  | readonly ['snapshot', Snapshot]
  | readonly ['landsAround', cause: unknown, inside: unknown]
  | readonly ['landingSoon']
  | readonly ['landed', unknown]
  /** Which process it is that begins to talk. */
  | readonly ['hello', id: string]
  /** This process lands: it takes no more messages, and says of those that it has what becomes of them. */
  | readonly ['leaving']
  /** This process has landed: it has taken all messages up to this number that it has not refused. */
  | readonly ['left', lastTaken: number]
  /** Asks for a configuration of a folder that only the main thread can read. */
  | readonly ['read', id: number, folder: string, name: string];

/** A message under way. */
export interface Message {
  readonly number: number;
  readonly wayId: number;
  readonly how: 'send' | 'ask';
  readonly msg: unknown;
}

/** Everything that is posted at once. Its values are the messages, then the answers; their bytes are transferred, not cloned. */
export interface Frame extends Packed {
  /** New ways, with their numbers. */
  readonly ways: readonly (readonly [id: number, way: Way])[];
  /** Three numbers for each message: its own, that of its way, and 1 for a question or 0. */
  readonly heads: readonly number[];
  /** The number of the question, for each answer. */
  readonly answers: readonly number[];
  readonly items: readonly Item[];
  /** Ranges of settled messages: the first and the last number of each. */
  readonly settled: readonly number[];
}
