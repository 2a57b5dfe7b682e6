import type { BlockMetrics, BlockStatus } from '@sputnikjs/core';
import { failureText, type FlightRecord } from './flight-record.js';
import type { LossPlace, Status } from './status.js';

/** Messages that blocks report as lost before they had accepted them. */
export function ownLosses(all: readonly BlockMetrics[]): readonly LossPlace[] {
  return all.flatMap(({ block, metrics }) =>
    metrics
      .filter(({ type, value }) => type === 'loss' && value > 0)
      .map(({ help, value, labels = {} }) => {
        const where = Object.values(labels).join(', ');
        return {
          block: block.responsibility,
          how: 'lost',
          count: value,
          text: where === '' ? help : `${where}: ${help}`,
        };
      }),
  );
}

/** All lost messages, and where: dropped, failed, and those that blocks report themselves. */
export function lossesOf(
  blocks: readonly Pick<BlockStatus, 'responsibility' | 'dropped'>[],
  failed: FlightRecord['failed'],
  losses: readonly LossPlace[],
): Status['lost'] {
  const dropped = blocks
    .filter((block) => block.dropped > 0)
    .map(({ responsibility, dropped: count }) => ({
      block: responsibility,
      how: 'dropped' as const,
      count,
      text: `${responsibility} dropped accepted messages`,
    }));
  const failures = [...failed].map(([block, { count, last }]) => ({
    block,
    how: 'failed' as const,
    count,
    text: failureText(last),
  }));
  const places = [...dropped, ...failures, ...losses];
  return { total: sum(places), places };
}

/** How many there are in all. */
export function sum(places: readonly LossPlace[]): number {
  return places.reduce((all, { count }) => all + count, 0);
}
