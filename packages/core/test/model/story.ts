import type { LandingReport, SputnikError, SputnikEvent } from '@sputnikjs/core';
import type { Flown, Leftovers } from './fly.js';
import type { BlockPlan, SatellitePlan } from './plan.js';
import { addressesOf } from './satellite.js';
import type { Call, Letter, Line, Outer } from './trace.js';

type EventOf<T, E = SputnikEvent> = E extends { readonly type: infer U } ? (T extends U ? E : never) : never;

/** An event, and where in the trace it is. */
export interface Told<T = SputnikEvent['type']> {
  readonly index: number;
  readonly at: number;
  readonly event: EventOf<T>;
}

export type OuterLine = Extract<Line, { what: 'outer' }> & { readonly index: number };

/** A flight that is over, as properties look at it. */
export class Story {
  readonly name: string;
  readonly plan: SatellitePlan;
  readonly lines: readonly Line[];
  readonly calls: readonly Call[];
  readonly letters: readonly Letter[];
  readonly leftovers: Leftovers;
  /** All blocks, in the order of their init. */
  readonly crew: readonly string[];
  /** Those whose callbacks are in the trace. */
  readonly watched: ReadonlyMap<string, BlockPlan>;
  readonly #told = new Map<string, Told[]>();
  readonly #outer = new Map<string, OuterLine[]>();
  readonly #callsOf = new Map<string, Call[]>();
  /** Those whose init succeeded in time, in that order. */
  readonly ready: readonly string[];

  constructor({ name, plan, trace, leftovers }: Flown) {
    this.name = name;
    this.plan = plan;
    this.lines = trace.lines;
    this.calls = trace.calls;
    this.letters = trace.letters;
    this.leftovers = leftovers;
    const addresses = addressesOf(plan);
    this.crew = ['finisher', ...(plan.server ? ['connector'] : []), ...addresses];
    const watched = new Map<string, BlockPlan>();
    if (typeof plan.finisher !== 'string') watched.set('finisher', plan.finisher);
    for (const [place, block] of plan.blocks.entries()) watched.set(addresses[place] ?? '', block);
    this.watched = watched;
    for (const [index, line] of this.lines.entries()) {
      if (line.what === 'event') add(this.#told, line.event.type, { index, at: line.at, event: line.event });
      else if (line.what === 'outer') add(this.#outer, line.act, { ...line, index });
      else if (line.what === 'enter') {
        add(this.#callsOf, line.call.block, line.call);
        add(this.#callsOf, `${line.call.block}.${line.call.callback}`, line.call);
      }
    }
    this.ready = this.told('initialized').map(({ event }) => event.block.responsibility);
  }

  /** The events of a type. */
  told<T extends SputnikEvent['type']>(type: T): readonly Told<T>[] {
    return this.#told.get(type) ?? [];
  }

  outer(act: Outer): readonly OuterLine[] {
    return this.#outer.get(act) ?? [];
  }

  /** The calls of a block's callbacks, of one of them if named. */
  callsOf(block: string, callback?: string): readonly Call[] {
    return this.#callsOf.get(callback === undefined ? block : `${block}.${callback}`) ?? [];
  }

  get landing(): Told<'landing'> | undefined {
    return this.told('landing')[0];
  }

  get landed(): Told<'landed'> | undefined {
    return this.told('landed')[0];
  }

  /** The runs were entered. */
  get flown(): boolean {
    return this.told('launching').length > 0;
  }

  /** That with which prepare rejected. */
  get refusal(): SputnikError<LandingReport> | undefined {
    return this.outer('refused')[0]?.value as SputnikError<LandingReport> | undefined;
  }

  get report(): LandingReport | undefined {
    return (this.outer('landed')[0]?.value as LandingReport | undefined) ?? this.refusal?.report;
  }

  /** The block whose init failed, was too late, or gave up. */
  get grounded(): string | undefined {
    const begun = this.told('initializing').map(({ event }) => event.block.responsibility);
    return begun.find((block) => !this.ready.includes(block));
  }

  /** When it began to boot: at `prepare`, or at the first `boot` or `launch` after `assemble`. */
  get booting(): OuterLine | undefined {
    const acts: Outer[] = this.plan.start === 'prepare' ? ['prepare'] : ['boot', 'launch'];
    return acts.flatMap((act) => this.outer(act)[0] ?? []).toSorted((a, b) => a.index - b.index)[0];
  }

  /** When intake stopped: the landing began, or the flight was quiesced before. */
  get stop(): { readonly index: number; readonly at: number } | undefined {
    const all = [this.landing, this.outer('quiesce')[0]].filter((line) => line !== undefined);
    return all.toSorted((a, b) => a.index - b.index)[0];
  }

  get stopIndex(): number {
    return this.stop?.index ?? Infinity;
  }

  /** It was quiesced while it booted, or before: what lets failures pass from then on is not seen from outside. */
  get quiescedEarly(): boolean {
    const prepared = this.outer('prepared')[0]?.index ?? Infinity;
    return (this.outer('quiesce')[0]?.index ?? Infinity) < prepared;
  }

  /** `launch` booted it, and it stopped at the instant at which all was initialised: before the runs could be entered. */
  get stoppedWhenReady(): boolean {
    const ready = this.told('initialized').at(-1)?.index ?? Infinity;
    if (this.plan.start !== 'launch' || ready > this.stopIndex) return false;
    return !this.lines.slice(ready, this.stopIndex).some(({ what }) => what === 'quiet');
  }

  /** The time that the landing had: the share that the shootDown gave which led to it, if that is less. */
  get landingMs(): number {
    const { landing } = this;
    const asked = this.outer('shootDown').findLast(({ index }) => index < this.landingIndex);
    const withinMs = landing?.event.cause.kind === 'shootDown' ? (asked?.value as number | undefined) : undefined;
    return Math.min(this.plan.timeouts.landingMs, withinMs ?? Infinity);
  }

  /** When a block's finish was announced, or when it was over. */
  stage(type: 'finishing' | 'finished', block: string): Told<'finishing' | 'finished'> | undefined {
    return this.told(type).find(({ event }) => event.block.responsibility === block);
  }

  /** Where the landing began, or where it would have been. */
  get landingIndex(): number {
    return this.landing?.index ?? Infinity;
  }
}

function add<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}

/** The property does not hold. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

/** Says in which way a property does not hold. */
export function broken(text: string): never {
  throw new Violation(text);
}

/** A rule as a statement about every flight. */
export interface Property {
  /** The rule of design it is from. */
  readonly rule: string;
  readonly says: string;
  /** Throws a {@link Violation}; otherwise returns how many cases it has looked at. */
  check(story: Story): number;
}

/** Virtual times are the same, but for what fractions lose. */
export function same(a: number, b: number): boolean {
  return Math.abs(a - b) < 1e-6;
}

/** A time is at or before another. */
export function notAfter(a: number, b: number): boolean {
  return a <= b + 1e-6;
}

/** An error's stable code, if it has one. */
export function codeOf(error: unknown): string | undefined {
  return (error as { code?: string } | undefined)?.code;
}

/** As `broken`, unless it is so. The text is made only if needed. */
export function must(so: boolean, text: () => string): void {
  if (!so) broken(text());
}
