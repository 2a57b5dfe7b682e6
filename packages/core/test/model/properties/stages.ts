import type { Story } from '../story.js';
import type { Call } from '../trace.js';

/** Of the deadline, for `onLanding` and draining. */
export const DRAIN_SHARE = 0.6;

/** Those calls that were under way at a place of the trace. */
export function underWay(calls: readonly Call[], index: number): readonly Call[] {
  return calls.filter(({ entered, ended }) => entered < index && (ended?.index ?? Infinity) > index);
}

/** When the blocks of the landing ended, and when each had to. */
interface Stage {
  readonly block: string;
  /** Its finish was announced; it was over. */
  readonly begun: { readonly index: number; readonly at: number };
  readonly ended: { readonly index: number; readonly at: number };
  /** When half of its share of the time is over at the earliest, and all of it at the earliest and latest. */
  readonly half: number;
  readonly due: { readonly least: number; readonly most: number };
}

/** The finishes of a landing, in order. The init that came late is not among them. */
export function stagesOf(story: Story): readonly Stage[] {
  const began = landingBegan(story);
  const { landingMs } = story;
  const blocks = story.ready.toReversed();
  const stages: Stage[] = [];
  // The first begins when draining ends, which is before its finish is announced: nobody sees when.
  let least = began;
  let most = began;
  for (const [place, block] of blocks.entries()) {
    const begun = story.stage('finishing', block);
    const ended = story.stage('finished', block);
    if (!begun || !ended) break;
    if (place === 0 && story.flown) most = Math.min(begun.at, began + DRAIN_SHARE * landingMs);
    const after = (from: number, part: number): number =>
      from + ((began + landingMs - from) / (blocks.length - place)) * part;
    stages.push({
      block,
      begun,
      ended,
      half: after(least, 0.5),
      due: { least: after(least, 1), most: after(most, 1) },
    });
    least = most = ended.at;
  }
  return stages;
}

/** When the landing really began: during prepare, once the current init was over. */
export function landingBegan(story: Story): number {
  const { landing } = story;
  if (!landing) return Number.NaN;
  if (!story.refusal) return landing.at;
  const last = story.ready.at(-1);
  const first = last === undefined ? story.landed : story.stage('finishing', last);
  return first?.at ?? landing.at;
}
