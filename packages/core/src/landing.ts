import type { ActiveBlock, FlightControl } from './active-block.js';
import { settles } from './clock.js';
import type { Unfinished } from './events.js';

const DRAIN_SHARE = 0.6;
const SAY_EVERY_MS = 5_000;

/**
 * Drains and finishes blocks, given in the order of their init, in reverse, within `landingMs`. Where the flight was not
 * `launched` nothing is drained, and they are finished with `init` true (B3, B4, L2 to L4). Resolves with what did not end.
 */
export async function descend(
  blocks: readonly ActiveBlock[],
  launched: boolean,
  { plan: { clock, landingMs }, emit }: FlightControl,
): Promise<Unfinished[]> {
  const deadline = clock.now() + landingMs;
  /** Blocks still to finish. */
  const left = blocks.toReversed();
  const unfinished: Unfinished[] = [];
  const done = new AbortController();
  const sayWhoHangs = async (): Promise<void> => {
    for await (const _ of clock.every(SAY_EVERY_MS, done.signal)) {
      emit({ type: 'waiting', for: left.flatMap((block) => block.hanging()) });
    }
  };
  void sayWhoHangs();
  if (launched) await settles(clock, drain(left), landingMs * DRAIN_SHARE);
  for (let block = left[0]; block; block = left[0]) {
    unfinished.push(...(await block.finish(!launched, (deadline - clock.now()) / left.length)));
    left.shift();
  }
  done.abort();
  return unfinished;
}

/** Resolves at an instant at which every `onLanding` has ended and all mailboxes are idle. */
async function drain(blocks: readonly ActiveBlock[]): Promise<void> {
  await Promise.all(blocks.map((block) => block.land()));
  const mailboxes = blocks.flatMap(({ mailbox }) => mailbox ?? []);
  while (!mailboxes.every(({ isIdle }) => isIdle)) await Promise.all(mailboxes.map((mailbox) => mailbox.idle()));
}
