import type { ActiveBlock } from './active-block.js';
import { settles, type Clock } from './clock.js';
import type { SputnikEvent, Unfinished } from './events.js';

const DRAIN_SHARE = 0.6;
const SAY_EVERY_MS = 5_000;

/** What has to be known to land. */
export interface LandingPlan {
  readonly clock: Clock;
  /** Milliseconds for the whole (L3). */
  readonly landingMs: number;
}

/**
 * Drains and finishes blocks, given in the order of their init, in reverse, within the deadline. Where the flight was not
 * `launched` nothing is drained, and they are finished with `init` true (B3, B4). Resolves with what did not end (L2 to L4).
 */
export async function descend(
  blocks: readonly ActiveBlock[],
  launched: boolean,
  { clock, landingMs }: LandingPlan,
  emit: (event: SputnikEvent) => void,
): Promise<Unfinished[]> {
  const end = clock.now() + landingMs;
  const reversed = blocks.toReversed();
  const unfinished: Unfinished[] = [];
  const done = new AbortController();
  void sayWhoHangs(reversed, clock, emit, done.signal);
  if (launched) {
    const landings = reversed.map((block) => block.land());
    await settles(
      clock,
      Promise.all(landings).then(() => allIdle(reversed)),
      landingMs * DRAIN_SHARE,
    );
  }
  for (const [index, block] of reversed.entries()) {
    await block.finish(!launched, (end - clock.now()) / (reversed.length - index));
    for (const callback of block.end()) unfinished.push({ block: block.descriptor, callback });
  }
  done.abort();
  return unfinished;
}

/** Resolves at an instant at which all mailboxes are idle. */
async function allIdle(blocks: readonly ActiveBlock[]): Promise<void> {
  while (blocks.some(({ mailbox }) => mailbox?.isIdle === false)) {
    await Promise.all(blocks.map(({ mailbox }) => mailbox?.idle()));
  }
}

async function sayWhoHangs(
  blocks: readonly ActiveBlock[],
  clock: Clock,
  emit: (event: SputnikEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  for await (const _ of clock.every(SAY_EVERY_MS, signal)) {
    const waitsFor = blocks
      .filter(({ state }) => state !== 'finished')
      .flatMap((block) => block.hanging().map((callback) => ({ block: block.descriptor, callback })));
    emit({ type: 'waiting', for: waitsFor });
  }
}
