import type { BlockState, FlightStatus, ListenPlace, Metric } from '@sputnikjs/core';
import type { NestedState, ThreadState } from './nested-state.js';

/** A verdict, with the checks behind it. */
export interface Health {
  readonly ok: boolean;
  readonly checks: readonly HealthCheck[];
}

/** One check. */
export interface HealthCheck {
  readonly name: 'started' | 'failure' | 'landing' | 'server' | 'processes' | 'delivery';
  readonly ok: boolean;
  /** The finding, in words. */
  readonly text: string;
}

/** Median and 99th percentile of the timed messages, in milliseconds. Absent without timed messages, and beyond a minute. */
export interface Durations {
  readonly p50?: number | undefined;
  readonly p99?: number | undefined;
}

/** A block at an instant. Counts are since the start. */
export interface BlockEntry {
  /** The name of its factory. */
  readonly name: string;
  /** Its address. */
  readonly responsibility: string;
  readonly state: BlockState;
  /** Where it listens, as configured. */
  readonly listens: readonly ListenPlace[];
  readonly accepted: number;
  /** Refused because there was no room: the sender knows. */
  readonly rejected: number;
  readonly handled: number;
  /** The handler failed. An asker gets the error. */
  readonly failed: number;
  /** Accepted and never handled. */
  readonly dropped: number;
  /** Dropped, failed without an asker, or lost before it was accepted. */
  readonly lost: number;
  /** Messages that wait in its mailbox. */
  readonly depth: number;
  /** Messages that its mailbox has room for; 0 if it takes none. */
  readonly capacity: number;
  /** Messages that it is working on. */
  readonly underWay: number;
  /** Messages a second, over the last two seconds. */
  readonly acceptedRate: number;
  readonly handledRate: number;
  readonly rejectedRate: number;
  /** How long it has had its oldest message, in milliseconds; 0 if it has none. */
  readonly oldestMs: number;
  /** How long messages wait in its mailbox. */
  readonly wait: Durations;
  /** How long its handler takes. */
  readonly handling: Durations;
  /** Its own metrics. */
  readonly measured: readonly Metric[];
}

/** A warning or an error of the log. */
export interface ProblemLine {
  /** ISO 8601, as all times here. */
  readonly at: string;
  readonly level: 'warn' | 'error';
  readonly block?: string | undefined;
  readonly event?: string | undefined;
  readonly code?: string | undefined;
  readonly text: string;
}

/** A change of the connection to the server. */
export interface ServerTurn {
  readonly at: string;
  readonly what: 'connected' | 'lost' | 'failed';
  readonly text: string;
}

/** The connection to the server. */
export interface ServerStatus {
  readonly state: FlightStatus['connection'];
  /** True if there should be a connection and is none. During the first attempt it is false. */
  readonly away: boolean;
  /** Without secrets. */
  readonly url?: string | undefined;
  /** When the current state began. */
  readonly since: string;
  readonly attempts: number;
  readonly connects: number;
  readonly losses: number;
  /** How long it was connected in all, in milliseconds. */
  readonly connectedMs: number;
  /** When the next attempt is due. */
  readonly retryAt?: string | undefined;
  /** Newest first. */
  readonly history: readonly ServerTurn[];
}

/** A nested satellite. Its blocks are among the blocks: `<path>/<responsibility>`. */
export interface NestedStatus {
  /** `a/b` for satellite b nested in satellite a. */
  readonly path: string;
  /** `failed` while it restarts, `absent` while no process runs it, `incompatible` while only processes do that write messages in another format. */
  readonly state: NestedState['state'];
  /** How often it was restarted. */
  readonly restarts: number;
  /** Its own server connection, if it has one. */
  readonly server?: ServerStatus | undefined;
  /** Its own thread, if it has one. */
  readonly thread?: ThreadState | undefined;
  /** How many processes run it, where it has processes of its own. */
  readonly instances?: number | undefined;
  /** Why no messages go to it although it runs. */
  readonly problem?: string | undefined;
}

/** A pair of sender and receiver: seen, or, with count 0, declared as a need. */
export interface Edge {
  readonly from: string;
  readonly to: string;
  readonly count: number;
  /** Messages a second, over the last two seconds. */
  readonly rate: number;
}

/** Lost messages: where, and how. */
export interface LossPlace {
  readonly block: string;
  /** `lost`: before a block had accepted it, such as a datagram that the kernel dropped. */
  readonly how: 'dropped' | 'failed' | 'lost';
  readonly count: number;
  /** The last reason. */
  readonly text: string;
}

/** The state of a satellite at an instant: the answer of `/status`. */
export interface Status {
  /** The version of this format. Keys may be added within a version. */
  readonly version: 1;
  /** The state in a few sentences. */
  readonly summary: string;
  readonly now: string;
  readonly satellite: {
    readonly name: string;
    readonly state: FlightStatus['state'];
    /** When the flight began; before that, when the process started. */
    readonly since: string;
    readonly pid: number;
    readonly sputnik: string;
    readonly node: string;
    readonly logLevel?: string | undefined;
  };
  /** Whether it is ready for messages: `/readyz`. */
  readonly ready: Health;
  /** Whether it works: `/livez`. */
  readonly alive: Health;
  readonly server: ServerStatus;
  /** Its nested satellites, outer ones first. */
  readonly satellites: readonly NestedStatus[];
  /** In the order of initialisation. */
  readonly blocks: readonly BlockEntry[];
  readonly edges: readonly Edge[];
  /** The block, or `server`, that others wait for: the last one in the flow whose mailbox is at least half full. */
  readonly bottleneck?: string | undefined;
  /** Accepted messages without an outcome, in all blocks, and those that blocks hold in addition to their mailboxes. */
  readonly held: number;
  /** Age of the oldest of these, in milliseconds. */
  readonly oldestMs: number;
  readonly lost: { readonly total: number; readonly places: readonly LossPlace[] };
  /** The last warnings and errors of the log, newest first. */
  readonly problems: readonly ProblemLine[];
  readonly landing?:
    | {
        readonly cause: string;
        readonly since: string;
        /** Callbacks that the landing waits for, as `block.callback`. */
        readonly waitsFor: readonly string[];
        readonly clean?: boolean | undefined;
        readonly tookMs?: number | undefined;
      }
    | undefined;
  readonly process: {
    readonly rssBytes: number;
    readonly heapUsedBytes: number;
    readonly heapTotalBytes: number;
    readonly cpuSeconds: number;
    /** How late the event loop is, over the last 10 to 20 s. */
    readonly loop: {
      readonly p50Ms: number;
      readonly p99Ms: number;
      readonly maxMs: number;
      /** The share of time in which it was busy, from 0 to 1. */
      readonly utilization: number;
    };
  };
}
