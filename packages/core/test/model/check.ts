import * as fc from 'fast-check';
import { flightPlan } from './arbitrary/flight.js';
import { fly } from './fly.js';
import { logOf, planText } from './log.js';
import type { FlightPlan } from './plan.js';
import { properties } from './properties.js';
import { Story, Violation, type Property } from './story.js';

/** What came of many flights. */
export interface Outcome {
  readonly flights: number;
  /** How many cases each property has looked at. */
  readonly seen: ReadonlyMap<Property, number>;
  /** The shortest flight found that breaks a rule, as text, and the property that it breaks. */
  readonly failure: { readonly text: string; readonly property: Property | undefined } | undefined;
}

/** A flight of a run: its seed and fast-check's path to it. */
export interface Place {
  readonly seed: number;
  readonly path?: string | undefined;
}

/** Flies so many random flights, all properties checked after each. Stops at the first that breaks one, and shrinks it. */
export async function check(flights: number, { seed, path }: Place): Promise<Outcome> {
  const seen = new Map<Property, number>();
  const details = await fc.check(
    fc.asyncProperty(flightPlan, (plan) => judge(plan, seen)),
    { seed, numRuns: flights, ...(path !== undefined && { path }) },
  );
  const found = details.counterexample?.[0];
  const failure = found && (await describe(found, `${details.seed}:${details.counterexamplePath}`));
  return { flights: details.numRuns, seen, failure };
}

/** A flight broke a rule. */
class Broken extends Error {
  readonly property: Property;

  constructor(property: Property, text: string) {
    super(text);
    this.property = property;
  }
}

/** Flies a plan and checks all properties. Throws {@link Broken}. */
async function judge(plan: FlightPlan, seen: Map<Property, number>): Promise<void> {
  for (const flown of await fly(plan)) {
    const story = new Story(flown);
    for (const property of properties) {
      const cases = checked(property, story);
      seen.set(property, (seen.get(property) ?? 0) + cases);
    }
  }
}

function checked(property: Property, story: Story): number {
  try {
    return property.check(story);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const why = error instanceof Violation ? error.message : (error.stack ?? error.message);
    throw new Broken(property, `${story.name}: ${property.rule}: ${property.says}\n  but ${why}`);
  }
}

/** All that one needs to understand a flight that broke a rule, and to fly it again. */
async function describe(plan: FlightPlan, place: string): Promise<NonNullable<Outcome['failure']>> {
  const error: unknown = await judge(plan, new Map()).catch((reason: unknown) => reason);
  const property = error instanceof Broken ? error.property : undefined;
  const why = error instanceof Error ? error.message : 'it breaks none when flown again: chance has crept in';
  const logs = (await fly(plan)).map(({ name, trace }) => `--- ${name}\n${logOf(trace.lines)}`);
  const again = `node packages/core/dist-test/model/million.js --replay ${place}`;
  const text = ['a flight breaks a rule', why, '', planText(plan), '', ...logs, '', `again: ${again}`, why].join('\n');
  return { text, property };
}
