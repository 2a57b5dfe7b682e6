import { SputnikError } from '@sputnikjs/core';
import { same, type Story, type Told } from './story.js';
import type { Call, Letter } from './trace.js';
import type { Message } from './write.js';

/** When something came to an end, and whether the landing or the block's end had been announced by then. */
interface Ending {
  readonly index: number;
  readonly at: number;
  readonly told: boolean;
}

/** Messages of one call that failed with one error, where no asker knows: they are handed in together. */
export interface Loss {
  readonly error: unknown;
  /** Somebody had asked, and given up. */
  readonly asked: boolean;
  readonly letters: readonly Letter[];
  readonly handedIn: Ending;
}

/** True of callbacks that messages are handed to. */
export function isHandler({ callback }: { readonly callback: string }): boolean {
  return callback === 'onMsg' || callback === 'onMsgs';
}

/** The letters that a call is about. */
export function lettersOf({ callback, argument }: Call): readonly Letter[] {
  if (callback === 'onMsg') return [(argument as Message).letter].filter((letter) => letter !== undefined);
  return callback === 'onMsgs' ? (argument as readonly Message[]).map(({ letter }) => letter) : [];
}

/** What became of a letter: what it got of its own, or what its call came to. */
export function outcomeOf({ call, outcome }: Letter): Letter['outcome'] {
  if (outcome || !call?.ended) return outcome;
  const { ended, callback } = call;
  return callback === 'onMsgs' && !ended.threw ? { ...ended, value: undefined } : ended;
}

/** The asker of a letter knows that it failed with this. */
export function isKnown({ settled }: Letter, error: unknown): boolean {
  const got = settled?.value;
  return settled?.resolved === false && got instanceof SputnikError && got.code === 'ASK_FAILED' && got.cause === error;
}

/**
 * Whether an error is obedience, no failure: an AbortError after its block's signals aborted (F3). 'unsure' when they did so just as it was
 * thrown.
 */
export function obeys(error: unknown, { at, told }: Omit<Ending, 'index'>, story: Story): 'yes' | 'no' | 'unsure' {
  if (!isAbort(error)) return 'no';
  if (told) return 'yes';
  return story.stop && same(story.stop.at, at) ? 'unsure' : 'no';
}

/** What a call of a handler has to hand in, in this order: when it ends, or when its block is given up (M8). */
export function lossesOf(call: Call, story: Story): readonly Loss[] {
  const over = story.stage('finished', call.block);
  const isOver = (call.ended?.index ?? Infinity) > (over?.index ?? Infinity);
  const handedIn = isOver && over ? { ...over, told: true } : call.ended;
  if (!handedIn) return [];
  const failed = lettersOf(call).flatMap((letter) => {
    const outcome = outcomeOf(letter);
    const counts = outcome?.threw && outcome.index <= handedIn.index && !isKnown(letter, outcome.value);
    return counts ? [{ letter, ...outcome }] : [];
  });
  const losses = new Map<string, Loss & { readonly letters: Letter[] }>();
  for (const { letter, value: error } of failed.toSorted((a, b) => a.index - b.index)) {
    const asked = letter.kind === 'ask';
    const kind = `${asked} ${isAbort(error)}`;
    const loss = losses.get(kind) ?? { error, asked, letters: [], handedIn };
    losses.set(kind, loss);
    loss.letters.push(letter);
  }
  return [...losses.values()];
}

/** The messages that an event of a failure is about, if it is of messages. */
export function lossOf(story: Story, told: Told<'failed'>): Loss | undefined {
  const { block, error } = told.event;
  const all = story.told('failed').filter(({ event }) => event.block === block && event.error === error);
  const losses = story
    .callsOf(block.responsibility)
    .flatMap((call) => (isHandler(call) ? lossesOf(call, story).filter((loss) => loss.error === error) : []));
  return losses.toSorted((a, b) => a.handedIn.index - b.handedIn.index)[all.indexOf(told)];
}

/** Orders letters by when they were handed over. */
export function byHandover(a: Letter, b: Letter): number {
  return (a.call?.entered ?? 0) - (b.call?.entered ?? 0) || a.place - b.place;
}

function isAbort(error: unknown): boolean {
  const cause = error instanceof SputnikError && error.code === 'ASK_ABORTED' ? error.cause : error;
  return cause instanceof Error && cause.name === 'AbortError';
}
