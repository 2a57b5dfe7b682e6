import { isHandler, lossOf } from '../outcomes.js';
import { must, type Property, type Story } from '../story.js';
import type { Call } from '../trace.js';
import { landingBegan, stagesOf, underWay } from './stages.js';

const SAY_EVERY_MS = 5_000;

function pair(block: string, callback: string): string {
  return `${block}.${callback}`;
}

function unfinishedOf(story: Story): readonly string[] {
  return (story.report?.unfinished ?? []).map(({ block, callback }) => pair(block.responsibility, callback));
}

function pairsOf(calls: readonly Call[]): Set<string> {
  return new Set(calls.map(({ block, callback }) => pair(block, callback)));
}

export const report: readonly Property[] = [
  {
    rule: 'L4',
    says: 'the report names exactly the callbacks that did not end',
    check(story) {
      if (!story.report) return 0;
      const named = unfinishedOf(story);
      must(new Set(named).size === named.length, () => `named twice: ${named.join()}`);
      let seen = 0;
      for (const { block, ended } of stagesOf(story)) {
        if (!story.watched.has(block)) continue;
        const open = pairsOf(underWay(story.callsOf(block), ended.index));
        const said = named.filter((text) => text.startsWith(`${block}.`));
        for (const text of open) must(said.includes(text), () => `${text} hangs, and is not named`);
        for (const text of said) must(open.has(text), () => `${text} is named, and does not hang`);
        seen += open.size;
      }
      return seen;
    },
  },
  {
    rule: 'L4',
    says: 'the report names the connector when the server hangs, and only then',
    check(story) {
      if (!story.plan.server || !story.report) return 0;
      const ended = story.stage('finished', 'connector');
      if (!ended) return 0;
      const open = underWay(story.callsOf('server'), ended.index);
      const named = unfinishedOf(story).filter((text) => text.startsWith('connector.'));
      must(named.length > 0 === open.length > 0, () => `${open[0]?.callback} hangs; named is ${named.join()}`);
      return named.length;
    },
  },
  {
    rule: 'L4',
    says: 'the report has every failure that landed the flight, lost a message or came during landing, by block and callback, counted',
    check(story) {
      if (!story.report || !story.landed || story.quiescedEarly) return 0;
      const counts = new Map<string, number>();
      const count = (key: string, times = 1): void => void counts.set(key, (counts.get(key) ?? 0) + times);
      for (const told of story.told('failed')) {
        const { event, index } = told;
        const block = event.block.responsibility;
        if (index > story.landed.index) continue;
        // An init that was late has failed; what becomes of it afterwards is only told.
        if (event.callback === 'init' && counts.has(pair(block, 'init'))) continue;
        const loss = lossOf(story, told);
        const kept = index > story.stopIndex || isHandler(event);
        if (event.decision === 'shutdown' || (kept && !loss?.asked))
          count(pair(block, event.callback), loss?.letters.length);
      }
      const { listener } = story.plan;
      const heard = listener && story.lines.filter(({ what }) => what === 'event')[listener.nth];
      // The listener asked for the landing just as it was told of a failure: that counts as before, or as during it.
      if (heard?.what === 'event' && heard.event.type === 'failed') return 0;
      let unsure = false;
      for (const [index, line] of story.lines.entries()) {
        if (line.what !== 'listener fails') continue;
        unsure ||= line.later && line.at === story.landed.at;
        if (index <= story.landed.index + 1) count('initiator.onEvent');
      }
      const said = new Map(
        story.report.failures.map(({ block, callback, count: n }) => [pair(block.responsibility, callback), n]),
      );
      if (unsure) said.delete('initiator.onEvent');
      if (unsure) counts.delete('initiator.onEvent');
      const text = (map: Map<string, number>): string =>
        [...map]
          .map(([key, n]) => `${key} ${n}`)
          .toSorted()
          .join();
      must(text(said) === text(counts), () => `failures are ${text(said)}, not ${text(counts)}`);
      return counts.size;
    },
  },
  {
    rule: 'L4',
    says: 'a failure that is told says how many messages are lost with it: those that failed where nobody had asked',
    check(story) {
      let seen = 0;
      for (const told of story.told('failed')) {
        const { block, callback, lost } = told.event;
        if (!story.watched.has(block.responsibility)) continue;
        const loss = lossOf(story, told);
        const expected = loss && !loss.asked ? loss.letters.length : 0;
        must(lost === expected, () => `${block.name}.${callback}: ${lost} are said to be lost, not ${expected}`);
        seen += expected;
      }
      return seen;
    },
  },
  {
    rule: 'L4',
    says: 'the report tells by block how many accepted messages were dropped',
    check(story) {
      if (!story.report || !story.landed) return 0;
      const counts = new Map<string, number>();
      for (const { event, index } of story.told('dropped')) {
        if (index > story.landed.index) continue;
        counts.set(event.block.responsibility, (counts.get(event.block.responsibility) ?? 0) + event.count);
      }
      const said = new Map(story.report.dropped.map(({ block, count }) => [block.responsibility, count]));
      const text = (map: Map<string, number>): string =>
        [...map]
          .map(([key, n]) => `${key} ${n}`)
          .toSorted()
          .join();
      must(text(said) === text(counts), () => `dropped are ${text(said)}, not ${text(counts)}`);
      return counts.size;
    },
  },
  {
    rule: 'L4',
    says: 'the report is clean exactly when nothing failed, nothing hung and nothing was dropped',
    check(story) {
      if (!story.report) return 0;
      const { clean, failures, unfinished, dropped } = story.report;
      must(clean === (failures.length + unfinished.length + dropped.length === 0), () => `clean is ${clean}`);
      return 1;
    },
  },
  {
    rule: 'L3',
    says: 'while it waits, the landing says every five seconds for what',
    check(story) {
      const all = story.told('waiting');
      const { landed } = story;
      if (!landed) return 0;
      const times = (landed.at - landingBegan(story)) / SAY_EVERY_MS;
      const fits = Number.isInteger(times) || all.length === Math.floor(times);
      must(fits, () => `it says so ${all.length} times in ${times * SAY_EVERY_MS} ms`);
      for (const { event, index } of all) {
        const over = new Set(
          story.told('finished').flatMap((told) => (told.index < index ? told.event.block.responsibility : [])),
        );
        const open = pairsOf(
          underWay(story.calls, index).filter(
            ({ block }) => story.ready.includes(block) && story.watched.has(block) && !over.has(block),
          ),
        );
        const said = event.for.map(({ block, callback }) => pair(block.responsibility, callback));
        for (const text of open) must(said.includes(text), () => `line ${index}: ${text} hangs, and is not named`);
        for (const text of said) {
          must(
            open.has(text) || text.startsWith('connector.'),
            () => `line ${index}: ${text} is named, and nobody waits for it`,
          );
        }
      }
      return all.length;
    },
  },
  {
    rule: 'L5',
    says: 'no callback of a block begins after its finish began',
    check(story) {
      let seen = 0;
      for (const block of story.watched.keys()) {
        const finish = story.callsOf(block, 'finish')[0];
        if (!finish) continue;
        for (const { callback, entered } of story.callsOf(block)) {
          // Work that hanging code gives to waitUntil is its own doing.
          must(
            entered <= finish.entered || callback === 'waitUntil',
            () => `${block}.${callback} comes after its finish`,
          );
          seen++;
        }
      }
      return seen;
    },
  },
  {
    rule: 'L5',
    says: 'when it has landed nothing runs but what the report names',
    check(story) {
      const landed = story.outer('landed')[0];
      if (!landed) return 0;
      const named = unfinishedOf(story);
      const init = story.callsOf(story.grounded ?? '', 'init')[0];
      const isLate = (init?.ended?.index ?? Infinity) > landed.index;
      const open = underWay(story.calls, landed.index).filter(({ block, callback, entered }) => {
        const over = story.stage('finished', block)?.index ?? Infinity;
        // An init that is late has failed, which names it; what comes of it comes later still.
        const late = block === story.grounded && (isLate || callback === 'init' || callback === 'finish');
        return story.watched.has(block) && !late && !(callback === 'waitUntil' && entered > over);
      });
      for (const text of pairsOf(open)) must(named.includes(text), () => `${text} runs, and is not named`);
      return 1;
    },
  },
  {
    rule: 'L5',
    says: 'after landing nothing is told but failures, and the end of an init that came late',
    check(story) {
      const end = story.landed?.index ?? Infinity;
      for (let index = end + 1; index < story.lines.length; index++) {
        const line = story.lines[index];
        if (line?.what !== 'event') continue;
        const { event } = line;
        const late = 'block' in event && event.block?.responsibility === story.grounded;
        must(event.type === 'failed' || event.type === 'connectFailed' || late, () => `line ${index}: ${event.type}`);
      }
      return story.landed ? 1 : 0;
    },
  },
];
