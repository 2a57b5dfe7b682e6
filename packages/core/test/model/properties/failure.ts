import { SputnikError, type SputnikEvent } from '@sputnikjs/core';
import { isKnown, letterOf, obeys } from '../obedience.js';
import { codeOf, must, type Property, type Story, type Told } from '../story.js';
import type { Call } from '../trace.js';

type Failed = Extract<SputnikEvent, { type: 'failed' }>;

/** The failure of a handler whose asker had given up: told, and no more (M5). */
function isMuted(story: Story, { event }: Told<'failed'>): boolean {
  const call = thrower(story, event);
  return call !== undefined && letterOf(call)?.kind === 'ask';
}

function thrower(story: Story, { block, callback, error }: Failed): Call | undefined {
  return story.callsOf(block.responsibility, callback).find(({ ended }) => ended?.threw && ended.value === error);
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
        const { block, callback, ended } = call;
        if (!ended?.threw || !story.watched.has(block) || callback === 'init' || callback === 'onError') continue;
        const told = story
          .told('failed')
          .filter(({ event }) => event.error === ended.value && event.block.responsibility === block);
        const obedient = obeys(call, story);
        const over = (story.stage('finished', block)?.index ?? Infinity) < ended.index;
        if (obedient === 'unsure') continue;
        const expected = obedient === 'yes' || isKnown(call) || (over && callback === 'onMsg') ? 0 : 1;
        must(
          told.length === expected,
          () => `${block}.${callback}: ${String(ended.value)} is told ${told.length} times`,
        );
        must(
          told.every(({ event }) => event.callback === callback),
          () => `${block}.${callback} is told as another`,
        );
        seen++;
      }
      return seen;
    },
  },
  {
    rule: 'F3',
    says: 'onError is asked once about a failure in flight, never during landing, and decides',
    check(story) {
      for (const told of story.told('failed')) {
        const { event, index } = told;
        const { callback, decision } = event;
        const block = event.block.responsibility;
        if (!story.watched.has(block) || callback === 'init' || callback === 'onError') continue;
        const asked = judgement(story, event);
        const where = `${block}.${callback}: ${String(event.error)}`;
        if (asked) {
          must(asked.entered < story.landingIndex, () => `${where}: onError is asked during landing`);
          const continues = asked.ended?.threw === false && asked.ended.value === 'continue';
          must((decision === 'continue') === continues, () => `${where}: the decision is ${decision}`);
        } else {
          const none = story.landingIndex < index || isMuted(story, told);
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
