import { SputnikError, type SputnikEvent } from '@sputnikjs/core';
import { isHandler, lossesOf, lossOf, obeys } from '../outcomes.js';
import { codeOf, must, type Property, type Story, type Told } from '../story.js';
import type { Call } from '../trace.js';

type Failed = Extract<SputnikEvent, { type: 'failed' }>;

/** Errors of a call that are to be told, each with how often; undefined if that cannot be said. */
function expected(story: Story, call: Call): ReadonlyMap<unknown, number | undefined> {
  const { block, ended } = call;
  const times = new Map<unknown, number | undefined>();
  const losses = isHandler(call)
    ? lossesOf(call, story)
    : ended?.threw
      ? [{ error: ended.value, handedIn: ended }]
      : [];
  if (isHandler(call) && ended?.threw && (story.stage('finished', block)?.index ?? Infinity) > ended.index)
    times.set(ended.value, 0);
  for (const { error, handedIn } of losses) {
    const obedient = obeys(error, handedIn, story);
    const before = times.has(error) ? times.get(error) : 0;
    if (obedient === 'unsure' || before === undefined) times.set(error, undefined);
    else times.set(error, before + (obedient === 'no' ? 1 : 0));
  }
  return times;
}

/** The `onError` that was asked about an error. */
function judgement(story: Story, { block, error }: Failed): Call | undefined {
  const asked = story.callsOf(block.responsibility, 'onError');
  return asked.find(({ argument }) => (argument as { error: unknown }).error === error);
}

/** The failures that land, as the events say. */
function fatal(story: Story): readonly Told<'failed'>[] {
  return story
    .told('failed')
    .filter(({ event }) => event.decision === 'shutdown' && event.callback !== 'init' && event.callback !== 'onError');
}

export const failure: readonly Property[] = [
  {
    rule: 'F3',
    says: 'every failure of a callback is told once, unless an asker knows; giving up when told to is none',
    check(story) {
      let seen = 0;
      for (const call of story.calls) {
        const { block, callback } = call;
        if (!story.watched.has(block) || callback === 'init' || callback === 'onError') continue;
        for (const [error, times] of expected(story, call)) {
          const told = story
            .told('failed')
            .filter(({ event }) => event.error === error && event.block.responsibility === block);
          if (times === undefined) continue;
          const text = (): string =>
            `${block}.${callback}: ${String(error)} is told ${told.length} times, not ${times}`;
          must(told.length === times, text);
          must(
            told.every(({ event }) => event.callback === callback),
            () => `${block}.${callback} is told as another`,
          );
          seen++;
        }
      }
      return seen;
    },
  },
  {
    rule: 'F3',
    says: 'onError is asked once about a failure in flight, never during landing, and decides',
    check(story) {
      if (story.quiescedEarly) return 0;
      for (const told of story.told('failed')) {
        const { event, index } = told;
        const { callback, decision } = event;
        const block = event.block.responsibility;
        if (!story.watched.has(block) || callback === 'init' || callback === 'onError') continue;
        // Of messages whose askers had given up: told, and no more (M5).
        const muted = lossOf(story, told)?.asked === true;
        const asked = muted ? undefined : judgement(story, event);
        const where = `${block}.${callback}: ${String(event.error)}`;
        if (asked) {
          must(asked.entered < story.stopIndex, () => `${where}: onError is asked during landing`);
          const continues = asked.ended?.threw === false && asked.ended.value === 'continue';
          must((decision === 'continue') === continues, () => `${where}: the decision is ${decision}`);
        } else {
          const none = story.stopIndex < index || muted;
          must(decision === (none ? 'continue' : 'shutdown'), () => `${where}: the decision is ${decision}`);
          must(none || !story.watched.get(block)?.onError, () => `${where}: onError is not asked`);
        }
      }
      const asked = story.calls.filter(({ callback }) => callback === 'onError');
      const errors = new Set(asked.map(({ argument }) => (argument as { error: unknown }).error));
      must(errors.size === asked.length, () => 'onError is asked twice about the same');
      return asked.length;
    },
  },
  {
    rule: 'F3',
    says: 'an onError that throws is told, and lands',
    check(story) {
      const broken = story.calls.filter(({ callback, ended }) => callback === 'onError' && ended?.threw);
      for (const { block, ended } of broken) {
        const told = story
          .told('failed')
          .find(({ event }) => event.callback === 'onError' && event.error === ended?.value);
        must(told?.event.decision === 'shutdown', () => `onError of ${block} is broken, which is not told`);
        must(story.landing !== undefined, () => `onError of ${block} is broken, and nobody lands`);
      }
      return broken.length;
    },
  },
  {
    rule: 'F3',
    says: 'the first failure that shuts down lands at once, and launch rejects with its block, callback, cause and the report',
    check(story) {
      const [first] = fatal(story);
      if (first) must(story.landing?.at !== undefined && story.landing.at <= first.at, () => 'nobody lands for it');
      const launch = story.outer('launch')[0];
      if (!launch) return 0;
      const rejected = story.outer('launch rejected').find(({ nth }) => nth === 1)?.value;
      const listener = story.lines.filter((line) => line.what === 'listener fails');
      const atOnce = story.lines.some(
        (line, index) => line.what === 'listener fails' && !line.later && index < story.landingIndex,
      );
      const { refusal } = story;
      if (refusal) {
        // Where boot had failed before, launch says why it landed.
        const same = !rejected || (rejected as SputnikError).report === refusal.report;
        must(same, () => `launch rejects with ${String(rejected)}, and boot with ${String(refusal)}`);
        return 1;
      }
      if (!rejected) {
        must(!first, () => `launch resolves in spite of ${String(first?.event.error)}`);
        must(!atOnce, () => 'launch resolves in spite of a broken listener');
        return 1;
      }
      must(
        rejected instanceof SputnikError && rejected.code === 'BLOCK_FAILED',
        () => `it rejects with ${codeOf(rejected)}`,
      );
      const error = rejected as SputnikError;
      const causes = first ? [first.event] : [];
      const known = causes.some(
        ({ block, callback, error: cause }) =>
          error.block?.responsibility === block.responsibility && error.callback === callback && error.cause === cause,
      );
      const told = error.callback === 'onEvent' && listener.some((line) => line.error === error.cause);
      must(known || told, () => `it rejects with ${String(error)}, caused by ${String(error.cause)}`);
      return 2;
    },
  },
  {
    rule: 'F3',
    says: 'an event listener that fails lands the satellite',
    check(story) {
      const failures = story.lines.filter((line) => line.what === 'listener fails');
      for (const { at } of failures) {
        must(story.landing !== undefined && story.landing.at <= at, () => 'the listener is broken, and nobody lands');
      }
      return failures.length;
    },
  },
];
