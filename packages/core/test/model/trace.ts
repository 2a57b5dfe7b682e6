import type { FlightStatus, Outcome, SputnikEvent } from '@sputnikjs/core';
import type { World } from './world.js';

/** A callback of user code, from its being entered to its end. */
export interface Call {
  /** The responsibility; 'server' for the server connector. */
  readonly block: string;
  readonly callback: string;
  /** The message, the messages of a batch, the connection, the error, or what else it is about. */
  readonly argument: unknown;
  readonly entered: number;
  readonly enteredAt: number;
  /** Which of the context's signals had aborted then. */
  readonly landing: boolean;
  readonly signal: boolean;
  /** A letter was just being handed over. */
  readonly inline: boolean;
  ended?: {
    readonly index: number;
    readonly at: number;
    readonly threw: boolean;
    /** What it returned or threw. */
    readonly value: unknown;
    /** The landing or the block's end had been announced by then. */
    readonly told: boolean;
  };
}

/** How many messages of a block an observer saw. */
export type Observed = Readonly<Record<'accepted' | 'begun' | Outcome, number>>;

/** A message on its way; `no` grows with every one written. */
export interface Letter {
  readonly no: number;
  readonly kind: 'send' | 'post' | 'ask';
  /** It waits for room. */
  readonly waits: boolean;
  /** The block that writes. */
  readonly from: string;
  readonly to: string;
  message: object | null;
  readonly written: number;
  readonly writtenAt: number;
  readonly timeoutMs: number | undefined;
  /** Its own signal, which nobody else listens to. */
  readonly signal: AbortSignal | undefined;
  /** Its signal had aborted before. */
  readonly already: boolean;
  /** Whom the receiver was told it is from. */
  heardFrom?: string;
  /** Its signal aborted, with that reason. */
  aborted?: { readonly index: number; readonly at: number; readonly reason: unknown };
  settled?: { readonly index: number; readonly at: number; readonly resolved: boolean; readonly value: unknown };
  /** The receiver's call that got it; the first, should there be more. */
  call?: Call;
  /** Its place in the batch; 0 where it came alone. */
  place: number;
  calls: number;
  /** The outcome it got of its own in a batch, the first one. */
  outcome?: { readonly index: number; readonly at: number; readonly threw: boolean; readonly value: unknown };
}

/** How a letter is called in texts. */
export function nameOf({ no, kind, from, to }: Letter): string {
  return `${kind} ${no} from ${from} to ${to}`;
}

/** What the outside does, and what it gets. */
export type Outer =
  | 'prepare'
  | 'assembled'
  | 'boot'
  | 'prepared'
  | 'refused'
  | 'launch'
  | 'launch resolved'
  | 'launch rejected'
  | 'shootDown'
  | 'shot down'
  | 'quiesce'
  | 'quiesced'
  | 'idle?'
  | 'idle'
  | 'landed'
  | 'knock'
  | 'abort'
  | 'signal'
  | 'server';

/** A line of the trace. */
export type Line = { readonly at: number } & (
  | { readonly what: 'event'; readonly event: SputnikEvent; readonly handles: number }
  | { readonly what: 'enter' | 'exit'; readonly call: Call }
  | { readonly what: 'write' | 'settle' | 'give up' | 'outcome'; readonly letter: Letter }
  /** What a block holds in transit has come, or gone. */
  | { readonly what: 'transit'; readonly block: string; readonly isIdle: boolean }
  /** A block outside is looked up; a block sends to one, or finds none. */
  | { readonly what: 'lookup'; readonly address: string }
  | { readonly what: 'outside'; readonly block: string; readonly found: boolean; readonly sent: boolean }
  /** A block asks to land: `land`, `finishMsg`, a signal at the finisher. */
  | { readonly what: 'land'; readonly block: string; readonly reason: unknown }
  /** The block's signal aborts. */
  | { readonly what: 'signal'; readonly block: string }
  | { readonly what: 'make'; readonly block: string; readonly frozen: boolean }
  /** The first microtask after this `run` was entered. */
  | { readonly what: 'breath'; readonly block: string }
  | { readonly what: 'lost' | 'told to give up'; readonly attempt: number }
  | { readonly what: 'listener fails'; readonly error: unknown; readonly later: boolean }
  /** Nothing is left to happen without time. */
  | {
      readonly what: 'quiet';
      readonly status: FlightStatus;
      readonly timers: number;
      readonly isIdle: boolean;
      /** What the observer saw up to now, by block. */
      readonly observed: ReadonlyMap<string, Observed>;
    }
  | { readonly what: 'outer'; readonly act: Outer; readonly value?: unknown; readonly nth?: number }
);

/** A line before its time is known. */
type Unstamped<L = Line> = L extends Line ? Omit<L, 'at'> : never;

/** What happened in a flight, in order. */
export class Trace {
  readonly lines: Line[] = [];
  readonly calls: Call[] = [];
  readonly letters: Letter[] = [];
  /** The letter that is just being handed over. */
  writing = false;
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  get now(): number {
    return this.#world.now;
  }

  /** Notes it; returns its place. */
  note(line: Unstamped): number {
    return this.lines.push({ at: this.#world.now, ...line }) - 1;
  }

  enter(block: string, callback: string, argument: unknown, told: { landing: boolean; signal: boolean }): Call {
    const { length: entered } = this.lines;
    const call = { block, callback, argument, entered, enteredAt: this.now, ...told, inline: this.writing };
    this.calls.push(call);
    this.note({ what: 'enter', call });
    return call;
  }

  exit(call: Call, threw: boolean, value: unknown, told: boolean): void {
    call.ended = { index: this.note({ what: 'exit', call }), at: this.now, threw, value, told };
  }
}
