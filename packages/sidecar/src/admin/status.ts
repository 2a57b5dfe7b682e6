import type { BlockState, FlightStatus, ListenPlace, Metric } from '@sputnikjs/core';
import type { ThreadState } from './nested-state.js';

/** A verdict, and what it is made of. */
export interface Health {
  readonly ok: boolean;
  readonly checks: readonly HealthCheck[];
}

/** One thing that was looked at. */
export interface HealthCheck {
  readonly name: 'started' | 'failure' | 'landing' | 'server' | 'delivery';
  readonly ok: boolean;
  /** What was found, in words. */
  readonly text: string;
}

/** Half, and 99 %, of the timed messages took at most so many milliseconds. Absent without any, and beyond a minute. */
export interface Durations {
  readonly p50?: number | undefined;
  readonly p99?: number | undefined;
}

/** A block, at an instant. Counts are since the start. */
export interface BlockEntry {
  /** Which factory made it. */
  readonly name: string;
  /** Its address. */
  readonly responsibility: string;
  readonly state: BlockState;
  /** Where it takes from outside, as configured. */
  readonly listens: readonly ListenPlace[];
  readonly accepted: number;
  /** Refused since there was no room: the sender knows. */
  readonly rejected: number;
  readonly handled: number;
  /** The handler failed. Who asked for an answer knows. */
  readonly failed: number;
  /** Accepted, and never handled. */
  readonly dropped: number;
  /** Dropped, failed where no sender knows, or lost before it was accepted. */
  readonly lost: number;
  /** Messages that wait in its mailbox. */
  readonly depth: number;
  /** Messages that its mailbox has room for; 0 where it takes none. */
  readonly capacity: number;
  /** Messages that it works on. */
  readonly underWay: number;
  /** Messages a second, over the last two seconds. */
  readonly acceptedRate: number;
  readonly handledRate: number;
  readonly rejectedRate: number;
  /** For how long it has had its oldest message, in milliseconds; 0 if it has none. */
  readonly oldestMs: number;
  /** How long messages wait in its mailbox. */
  readonly wait: Durations;
  /** How long its handler takes. */
  readonly handling: Durations;
  /** What it measures itself. */
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

/** A turn of the connection to the server. */
export interface ServerTurn {
  readonly at: string;
  readonly what: 'connected' | 'lost' | 'failed';
  readonly text: string;
}

/** The connection to the server. */
export interface ServerStatus {
  readonly state: FlightStatus['connection'];
  /** Whether there is no connection though there should be one. The first attempt is given its time. */
  readonly away: boolean;
  /** Without anything secret. */
  readonly url?: string | undefined;
  /** Since when it is connected, or away. */
  readonly since: string;
  readonly attempts: number;
  readonly connects: number;
  readonly losses: number;
  /** For how long it was connected in all, in milliseconds. */
  readonly connectedMs: number;
  /** When the next attempt is due. */
  readonly retryAt?: string | undefined;
  /** Newest first. */
  readonly history: readonly ServerTurn[];
}

/** A satellite inside it. Its blocks are among the blocks: `<path>/<responsibility>`. */
export interface NestedStatus {
  /** `a/b` for satellite b inside satellite a. */
  readonly path: string;
  /** `failed` while it is made anew, `absent` while no process runs it. */
  readonly state: FlightStatus['state'] | 'failed' | 'absent';
  /** How often it was made anew. */
  readonly restarts: number;
  /** Where it has one of its own. */
  readonly server?: ServerStatus | undefined;
  /** Where it flies in one of its own. */
  readonly thread?: ThreadState | undefined;
  /** How many processes run it, where it has processes of its own. */
  readonly instances?: number | undefined;
}

/** Who sends messages to whom: what has been seen, and with count 0 what blocks declare that they need. */
export interface Edge {
  readonly from: string;
  readonly to: string;
  readonly count: number;
  /** Messages a second, over the last two seconds. */
  readonly rate: number;
}

/** Where messages were lost, and how. */
export interface LossPlace {
  readonly block: string;
  /** `lost`: before a block had accepted it, as a datagram that the kernel dropped. */
  readonly how: 'dropped' | 'failed' | 'lost';
  readonly count: number;
  /** The last reason. */
  readonly text: string;
}

/** How a satellite is, at an instant: what `/status` answers. */
export interface Status {
  /** Of this format. Keys may be added within a version. */
  readonly version: 1;
  /** How it is, in some sentences. */
  readonly summary: string;
  readonly now: string;
  readonly satellite: {
    readonly name: string;
    readonly state: FlightStatus['state'];
    /** Since when it flies; before that, when it was started. */
    readonly since: string;
    readonly pid: number;
    readonly sputnik: string;
    readonly node: string;
    readonly logLevel?: string | undefined;
  };
  /** Whether it should be sent anything: `/readyz`. */
  readonly ready: Health;
  /** Whether it works at all: `/livez`. */
  readonly alive: Health;
  readonly server: ServerStatus;
  /** Those inside it, outer ones first. */
  readonly satellites: readonly NestedStatus[];
  /** In the order of initialisation. */
  readonly blocks: readonly BlockEntry[];
  readonly edges: readonly Edge[];
  /** The block, or `server`, that others wait for: the last one in the flow whose mailbox is half full or more. */
  readonly bottleneck?: string | undefined;
  /** Messages accepted and not yet settled, in all blocks, and those that blocks hold beside their mailboxes. */
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
      /** The share of the time in which it was busy, from 0 to 1. */
      readonly utilization: number;
    };
  };
}
