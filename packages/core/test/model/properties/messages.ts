import { byHandover } from '../outcomes.js';
import { must, type Property, type Story } from '../story.js';
import { nameOf, type Call, type Letter } from '../trace.js';
import { mailOf } from './mail-of.js';

const NOTHING_SEEN = { accepted: 0, begun: 0, handled: 0, failed: 0, dropped: 0 };

/** Calls of these callbacks of a block, each with the most that were under way with it. */
function* overlaps(story: Story, callbacks: readonly string[]): Iterable<{ call: Call; underWay: number }> {
  const underWay = new Map<string, number>();
  for (const line of story.lines) {
    if ((line.what !== 'enter' && line.what !== 'exit') || !callbacks.includes(line.call.callback)) continue;
    const { call } = line;
    const now = (underWay.get(call.block) ?? 0) + (line.what === 'enter' ? 1 : -1);
    underWay.set(call.block, now);
    if (line.what === 'enter') yield { call, underWay: now };
  }
}

/** Who gets what, in which order. */
export const messages: readonly Property[] = [
  {
    rule: 'M9',
    says: 'an observer sees what the counts say; only what was under way when a block was given up is counted and not shown',
    check(story) {
      let seen = 0;
      for (const line of story.lines) {
        if (line.what !== 'quiet') continue;
        for (const { responsibility, depth, ...counts } of line.status.blocks) {
          const observed = line.observed.get(responsibility) ?? NOTHING_SEEN;
          const { accepted, begun, handled, failed, dropped } = observed;
          const agree = accepted === counts.accepted && handled === counts.handled && failed === counts.failed;
          const text = (): string => `${responsibility}: ${JSON.stringify({ observed, depth, counts })}`;
          must(agree && dropped <= counts.dropped && begun >= handled + failed && begun + depth <= accepted, text);
          seen += accepted;
        }
      }
      return seen;
    },
  },
  {
    rule: 'M1',
    says: 'first in, first out, by sender; each message is handed over at most once, with its sender',
    check(story) {
      const last = new Map<string, Letter>();
      const begun = story.letters.filter(({ call }) => call);
      begun.sort(byHandover);
      for (const letter of begun) {
        const way = `${letter.from}>${letter.to}`;
        const before = last.get(way);
        must(!before || before.no < letter.no, () => `${nameOf(letter)} was overtaken by ${before?.no}`);
        last.set(way, letter);
        must(letter.calls === 1, () => `${nameOf(letter)} is handed over ${letter.calls} times`);
        must(letter.call?.block === letter.to, () => `${nameOf(letter)} is handed to ${letter.call?.block}`);
        must(letter.heardFrom === letter.from, () => `${nameOf(letter)} is said to be from ${letter.heardFrom}`);
      }
      return begun.length;
    },
  },
  {
    rule: 'M1',
    says: 'at most `concurrency` calls of onMsg or onMsgs of a block are under way',
    check(story) {
      let seen = 0;
      for (const { call, underWay } of overlaps(story, ['onMsg', 'onMsgs'])) {
        const most = story.watched.get(call.block)?.mailbox.concurrency ?? 1;
        must(underWay <= most, () => `${underWay} ${call.callback} of ${call.block} are under way`);
        seen++;
      }
      return seen;
    },
  },
  {
    rule: 'M1',
    says: 'nothing is run inline by send, post or ask',
    check(story) {
      for (const { block, callback, inline } of story.calls) must(!inline, () => `${block}.${callback} is run inline`);
      return story.letters.length;
    },
  },
  {
    rule: 'M1',
    says: 'callbacks of the server lane never overlap within a block',
    check(story) {
      let seen = 0;
      for (const { call, underWay } of overlaps(story, ['onServerConnect', 'onServerDisconnect'])) {
        must(underWay <= 1, () => `${call.block}.${call.callback} overlaps with another`);
        seen++;
      }
      return seen;
    },
  },
  {
    rule: 'M1',
    says: 'lanes are independent: a message waits for nothing but handlers of its own block',
    check(story) {
      let seen = 0;
      for (const { index, block, depth, calls, box, state } of mailOf(story).quiet) {
        if (state !== 'open' || depth === 0 || index < (story.callsOf(block, 'run')[0]?.entered ?? Infinity)) continue;
        must(calls >= box.concurrency, () => `line ${index}: ${depth} messages of ${block} wait for nothing`);
        seen++;
      }
      return seen;
    },
  },
  {
    rule: 'M7',
    says: 'infrastructure blocks take no messages; what looks like house-keeping is refused by the initiator',
    check(story) {
      const harm = story
        .told('failed')
        .find(({ event }) => event.block.responsibility === 'initiator' && event.decision === 'shutdown');
      must(!harm, () => `a forged message lands the satellite: ${String(harm?.event.error)}`);
      const odd = story.letters.filter(({ to }) => !mailOf(story).boxes.has(to));
      for (const letter of odd) {
        const { kind, to, settled } = letter;
        must(letter.call === undefined, () => `${nameOf(letter)} is handed over`);
        if (kind !== 'ask' && to !== 'initiator') {
          must(settled?.value === false, () => `${nameOf(letter)}: ${String(settled?.value)}`);
        } else if (kind === 'ask') must(settled?.resolved === false, () => `${nameOf(letter)} is answered`);
      }
      return odd.length;
    },
  },
];
