import { getEventListeners } from 'node:events';
import type { FlightPlan, SatellitePlan } from './plan.js';
import { Satellite } from './satellite.js';
import type { Trace } from './trace.js';
import { World } from './world.js';

/** What a satellite left behind when nothing more happened. */
export interface Leftovers {
  /** Timers of the framework. */
  readonly timers: number;
  /** Real timers of the process. */
  readonly handles: number;
  /** Listeners of the process for signals: how many more than before. */
  readonly listeners: number;
  /** Listeners for the abort of the `signal` option. */
  readonly abortListeners: number;
  /** The same for the signals that messages were written with. */
  readonly signalListeners: number;
  /** Rejections that nobody handled, and warnings. */
  readonly strays: readonly unknown[];
}

/** A satellite's flight that is over. */
export interface Flown {
  readonly name: string;
  readonly plan: SatellitePlan;
  readonly trace: Trace;
  readonly leftovers: Leftovers;
}

/** Virtual milliseconds after its end that a flight is given to come to rest. */
const PATIENCE_MS = 120_000;

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

const strays: unknown[] = [];
let watching = false;

/** Flies a plan to its end, and beyond: until nothing moves any more. */
export async function fly({ seed, satellite, twin }: FlightPlan): Promise<Flown[]> {
  if (!watching) process.on('unhandledRejection', (error) => void strays.push(error));
  if (!watching) process.on('warning', (warning) => void strays.push(warning));
  watching = true;
  strays.length = 0;
  // Somebody else's, which has to stay. It is costly, and only the default finisher has anything to do with signals.
  const signals = [satellite, twin].some((plan) => plan?.finisher === 'default') ? SIGNALS : [];
  for (const signal of signals) process.on(signal, stranger);
  const before = listeners();
  const world = new World(seed);
  const satellites = [new Satellite('main', satellite, world)];
  if (twin) satellites.push(new Satellite('twin', twin, world));
  const all = (tell: (one: Satellite) => void): void => satellites.forEach(tell);
  all((one) => (one.onSignal = () => all((other) => other.noteSignal())));
  const end = Math.max(satellite.endAt, twin?.endAt ?? 0) + PATIENCE_MS;
  await world.live(
    () => all((one) => one.start()),
    end,
    () => all((one) => one.quiet()),
  );
  all((one) => one.knock());
  const handles = world.handles;
  const more = listeners() - before;
  for (const signal of signals) process.off(signal, stranger);
  // A turn of the loop, for Node to tell of rejections that nobody handled.
  await new Promise((resolve) => setImmediate(resolve));
  return satellites.map(({ name, plan, trace, abort }) => ({
    name,
    plan,
    trace,
    leftovers: {
      timers: world.pending(name),
      handles,
      listeners: more,
      abortListeners: getEventListeners(abort.signal, 'abort').length,
      signalListeners: trace.letters.reduce(
        (sum, { signal }) => sum + (signal ? getEventListeners(signal, 'abort').length : 0),
        0,
      ),
      strays: [...strays],
    },
  }));
}

function stranger(): void {}

function listeners(): number {
  return SIGNALS.reduce((sum, signal) => sum + process.listenerCount(signal), 0);
}
