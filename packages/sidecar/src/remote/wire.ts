import type { BlockDescriptor, BlockMetrics, BlockStatus, FlightStatus, LandingReport } from '@sputnikjs/core';
import type { View } from '../clone/packing.js';
import type { Leftovers } from '../satellite/leftovers.js';
import type { ThreadLoad } from '../satellite/made-satellite.js';

/** A block of the other side, and who sends to it. */
export interface Way {
  /** Of its satellite. */
  readonly path: string;
  readonly responsibility: string;
  /** As the block knows the sender. */
  readonly from: BlockDescriptor;
}

/** A satellite in a thread, or inside one, at an instant. */
export interface Instant extends Pick<FlightStatus, 'connection'> {
  readonly path: string;
  /** `failed` while it is made anew, `absent` while no process runs it. */
  readonly state: FlightStatus['state'] | 'failed' | 'absent';
  /** Its flight's. */
  readonly flies: FlightStatus['state'];
  readonly url: string | undefined;
  readonly restarted: number;
  readonly thread: ThreadLoad | undefined;
}

/** How a thread is. */
export interface Snapshot extends Instant {
  /** Called by their addresses in the outermost satellite. */
  readonly blocks: readonly BlockStatus[];
  readonly metrics: readonly BlockMetrics[];
  /** The satellites inside. */
  readonly nested: readonly Instant[];
  /** Of the heap, in bytes. */
  readonly heapUsed: number;
}

/** What is done with a satellite in a thread. */
export interface Calls {
  boot: readonly [];
  launch: readonly [];
  quiesce: readonly [];
  shootDown: readonly [reason: unknown, withinMs: number | undefined];
  /** Answered when it is idle, with how many messages have come and gone. */
  idle: readonly [];
}

/** What the other side of an idle satellite has seen. */
export interface Traffic {
  readonly received: number;
  readonly sent: number;
}

/** How a satellite in a thread has landed. */
export interface Landed {
  readonly report: LandingReport;
  /** With those of the satellites inside it. */
  readonly leftovers: Leftovers;
  readonly snapshot: Snapshot;
  /** The number of the last message that it has taken. */
  readonly lastTaken: number;
}

/** What one thread or process tells the other. Values of errors are {@link portable}. */
export type Item =
  /** No block takes it, and none will. */
  | readonly ['refused', number: number]
  | readonly ['failed', number: number, error: unknown]
  | readonly ['call', id: number, name: keyof Calls, args: readonly unknown[]]
  | readonly ['returned', id: number, value: unknown]
  | readonly ['threw', id: number, error: unknown]
  /** Of the satellite at this path. */
  | readonly ['event', path: string, event: unknown]
  | readonly ['log', level: 'debug' | 'info' | 'warn' | 'error', bindings: object, fields: unknown, text?: string]
  | readonly ['snapshot', Snapshot]
  | readonly ['landsAround', cause: unknown, inside: unknown]
  | readonly ['landingSoon']
  | readonly ['landed', unknown]
  /** Which process it is that begins to talk, and which satellite it runs. */
  | readonly ['hello', id: string, satellite: string]
  /** This process lands: it takes no more messages, and says of those that it has what becomes of them. */
  | readonly ['leaving']
  /** This process has landed: it has taken all messages up to this number that it has not refused. */
  | readonly ['left', lastTaken: number]
  /** A configuration of a folder that only the main thread understands. */
  | readonly ['read', id: number, folder: string, name: string];

/** A message under way. */
export interface Message {
  readonly number: number;
  readonly wayId: number;
  readonly how: 'send' | 'ask';
  readonly msg: unknown;
}

/** What is posted at once. */
export interface Frame {
  /** How messages that follow go, each behind its number. */
  readonly ways: readonly (readonly [id: number, way: Way])[];
  /** Of each message three numbers: its own, that of its way, and 1 if it is asked, else 0. */
  readonly heads: readonly number[];
  /** The messages, then the answers. */
  readonly values: readonly unknown[];
  /** Of each answer the number of its question. */
  readonly answers: readonly number[];
  readonly items: readonly Item[];
  /** The first and the last number of each row of messages that are settled. */
  readonly settled: readonly number[];
  /** Bytes of all values; only this is transferred. */
  readonly bytes: ArrayBuffer | undefined;
  readonly views: readonly View[];
}
