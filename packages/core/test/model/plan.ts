// What a random flight is made of: plain data, so that it can be shrunk, printed and flown again.

/** What waits with an abort signal: one that aborts after `ms`, has aborted already, or is one of the context's. */
export type Patience = 'endless' | 'already' | 'landing' | 'signal' | number;

/** Writes to the block at this place in the list (round the list), or back to the sender of the message at hand. */
export interface Write {
  readonly do: 'write';
  readonly kind: 'send' | 'post' | 'ask';
  readonly to: number | 'sender';
  /** 'ignore' what becomes of it, 'await' it, or 'need' it: fail if it fails. */
  readonly care: 'ignore' | 'await' | 'need';
  readonly patience: Patience;
  readonly timeoutMs: number | undefined;
  /** Of questions: whether they wait for room. */
  readonly whenFull: 'wait' | 'reject';
  /** Null instead of a message. */
  readonly empty: boolean;
}

/** So many senders at once, each one message after the other. */
export interface Flood {
  readonly do: 'flood';
  readonly kind: 'send' | 'post' | 'ask';
  readonly to: number;
  readonly senders: number;
  readonly each: number;
}

/** One thing that a callback does. Those that need no waiting happen at once, so that callbacks are synchronous as well. */
export type Step =
  | { readonly do: 'wait'; readonly ms: number }
  /** 'pretend' rejects with an AbortError though nothing aborted. */
  | { readonly do: 'throw' | 'reject' | 'pretend' | 'hang' | 'land' | 'finishMsg' }
  | { readonly do: 'giveUp'; readonly when: 'landing' | 'signal'; readonly how: 'return' | 'throw' }
  | { readonly do: 'shootDown'; readonly care: 'ignore' | 'await' }
  /** Of the batch at hand, the message at this place (round the batch) gets its outcome. */
  | { readonly do: 'settle'; readonly nth: number; readonly how: 'reply' | 'fail' | 'pretend' | 'giveUp' }
  /** A message to a block outside the satellite. */
  | { readonly do: 'outside' }
  /** A message that looks like house-keeping. */
  | { readonly do: 'forge'; readonly to: 'initiator' | 'finisher' | 'connector'; readonly kind: number }
  | { readonly do: 'waitUntil'; readonly script: Script }
  | Write
  | Flood;

export type Script = readonly Step[];

/** What `onError` does; 'junk' returns neither of the two decisions. */
export type Verdict = 'continue' | 'shutdown' | 'throw' | 'land' | 'junk';

/** What holds something for a block beside its mailbox: from then on, for so long (undefined: for ever); then it sends what it held. */
export interface TransitPlan {
  readonly from: 'run' | 'landing';
  readonly ms: number | undefined;
  readonly sends: readonly Write[];
}

/** A block. Where there are several scripts for a callback, they take turns. */
export interface BlockPlan {
  /** In the original's form, or made by `defineBlock` with needs. */
  readonly style: 'plain' | 'defined';
  readonly init: Script;
  readonly run: Script;
  readonly finish: Script;
  readonly onLanding: Script | undefined;
  readonly onMsg: readonly Script[] | undefined;
  /** In place of `onMsg`. */
  readonly onMsgs: readonly Script[] | undefined;
  readonly onServerConnect: readonly Script[] | undefined;
  readonly onServerDisconnect: readonly Script[] | undefined;
  readonly onError: readonly Verdict[] | undefined;
  readonly mailbox: {
    readonly capacity: number | undefined;
    readonly whenFull: 'reject' | 'drop-oldest' | undefined;
    readonly concurrency: number | undefined;
    readonly batch: number | undefined;
  };
  readonly transit: TransitPlan | undefined;
}

/** How the server takes an attempt to connect. */
export interface ConnectPlan {
  /** Until it answers; undefined answers never, 0 at once, without a promise. */
  readonly ms: number | undefined;
  /** Rejects when the attempt's signal aborts. */
  readonly obeys: boolean;
  /** 'state' accepts if the server is up. */
  readonly answer: 'state' | 'refuse';
  /** When this connection reports its loss by itself: before it is there, or so many milliseconds afterwards. */
  readonly lost: 'early' | number | undefined;
}

/** How the server takes a heartbeat. */
export interface BeatPlan {
  readonly ms: number | undefined;
  /** 'lost' reports the loss at once, whatever it answers then. */
  readonly answer: 'state' | 'throw' | 'lost';
}

/** Where there are several plans, they take turns. */
export interface ServerPlan {
  readonly up: boolean;
  readonly connects: readonly ConnectPlan[];
  readonly beats: readonly BeatPlan[];
  readonly disconnect: 'return' | 'wait' | 'reject' | 'throw' | 'hang';
}

/** What happens from outside: at a time, so many microtasks later. */
export interface Action {
  readonly at: number;
  readonly hops: number;
  /** Of a `shootDown`: the share of somebody else's deadline. */
  readonly withinMs: number | undefined;
  /** 'restore', 'vanish' (only a heartbeat tells), 'drop' (it is reported), 'blink' (reported, yet up), 'ghost' (an old link reports). */
  readonly do:
    | ('shootDown' | 'launch' | 'abort' | 'signal' | 'quiesce' | 'idle')
    | ('restore' | 'vanish' | 'drop' | 'blink' | 'ghost');
}

/** What the event listener does at the nth event. */
export interface ListenerPlan {
  readonly nth: number;
  readonly does: 'throw' | 'reject' | 'shootDown' | 'abort';
}

/** Something wrong with the setup (B2). */
export type Fault =
  | 'unknownName'
  | 'noBlock'
  | 'brokenFactory'
  | 'missingCallback'
  | 'duplicate'
  | 'reserved'
  | 'unmetNeed'
  | 'badConfig'
  | 'noConnector'
  | 'badMailbox'
  | 'badTimeout';

/** A satellite and what happens to it. */
export interface SatellitePlan {
  readonly blocks: readonly BlockPlan[];
  /** The framework's own, none (it listens to no signals), one that does nothing, or a block. */
  readonly finisher: 'default' | 'none' | 'quiet' | BlockPlan;
  /** How it is made ready: by `prepare`, by `assemble` and, so many milliseconds later, `boot`, or by `assemble` and `launch`. */
  readonly start: 'prepare' | 'launch' | number;
  /** There is a block outside that it can send to. */
  readonly outside: boolean;
  readonly server: ServerPlan | undefined;
  readonly timeouts: {
    readonly initMs: number;
    readonly connectMs: number;
    readonly heartbeatMs: number;
    readonly landingMs: number;
  };
  readonly faults: readonly Fault[];
  /** The `signal` option has aborted before prepare. */
  readonly aborted: boolean;
  readonly listener: ListenerPlan | undefined;
  /** Milliseconds from prepare to launch; undefined where the landing comes first. */
  readonly launchAfterMs: number | undefined;
  readonly actions: readonly Action[];
  /** When it is shot down for good. */
  readonly endAt: number;
}

/** One run of the model. */
export interface FlightPlan {
  /** Of all that is random in the world: jitter, and how long handlers seem to take. */
  readonly seed: number;
  readonly satellite: SatellitePlan;
  /** A second satellite in the same process (L7). */
  readonly twin: SatellitePlan | undefined;
}
