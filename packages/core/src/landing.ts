import type { ActiveBlock } from './active-block.js';
import { settles, type Clock } from './clock.js';
import type { SputnikEvent, Unfinished } from './events.js';

const DRAIN_SHARE = 0.6;
const SAY_EVERY_MS = 5_000;

/**
 * Drains and finishes blocks, given in the order of their init, in reverse, within `landingMs`. Where the flight was not
 * `launched` nothing is drained, and they are finished with `init` true (B3, B4, L2 to L4).
 */
export async function descend(
  blocks: readonly ActiveBlock[],
  launched: boolean,
  { clock, landingMs }: { readonly clock: Clock; readonly landingMs: number },
  emit: (event: SputnikEvent) => void,
): Promise<{ readonly tookMs: number; readonly unfinished: Unfinished[] }> {
  const began = clock.now();
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
    const left = began + landingMs - clock.now();
    await block.finish(!launched, left / (reversed.length - index));
    unfinished.push(...block.end());
  }
  done.abort();
  return { tookMs: clock.now() - began, unfinished };
}

/** Resolves at an instant at which all mailboxes are idle. */
async function allIdle(blocks: readonly ActiveBlock[]): Promise<void> {
  const mailboxes = blocks.flatMap(({ mailbox }) => mailbox ?? []);
  while (!mailboxes.every(({ isIdle }) => isIdle)) await Promise.all(mailboxes.map((mailbox) => mailbox.idle()));
}

async function sayWhoHangs(
  blocks: readonly ActiveBlock[],
  clock: Clock,
  emit: (event: SputnikEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  for await (const _ of clock.every(SAY_EVERY_MS, signal)) {
    emit({ type: 'waiting', for: blocks.flatMap((block) => block.hanging()) });
  }
}
