import type { ActiveBlock } from '../block/active-block.js';
import { findCircle, type Edge } from './circle.js';
import type { Clock } from '../time/clock.js';
import type { BlockDescriptor } from '../api/descriptor.js';
import type { EventListener } from '../block/events.js';

const EVERY_MS = 5_000;

/** Says what a landing waits for, now and then, until the function returned is called. */
export function sayWhatHangs(clock: Clock, emit: EventListener, left: readonly ActiveBlock[]): () => void {
  const done = new AbortController();
  const say = async (): Promise<void> => {
    // guard: M5 a circle of blocks that wait for each other is named
    for await (const _ of clock.every(EVERY_MS, done.signal))
      emit({ type: 'waiting', for: left.flatMap((block) => block.hanging()), circle: circleOf(left) });
  };
  // guard: L3 while it waits it says for what
  void say();
  // guard: L6 and no more when it has landed
  return () => done.abort();
}

/** Blocks that wait for each other: each for the next, the last one for the first. */
function circleOf(blocks: readonly ActiveBlock[]): readonly BlockDescriptor[] {
  const descriptors = new Map(blocks.map(({ descriptor }) => [descriptor.responsibility, descriptor]));
  const edges = blocks.flatMap(({ descriptor, waiters }): Edge[] =>
    waiters.map(({ responsibility }) => [responsibility, descriptor.responsibility]),
  );
  return (findCircle(edges) ?? []).flatMap((responsibility) => descriptors.get(responsibility) ?? []);
}
