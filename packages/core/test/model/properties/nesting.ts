import { codeOf, must, notAfter, same, type Property } from '../story.js';
import { mailOf } from './mail-of.js';

/** What a satellite around this one relies on. */
export const nesting: readonly Property[] = [
  {
    rule: 'N1',
    says: 'assemble starts nothing; what is wrong is said then, and refused at boot or launch',
    check(story) {
      const [assembled] = story.outer('assembled');
      if (!assembled) return 0;
      const { booting } = story;
      const problems = assembled.value as readonly string[];
      const first = story.lines.findIndex(({ what }) => what === 'event' || what === 'enter');
      const from = Math.min(booting?.index ?? Infinity, story.landingIndex);
      must(first < 0 || first >= from, () => `line ${first}: something happens before it boots`);
      must(problems.length > 0 === story.plan.faults.length > 0, () => `problems: ${problems.join()}`);
      const refused = codeOf(story.refusal) === 'BAD_SETUP' ? story.refusal?.problems : [];
      must(refused?.join() === problems.join(), () => `refused for ${String(refused)}, not for ${problems.join()}`);
      return 1;
    },
  },
  {
    rule: 'N1',
    says: 'what was landed before it booted boots no more: boot is refused, launch returns at once',
    check(story) {
      const { landing, booting } = story;
      if (!landing || story.outer('assembled').length === 0 || (booting && booting.index < landing.index)) return 0;
      must(story.told('initializing').length === 0, () => 'it boots all the same');
      const boot = story.outer('boot').length > 0;
      const said = story.outer('refused').concat(story.outer('launch rejected'));
      const code = codeOf(said.find(({ value }) => codeOf(value) !== 'ALREADY_LAUNCHED')?.value);
      const returned = story.outer('launch resolved').length > 0;
      must(returned || !boot || code === 'ABORTED', () => `boot says ${code}`);
      return 1;
    },
  },
  {
    rule: 'N2',
    says: 'a block outside is looked up for addresses that no block here has, for no other',
    check(story) {
      let seen = 0;
      for (const [index, line] of story.lines.entries()) {
        if (line.what === 'lookup') {
          const here = ['initiator', ...story.crew].includes(line.address);
          must(!here, () => `line ${index}: ${line.address} is looked up outside`);
        } else if (line.what === 'outside') {
          must(line.found === story.plan.outside, () => `line ${index}: the block outside is found: ${line.found}`);
          must(line.sent === line.found, () => `line ${index}: what ${line.block} sends outside does not arrive`);
          seen++;
        }
      }
      return seen;
    },
  },
  {
    rule: 'N3',
    says: 'a flight that is quiesced flies on until it is landed',
    check(story) {
      const [quiesce] = story.outer('quiesce');
      if (!quiesce || !story.flown) return 0;
      let seen = 0;
      for (const [index, line] of story.lines.entries()) {
        if (line.what !== 'quiet' || index < quiesce.index || index > story.landingIndex) continue;
        must(line.status.state === 'flying', () => `line ${index}: it is ${line.status.state}`);
        seen++;
      }
      return seen;
    },
  },
  {
    rule: 'N3',
    says: 'quiesce resolves as soon as every onLanding has ended',
    check(story) {
      const ends = story.calls.flatMap(({ callback, ended }) =>
        callback === 'onLanding' ? [ended?.at ?? Infinity] : [],
      );
      const asked = story.outer('quiesce');
      const told = story.outer('quiesced').map(({ at }) => at);
      for (const [place, { at }] of asked.entries()) {
        const due = Math.max(at, ...ends);
        const got = told[place] ?? Infinity;
        must(got === due || same(got, due), () => `quiesce resolves at ${got}, not at ${due}`);
      }
      return asked.length;
    },
  },
  {
    rule: 'N3',
    says: 'a flight is idle exactly when no mailbox and no transit of its blocks holds a message',
    check(story) {
      const { idle, quiet } = mailOf(story);
      const unsure = new Set(quiet.filter(({ state }) => state === 'unsure').map(({ index }) => index));
      let seen = 0;
      for (const [index, line] of story.lines.entries()) {
        if (line.what !== 'quiet' || unsure.has(index)) continue;
        must(line.isIdle === idle.has(index), () => `line ${index}: it is said to be ${line.isIdle ? '' : 'not '}idle`);
        if (!line.isIdle) seen++;
      }
      return seen;
    },
  },
  {
    rule: 'N3',
    says: 'idle resolves at an instant at which the flight is idle, at the first that lasts',
    check(story) {
      const { idle } = mailOf(story);
      const asked = story.outer('idle?');
      for (const { index: from, nth } of asked) {
        const end = story.outer('idle').find((line) => line.nth === nth);
        const to = end?.index ?? story.lines.length;
        let wasIdle = false;
        for (let index = from; index < to; index++) {
          const line = story.lines[index];
          if (!line || !idle.has(index)) continue;
          must(line.what !== 'quiet', () => `line ${index}: it is idle, and idle() does not resolve`);
          wasIdle ||= end !== undefined && same(line.at, end.at);
        }
        must(!end || wasIdle, () => `line ${to}: idle() resolves though something is held`);
      }
      return asked.length;
    },
  },
  {
    rule: 'N3',
    says: 'a landing keeps to the share that it is given',
    check(story) {
      const { landed, landingMs } = story;
      if (!landed || landingMs === story.plan.timeouts.landingMs) return 0;
      const { tookMs } = landed.event.report;
      must(notAfter(tookMs, landingMs), () => `it took ${tookMs} ms of ${landingMs}`);
      return 1;
    },
  },
  {
    rule: 'N4',
    says: 'a flight that listens to no signals is landed by none',
    check(story) {
      if (story.plan.finisher !== 'none') return 0;
      must(story.landing?.event.cause.kind !== 'signal', () => 'a signal has landed it');
      return 1 + story.outer('signal').length;
    },
  },
];
