import type { Fate } from '../mailboxes.js';
import { must, type Property, type Story } from '../story.js';
import { nameOf } from '../trace.js';
import { mailOf } from './mail-of.js';

const COUNTS = ['accepted', 'rejected', 'handled', 'failed', 'dropped'] as const;

/** Whether a message written now has to be accepted, as far as that can be told. */
function expectation({ box, full }: Fate, story: Story, to: string): boolean | undefined {
  if (box === 'unsure') return undefined;
  return box === 'open' && (!full || story.watched.get(to)?.mailbox.whenFull === 'drop-oldest');
}

/** What is accepted, and what becomes of it. */
export const mailbox: readonly Property[] = [
  {
    rule: 'M2',
    says: 'when it has landed no block takes a message, nor does the initiator',
    check(story) {
      const knocks = story.outer('knock');
      for (const { value } of knocks) must(value === false, () => 'a message is accepted after landing');
      return knocks.length;
    },
  },
  {
    rule: 'M2',
    says: 'send is true exactly when the message was accepted: not null, an open mailbox with room',
    check(story) {
      const sends = story.letters.filter(({ kind }) => kind === 'send');
      for (const letter of sends) {
        if (letter.to === 'initiator') continue;
        const expected = expectation(mailOf(story).fateOf(letter), story, letter.to);
        const got = letter.settled?.value;
        must(expected === undefined || got === expected, () => `${nameOf(letter)} is ${String(got)}, not ${expected}`);
      }
      return sends.length;
    },
  },
  {
    rule: 'M2',
    says: 'status counts what was accepted, rejected, handled, failed and dropped as it happened',
    check(story) {
      let seen = 0;
      for (const { index, block, tally, depth, state, unsure } of mailOf(story).quiet) {
        const line = story.lines[index];
        if (line?.what !== 'quiet' || state === 'unsure' || unsure) continue;
        const status = line.status.blocks.find(({ responsibility }) => responsibility === block);
        for (const count of COUNTS) {
          const got = status?.[count];
          must(got === tally[count], () => `line ${index}: ${count} of ${block} is ${got}, not ${tally[count]}`);
        }
        must(status?.depth === depth, () => `line ${index}: ${status?.depth} wait for ${block}, not ${depth}`);
        seen++;
      }
      return seen;
    },
  },
  {
    rule: 'M3',
    says: 'a mailbox never holds more than its capacity',
    check(story) {
      let seen = 0;
      for (const line of story.lines) {
        if (line.what !== 'quiet') continue;
        for (const { responsibility, depth } of line.status.blocks) {
          const most = story.watched.get(responsibility)?.mailbox.capacity ?? 65_536;
          must(depth <= most, () => `${depth} messages wait in the mailbox of ${responsibility}`);
          if (depth === most) seen++;
        }
      }
      return seen;
    },
  },
  {
    rule: 'M3',
    says: 'what is handed over is the oldest that is left; drop-oldest drops the oldest',
    check(story) {
      let dropped = 0;
      for (const letter of story.letters) {
        const { outOfTurn, lost } = mailOf(story).fateOf(letter);
        must(!outOfTurn, () => `${nameOf(letter)} is handed over though its turn had not come, or it was dropped`);
        if (lost?.code === 'ASK_DROPPED') dropped++;
      }
      return dropped;
    },
  },
  {
    rule: 'M3',
    says: 'every accepted message is begun, or told as dropped',
    check(story) {
      for (const [block, box] of mailOf(story).boxes) {
        if (box.unsure) continue;
        let told = 0;
        for (const { event } of story.told('dropped')) if (event.block.responsibility === block) told += event.count;
        must(told === box.tally.dropped, () => `${block} dropped ${box.tally.dropped}, and told of ${told}`);
      }
      let seen = 0;
      for (const letter of story.letters) {
        const { accepted, lost } = mailOf(story).fateOf(letter);
        if (!accepted) continue;
        must(Boolean(letter.call ?? lost), () => `${nameOf(letter)} is lost`);
        seen++;
      }
      return seen;
    },
  },
  {
    rule: 'M2',
    says: 'accepted = handled + failed + dropped + depth + under way, at every instant of rest',
    check(story) {
      let seen = 0;
      for (const { index, block, underWay } of mailOf(story).quiet) {
        const line = story.lines[index];
        const status =
          line?.what === 'quiet' && line.status.blocks.find(({ responsibility }) => responsibility === block);
        if (!status) continue;
        const sum = status.handled + status.failed + status.dropped + status.depth + underWay;
        must(
          status.accepted === sum,
          () => `line ${index}: ${block} accepted ${status.accepted}, and ${sum} came of it`,
        );
        seen++;
      }
      return seen;
    },
  },
];
