import type { SputnikError } from '@sputnikjs/core';
import type { Fate } from '../mailboxes.js';
import { byHandover, lossesOf, outcomeOf } from '../outcomes.js';
import { codeOf, must, same, type Property, type Story } from '../story.js';
import { nameOf, type Letter } from '../trace.js';
import { mailOf } from './mail-of.js';

/** Something that settles a question: when, and with which code; none for an answer. */
interface Ending {
  readonly at: number;
  readonly code: string | undefined;
}

/** All that settles a question, whichever comes first. */
function endings(letter: Letter, { box, full, waited, turnedAway, lost, accepted }: Fate, story: Story): Ending[] {
  const { aborted, already, waits, writtenAt: at, timeoutMs = 30_000 } = letter;
  const outcome = outcomeOf(letter);
  if (already) return [{ at, code: 'ASK_ABORTED' }];
  const room = !full || story.watched.get(letter.to)?.mailbox.whenFull === 'drop-oldest';
  if (box === 'none' || box === 'closed' || (box === 'open' && !room && !waits)) return [{ at, code: 'ASK_REFUSED' }];
  const all: Ending[] = [{ at: at + timeoutMs, code: waited && !accepted ? 'ASK_REFUSED' : 'ASK_TIMEOUT' }];
  if (turnedAway !== undefined) all.push({ at: turnedAway, code: 'ASK_REFUSED' });
  const wasRefusedAtOnce = turnedAway === undefined || same(letter.settled?.at ?? at, at);
  if (box === 'unsure' && !accepted && wasRefusedAtOnce) all.push({ at, code: 'ASK_REFUSED' });
  if (aborted) all.push({ at: aborted.at, code: 'ASK_ABORTED' });
  if (lost) all.push({ at: lost.at, code: lost.code });
  if (outcome && outcome.index < (lost?.index ?? Infinity)) {
    all.push({ at: outcome.at, code: outcome.threw ? 'ASK_FAILED' : undefined });
  }
  return all;
}

/** Posts and questions: those who wait. */
export const waiting: readonly Property[] = [
  {
    rule: 'M4',
    says: 'every post settles: true when accepted, false only if there never will be room, its reason when its signal aborts',
    check(story) {
      const posts = story.letters.filter(({ kind, to }) => kind === 'post' && to !== 'initiator');
      for (const letter of posts) {
        const { settled, aborted, already } = letter;
        const { accepted, box } = mailOf(story).fateOf(letter);
        must(settled !== undefined, () => `${nameOf(letter)} never settles`);
        if (already || (aborted && !settled?.resolved)) {
          if (letter.message === null) continue;
          must(settled?.resolved === false || box !== 'open', () => `${nameOf(letter)} settles in spite of its signal`);
          if (aborted) must(settled?.value === aborted.reason, () => `${nameOf(letter)}: ${String(settled?.value)}`);
          continue;
        }
        must(settled?.resolved === true, () => `${nameOf(letter)} rejects: ${String(settled?.value)}`);
        must(settled?.value === Boolean(accepted), () => `${nameOf(letter)} is ${String(settled?.value)}`);
        if (accepted) must(same(settled?.at ?? Number.NaN, accepted.at), () => `${nameOf(letter)} is told late`);
        if (settled?.value === true || box === 'none' || box === 'closed') continue;
        const begun = story.flown ? story.stage('finishing', letter.to) : story.landing;
        const hopeless = begun !== undefined && begun.at <= (settled?.at ?? 0);
        must(hopeless, () => `${nameOf(letter)} gives up though there could be room`);
      }
      return posts.length;
    },
  },
  {
    rule: 'M4',
    says: 'posts and questions that wait for room are let in by arrival',
    check(story) {
      const last = new Map<string, Letter>();
      const begun = story.letters.filter(({ waits, call }) => waits && call);
      begun.sort(byHandover);
      for (const letter of begun) {
        const before = last.get(letter.to);
        must(!before || before.no < letter.no, () => `${nameOf(letter)} was overtaken by ${before?.no}`);
        last.set(letter.to, letter);
      }
      return begun.length;
    },
  },
  {
    rule: 'M4',
    says: 'a post or a question waits only while the mailbox is full',
    check(story) {
      let seen = 0;
      for (const { index, block, waiting: posts, depth, box } of mailOf(story).quiet) {
        if (posts === 0) continue;
        must(depth === box.capacity, () => `line ${index}: posts to ${block} wait though there is room`);
        seen++;
      }
      return seen;
    },
  },
  {
    rule: 'M5',
    says: 'every ask settles, at once when there is a reason, with the answer or the code of that reason',
    check(story) {
      const asks = story.letters.filter(({ kind, to }) => kind === 'ask' && to !== 'initiator');
      for (const letter of asks) {
        const { settled } = letter;
        const outcome = outcomeOf(letter);
        if (!settled) return must(false, () => `${nameOf(letter)} never settles`) ?? 0;
        const all = endings(letter, mailOf(story).fateOf(letter), story);
        const at = Math.min(...all.map((ending) => ending.at));
        const code = settled.resolved ? undefined : (codeOf(settled.value) ?? 'none');
        const first = all.filter((ending) => same(ending.at, at));
        const fits = first.some((ending) => ending.code === code) && same(settled.at, at);
        must(
          fits,
          () =>
            `${nameOf(letter)}: ${code} at ${settled.at}, not ${first.map((one) => one.code).join(' or ')} at ${at}`,
        );
        if (settled.resolved) must(settled.value === outcome?.value, () => `${nameOf(letter)} gets another answer`);
        const cause = (settled.value as { cause?: unknown } | undefined)?.cause;
        if (code === 'ASK_FAILED') must(cause === outcome?.value, () => `${nameOf(letter)}: cause ${String(cause)}`);
        if (code === 'ASK_ABORTED' && letter.aborted) {
          must(cause === letter.aborted.reason, () => `${nameOf(letter)}: cause ${String(cause)}`);
        }
      }
      return asks.length;
    },
  },
  {
    rule: 'M5',
    says: 'a question that fails is told to its asker, and lands nobody',
    check(story) {
      let seen = 0;
      for (const { kind, settled, call } of story.letters) {
        if (kind !== 'ask' || codeOf(settled?.value) !== 'ASK_FAILED') continue;
        const { cause } = (settled?.value ?? {}) as SputnikError;
        // Others of its batch failed with the same, and nobody knows of them.
        if (call && lossesOf(call, story).some(({ error }) => error === cause)) continue;
        const told = story.told('failed').some(({ event }) => event.error === cause);
        must(
          !told || (cause as SputnikError).code === 'UNKNOWN_MESSAGE',
          () => `${String(cause)} is told as a failure`,
        );
        must(story.landing?.event.cause.reason !== cause, () => `${String(cause)} lands`);
        seen++;
      }
      return seen;
    },
  },
];
