import type { BlockStatus, FlightStatus } from '@sputnikjs/core';

/** A mailbox that is filled to this share shows that its block is too slow. */
const FULL = 0.5;

type Filled = Pick<BlockStatus, 'responsibility' | 'depth' | 'capacity'>;

/**
 * The block that others wait for: the last one in the flow whose mailbox is at least half full. Blocks are listed after those that they send
 * to, so it is the first in the list.
 */
export function fullBlock<T extends Filled>(blocks: readonly T[]): T | undefined {
  return blocks.find(({ depth, capacity }) => capacity > 0 && depth >= FULL * capacity);
}

/** What others wait for: a block, or `server` while that is away. Undefined if nobody waits. */
export function bottleneckOf(blocks: readonly Filled[], connection: FlightStatus['connection']): string | undefined {
  const full = fullBlock(blocks);
  if (full === undefined) return undefined;
  return connection === 'connected' || connection === 'none' ? full.responsibility : 'server';
}
