import type { BlockDescriptor, BlockStatus, LandingReport } from '@sputnikjs/core';

/** What a landing has left behind. */
export type Leftovers = Pick<LandingReport, 'unfinished' | 'failures' | 'dropped'>;

/** Adds up what several landings have left behind: for each place, the first error and all that was lost there. */
export function together(all: readonly Leftovers[]): Leftovers {
  const failures = new Map<string, Leftovers['failures'][number]>();
  const dropped = new Map<string, Leftovers['dropped'][number]>();
  for (const one of all) {
    for (const failure of one.failures) {
      const place = `${failure.block.responsibility} ${failure.callback}`;
      const before = failures.get(place);
      failures.set(place, before ? { ...before, count: before.count + failure.count } : failure);
    }
    for (const { block, count } of one.dropped) {
      const before = dropped.get(block.responsibility)?.count ?? 0;
      dropped.set(block.responsibility, { block, count: before + count });
    }
  }
  return {
    unfinished: all.flatMap(({ unfinished }) => unfinished),
    failures: [...failures.values()],
    dropped: [...dropped.values()],
  };
}

/** What remains in the report after a restart: of the failures only those that lost messages, as with failures that `onError` lets pass. */
export function afterRestart({ failures, ...others }: Leftovers): Leftovers {
  return { ...others, failures: failures.filter(({ callback }) => callback === 'onMsg' || callback === 'onMsgs') };
}

/** Whether nothing was left behind. */
export function isClean({ unfinished, failures, dropped }: Leftovers): boolean {
  return unfinished.length + failures.length + dropped.length === 0;
}

type Counts = Pick<BlockStatus, 'accepted' | 'rejected' | 'handled' | 'failed' | 'dropped'>;

/** Counts of messages from before the last restart, by block. */
export class PastCounts {
  readonly #counts = new Map<string, Counts>();

  add(blocks: readonly BlockStatus[]): void {
    for (const block of blocks) this.#counts.set(block.responsibility, sum(this.#of(block), block));
  }

  /** Adds the earlier counts to those of the block. */
  readonly with = (block: BlockStatus): BlockStatus => ({ ...block, ...sum(this.#of(block), block) });

  #of({ responsibility }: BlockDescriptor): Counts {
    return this.#counts.get(responsibility) ?? { accepted: 0, rejected: 0, handled: 0, failed: 0, dropped: 0 };
  }
}

function sum(a: Counts, b: Counts): Counts {
  return {
    accepted: a.accepted + b.accepted,
    rejected: a.rejected + b.rejected,
    handled: a.handled + b.handled,
    failed: a.failed + b.failed,
    dropped: a.dropped + b.dropped,
  };
}

/** Adds the messages that wait for the block while its satellite restarts. The block itself counts those that it got. */
export function withWaiting(block: BlockStatus, waiting: readonly BlockStatus[]): BlockStatus {
  const own = waiting.find(({ responsibility }) => responsibility === block.responsibility);
  if (own === undefined) return block;
  return {
    ...block,
    accepted: block.accepted + own.accepted - own.handled,
    rejected: block.rejected + own.rejected,
    failed: block.failed + own.failed,
    dropped: block.dropped + own.dropped,
    depth: block.depth + own.depth,
  };
}
