import type { BlockStatus, FlightStatus } from '@sputnikjs/core';

/** From this fill on a mailbox shows that its block is too slow. */
const FULL = 0.5;

type Filled = Pick<BlockStatus, 'responsibility' | 'depth' | 'capacity'>;

/**
 * The block that others wait for: the last one in the flow whose mailbox is half full or more. Blocks are listed after those that they send
 * to, so it is the first.
 */
export function fullBlock<T extends Filled>(blocks: readonly T[]): T | undefined {
  return blocks.find(({ depth, capacity }) => capacity > 0 && depth >= FULL * capacity);
}

/** What others wait for: a block, or `server` while that is not there. Undefined if there is nothing. */
export function bottleneckOf(blocks: readonly Filled[], connection: FlightStatus['connection']): string | undefined {
  const full = fullBlock(blocks);
  if (full === undefined) return undefined;
  return connection === 'connected' || connection === 'none' ? full.responsibility : 'server';
}
