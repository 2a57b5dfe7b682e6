import type { LandingCause } from '@sputnikjs/core';
import { must, notAfter, same, type Property, type Story } from '../story.js';
import { mailOf } from './mail-of.js';
import { DRAIN_SHARE, landingBegan, stagesOf, underWay } from './stages.js';

/** Whether somebody had asked for this landing. */
function isAskedFor(story: Story, { kind, block, reason }: LandingCause, before: number): boolean {
  const who = block?.responsibility;
  return story.lines.some((line, index) => {
    if (index > before && kind !== 'failure') return false;
    if (kind === 'shootDown') return line.what === 'outer' && line.act === 'shootDown' && reason === 'shot';
    if (kind === 'abort') return line.what === 'outer' && line.act === 'abort' && reason === 'aborted';
    if (kind === 'block') return line.what === 'land' && line.block === who && line.reason === reason;
    if (kind === 'failure') {
      if (line.what === 'listener fails') return line.error === reason;
      return (
        line.what === 'event' &&
        line.event.type === 'failed' &&
        line.event.error === reason &&
        line.event.decision === 'shutdown'
      );
    }
    return who === 'finisher' && line.what === (story.watched.has('finisher') ? 'land' : 'outer');
  });
}

export const landing: readonly Property[] = [
  {
    rule: 'L1',
    says: 'there is one landing, with its cause, and only if somebody asked for it or a block failed',
    check(story) {
      const all = story.told('landing');
      must(all.length <= 1 && story.told('landed').length <= 1, () => `${all.length} landings`);
      const [only] = all;
      if (!only) return 0;
      const { cause } = only.event;
      must(isAskedFor(story, cause, only.index), () => `nobody asked for it: ${JSON.stringify(cause)}`);
      must(story.report?.cause === cause, () => 'the report tells another cause');
      return 1;
    },
  },
  {
    rule: 'L1',
    says: 'whoever asks for a landing gets one, at once',
    check(story) {
      if (story.plan.faults.length > 0) return 0;
      let seen = 0;
      for (const line of story.lines) {
        const asks =
          line.what === 'land' || (line.what === 'outer' && (line.act === 'shootDown' || line.act === 'abort'));
        if (!asks) continue;
        // What is only assembled does not listen to the signal option.
        const due = Math.max(line.at, story.booting?.at ?? 0);
        must(story.landing !== undefined && notAfter(story.landing.at, due), () => `nobody lands at ${due}`);
        seen++;
      }
      if (story.plan.finisher !== 'default') return seen;
      for (const { at, index } of story.outer('signal')) {
        if (index < (story.told('initialized')[0]?.index ?? Infinity)) continue;
        must(
          story.landing !== undefined && notAfter(story.landing.at, at),
          () => `nobody lands for the signal at ${at}`,
        );
        seen++;
      }
      return seen;
    },
  },
  {
    rule: 'L2',
    says: 'onLanding is called on all blocks, in reverse order, in one go, when landing begins or it is quiesced',
    check(story) {
      if (!story.flown) return 0;
      const calls = story.calls.filter(({ callback }) => callback === 'onLanding');
      const expected = story.crew.filter((block) => story.watched.get(block)?.onLanding).toReversed();
      must(calls.map(({ block }) => block).join() === expected.join(), () => `not ${expected.join()}`);
      const [first] = story.told('finishing');
      for (const { block, entered, enteredAt, landing: told } of calls) {
        must(told && entered > story.stopIndex, () => `onLanding of ${block} comes before the landing`);
        must(same(enteredAt, story.stop?.at ?? Number.NaN), () => `onLanding of ${block} comes late`);
        must(entered < (first?.index ?? 0), () => `onLanding of ${block} comes after finishes began`);
      }
      return calls.length;
    },
  },
  {
    rule: 'L2',
    says: 'no block is finished before all onLanding have ended and then all mailboxes were idle, or 60 % of the time is over',
    check(story) {
      const [first] = story.told('finishing');
      if (!story.flown || !first) return 0;
      const over = notAfter(landingBegan(story) + DRAIN_SHARE * story.landingMs, first.at);
      if (over) return 1;
      const calls = story.calls.filter(({ callback }) => callback === 'onLanding');
      const ends = calls.map(({ ended }) => ended?.index ?? Infinity);
      const ended = Math.max(story.landingIndex, ...ends);
      must(ended < first.index, () => 'an onLanding is under way');
      const wasIdle = mailOf(story).wasIdle(ended, first.index);
      must(wasIdle, () => `not all mailboxes were idle since line ${ended}`);
      return 1;
    },
  },
  {
    rule: 'L2',
    says: 'a block is finished once its mailbox is idle again, or half of its share of the time is over: what was accepted is delivered',
    check(story) {
      if (!story.flown) return 0;
      const stages = stagesOf(story);
      const { finishing, finishingInTransit } = mailOf(story);
      for (const { block, begun, half } of stages) {
        const standing = finishing.find((one) => one.index === begun.index && one.block === block);
        const { depth = 0, calls = 0, waiting = 0 } = standing ?? {};
        if (depth + calls + waiting === 0 && !finishingInTransit.has(block)) continue;
        must(
          notAfter(half, begun.at),
          () => `${block} is finished at ${begun.at} with ${depth} messages, not at ${half}`,
        );
      }
      return stages.length;
    },
  },
  {
    rule: 'L2',
    says: 'blocks finish strictly one after the other, in reverse order of init, the finisher last',
    check(story) {
      if (!story.landing) return 0;
      const told = story.lines.flatMap((line) =>
        line.what === 'event' && (line.event.type === 'finishing' || line.event.type === 'finished')
          ? [`${line.event.type} ${line.event.block.responsibility}`]
          : [],
      );
      const late = story.grounded;
      const order = told.filter((text) => text !== `finishing ${late}` && text !== `finished ${late}`);
      const expected = story.ready.toReversed().flatMap((block) => [`finishing ${block}`, `finished ${block}`]);
      must(order.join() === expected.join(), () => `the order is ${order.join()}`);
      return order.length;
    },
  },
  {
    rule: 'L2',
    says: 'a block gets finish once, between those announcements, told if it had flown, after its signal aborted',
    check(story) {
      let seen = 0;
      for (const { block, begun, ended } of stagesOf(story)) {
        if (!story.watched.has(block)) continue;
        const [call, another] = story.callsOf(block, 'finish');
        must(call !== undefined && !another, () => `finish of ${block} is not called once`);
        if (!call) continue;
        must(call.argument === !story.flown, () => `finish of ${block} is told ${String(call.argument)}`);
        must(
          begun.index < call.entered && call.entered < ended.index,
          () => `finish of ${block} is called out of turn`,
        );
        must(call.signal && call.landing, () => `finish of ${block} is called before its signals`);
        const early = story.callsOf(block).find(({ signal, entered }) => signal && entered < begun.index);
        must(!early, () => `the signal of ${block} aborted before its finish`);
        seen++;
      }
      return seen;
    },
  },
  {
    rule: 'L2',
    says: 'a block is over when finish and all that is under way have ended, or its share of the time is over; not later',
    check(story) {
      let seen = 0;
      for (const { block, begun, ended, due } of stagesOf(story)) {
        if (block === 'connector') continue;
        must(notAfter(ended.at, due.most), () => `${block} is over at ${ended.at}, ${due.most} at the latest`);
        const calls = story.callsOf(block);
        const open = underWay(calls, ended.index);
        if (open.length > 0) {
          must(
            notAfter(due.least, ended.at),
            () => `${block} is over at ${ended.at} though ${open[0]?.callback} is under way`,
          );
        } else {
          let last = begun.at;
          for (const call of calls)
            if (call.ended && call.ended.index < ended.index) last = Math.max(last, call.ended.at);
          must(same(last, ended.at), () => `${block} ended at ${last}, and is over only at ${ended.at}`);
        }
        seen++;
      }
      return seen;
    },
  },
  {
    rule: 'L3',
    says: 'the whole landing keeps its one deadline',
    check(story) {
      const { landed } = story;
      if (!landed) return 0;
      const began = landingBegan(story);
      const due = began + story.landingMs;
      must(notAfter(landed.at, due), () => `it landed at ${landed.at}, not by ${due}`);
      const tookMs = landed.event.report.tookMs;
      must(same(tookMs, landed.at - began), () => `it is said to have taken ${tookMs} ms, not ${landed.at - began}`);
      return 1;
    },
  },
];
