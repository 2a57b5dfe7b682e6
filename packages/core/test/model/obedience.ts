import { SputnikError } from '@sputnikjs/core';
import { same, type Story } from './story.js';
import type { Call, Letter } from './trace.js';
import type { Message } from './write.js';

/**
 * Whether what a callback threw is obedience, no failure: an AbortError after its signals aborted (F3). 'unsure' when the
 * landing began just as it was thrown.
 */
export function obeys(call: Call, story: Story): 'yes' | 'no' | 'unsure' {
  const { ended } = call;
  if (!ended?.threw) return 'no';
  const { value } = ended;
  const cause = value instanceof SputnikError && value.code === 'ASK_ABORTED' ? value.cause : value;
  if (!(cause instanceof Error) || cause.name !== 'AbortError') return 'no';
  if (ended.told) return 'yes';
  return story.landing && same(story.landing.at, ended.at) ? 'unsure' : 'no';
}

/** The letter that a call of `onMsg` is about. */
export function letterOf(call: Call): Letter | undefined {
  return call.callback === 'onMsg' ? (call.argument as Message).letter : undefined;
}

/** The asker knows what the handler threw. */
export function isKnown(call: Call): boolean {
  const settled = letterOf(call)?.settled;
  const error = settled?.value;
  return (
    error instanceof SputnikError &&
    error.code === 'ASK_FAILED' &&
    settled?.resolved === false &&
    error.cause === call.ended?.value
  );
}
