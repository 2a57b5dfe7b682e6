import type { StandardSchemaV1 } from '@sputnikjs/core';
import { z } from 'zod';
import type { SyslogMessage } from '../parse/message.js';
import { DATA, prioritiesOf } from './selector.js';
import { Target } from './target.js';

/** One line of `syslogconf.json`. */
export interface Route {
  readonly priorities: readonly number[];
  readonly target: Target;
}

const Written = z.strictObject({
  selector: z
    .string()
    .describe(
      'Which messages: severities of a facility (local0.err,crit; local0. for all), facilities (kern,mail), severities (info,notice), or data, for messages that could not be parsed.',
    ),
  target: z.string().describe("Where they go: a topic, subject, stream or queue, in the server's spelling."),
});

/** Keys in upper or lower case: the original's files have capitals. */
const Entry = z.preprocess(
  (entry) =>
    typeof entry === 'object' && entry !== null
      ? Object.fromEntries(Object.entries(entry).map(([key, value]) => [key.toLowerCase(), value as unknown]))
      : entry,
  Written,
);

const Entries = z.array(Entry).transform((entries, ctx): readonly Route[] =>
  entries.flatMap((entry, index) => {
    const told = (error: unknown): void => {
      const message = `entry ${index + 1}, selector "${entry.selector}": ${(error as Error).message}`;
      ctx.addIssue({ code: 'custom', path: [index], message });
    };
    const priorities = attempt(() => prioritiesOf(entry.selector), told);
    const target = attempt(() => targetOf(entry.target), told);
    return priorities && target ? [{ priorities, target }] : [];
  }),
);

/** The list of routes. */
export const ROUTES: StandardSchemaV1<unknown, readonly Route[]> = tellingKeys(Entries);

/** The list of routes; empty if the configuration is missing. */
export const ROUTES_IF_ANY: StandardSchemaV1<unknown, readonly Route[]> = tellingKeys(
  z.preprocess((value) => (isEmptyRecord(value) ? [] : value), Entries),
);

/** The schema, with what tells the keys of its entries: in small letters, as they are written today. */
function tellingKeys(schema: z.ZodType<readonly Route[]>): StandardSchemaV1<unknown, readonly Route[]> {
  const { jsonSchema } = z.array(Written)['~standard'];
  const standard = { ...schema['~standard'], jsonSchema, types: undefined };
  return { '~standard': standard };
}

/** True for the empty object, which stands for a missing configuration. */
function isEmptyRecord(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;
}

/** Parses a target. Throws an error that says what is wrong. */
export function targetOf(text: string): Target {
  if (text.trim() === '') throw new Error('the target is empty; expected a topic, subject, stream or queue');
  return new Target(text.trim());
}

function attempt<T>(make: () => T, failed: (error: unknown) => void): T | undefined {
  try {
    return make();
  } catch (error) {
    failed(error);
    return undefined;
  }
}

/** Finds the targets of a message: those of all matching routes, each once; the default target if none matches. */
export class Routing {
  /** By priority. */
  readonly #table: readonly Destination[];
  /** For data, by priority; the last entry is for data without one. */
  readonly #dataTable: readonly Destination[];

  constructor(routes: readonly Route[], otherwise: Target) {
    const targets: Target[][] = Array.from({ length: DATA + 1 }, () => []);
    for (const { priorities, target } of routes) {
      for (const priority of new Set(priorities)) targets[priority]?.push(target);
    }
    const toAll = (lists: readonly (readonly Target[])[]): Destination => {
      const list = lists.flat();
      return new Destination(list.length > 0 ? list : [otherwise]);
    };
    const data = targets[DATA] as Target[];
    this.#table = targets.map((list) => toAll([list]));
    this.#dataTable = targets.map((list) => toAll(list === data ? [list] : [list, data]));
  }

  targetsOf(message: SyslogMessage): readonly string[] {
    const table = message.rfc === undefined ? this.#dataTable : this.#table;
    return (table[message.priority ?? DATA] as Destination).of(message);
  }
}

/** The targets of one priority. */
class Destination {
  readonly #targets: readonly Target[];
  /** Set if they are the same for all messages. */
  readonly #fixed: readonly string[] | undefined;

  constructor(targets: readonly Target[]) {
    this.#targets = targets;
    const fixed = targets.flatMap((target) => target.fixed ?? []);
    if (fixed.length === targets.length) this.#fixed = [...new Set(fixed)];
  }

  of(message: SyslogMessage): readonly string[] {
    return this.#fixed ?? this.#namesFor(message);
  }

  #namesFor(message: SyslogMessage): readonly string[] {
    const [first] = this.#targets;
    if (first && this.#targets.length === 1) return [first.of(message)];
    return [...new Set(this.#targets.map((target) => target.of(message)))];
  }
}
