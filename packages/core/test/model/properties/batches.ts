import { lossesOf, lossOf } from '../outcomes.js';
import { codeOf, must, same, type Property } from '../story.js';
import { nameOf } from '../trace.js';
import { mailOf } from './mail-of.js';

/** Handlers that take several messages at once. */
export const batches: readonly Property[] = [
  {
    rule: 'M8',
    says: 'a call of onMsgs gets all that wait, up to mailbox.batch of them, in their order, and never none',
    check(story) {
      const all = mailOf(story).batches.filter(({ call }) => call.callback === 'onMsgs');
      for (const { call, size, most, left } of all) {
        const fits = size > 0 && size <= most && (left === 0 || size === most);
        must(fits, () => `line ${call.entered}: ${call.block} gets ${size} messages, at most ${most}; ${left} wait on`);
      }
      return all.length;
    },
  },
  {
    rule: 'M8',
    says: 'the first reply or failure of a message is its outcome, and who asked learns it at once',
    check(story) {
      let seen = 0;
      for (const letter of story.letters) {
        const { kind, outcome, settled, call } = letter;
        const lost = mailOf(story).fateOf(letter).lost?.index ?? Infinity;
        const ended = Math.min(lost, call?.ended?.index ?? Infinity, settled?.index ?? Infinity);
        if (kind !== 'ask' || !outcome || ended < outcome.index) continue;
        must(settled !== undefined && same(settled.at, outcome.at), () => `${nameOf(letter)} is settled late`);
        // Its signal, or its time-out, may have come first at the same time.
        if (['ASK_ABORTED', 'ASK_TIMEOUT'].includes(codeOf(settled?.value) ?? '')) continue;
        const got = outcome.threw ? (settled?.value as { cause?: unknown } | undefined)?.cause : settled?.value;
        must(got === outcome.value, () => `${nameOf(letter)} gets another outcome: ${String(got)}`);
        seen++;
      }
      return seen;
    },
  },
  {
    rule: 'M8',
    says: 'failures that no asker knows are handed in when the call ends, or is given up, once for each kind',
    check(story) {
      const told = story.told('failed').filter(({ event }) => event.callback === 'onMsgs');
      const known = new Set<unknown>();
      for (const one of told) {
        const where = `line ${one.index}: the failure of ${one.event.block.name}`;
        const loss = lossOf(story, one);
        must(loss !== undefined, () => `${where} is of no message`);
        if (!loss) continue;
        must(same(loss.handedIn.at, one.at), () => `${where} is told at ${one.at}, not at ${loss.handedIn.at}`);
        const { call } = loss.letters[0] ?? {};
        const index = call ? lossesOf(call, story).findIndex(({ letters }) => letters[0] === loss.letters[0]) : -1;
        must(!known.has(`${call?.entered} ${index}`), () => `${where} is told twice`);
        known.add(`${call?.entered} ${index}`);
      }
      return told.length;
    },
  },
];
