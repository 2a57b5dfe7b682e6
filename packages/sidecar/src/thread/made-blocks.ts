import { CONNECTOR, FINISHER, type BlockStatus } from '@sputnikjs/core';
import { SATELLITE } from '../folder/blocks.js';
import type { SatelliteSetup } from '../folder/setup.js';
import type { Names } from '../satellite/names.js';

/** The blocks of a satellite and its nested satellites, as `check` made them, in the order of initialisation. */
export function madeBlocks(
  { path, made, nested }: SatelliteSetup,
  namesOf: (path: string) => Names,
): readonly BlockStatus[] {
  return made.flatMap((block): readonly BlockStatus[] => {
    if (block.name === FINISHER || block.name === CONNECTOR) return [];
    const inner = block.name === SATELLITE ? nested.get(block.responsibility) : undefined;
    const { mailbox: _, ...status } = block;
    return inner ? madeBlocks(inner, namesOf) : [{ ...status, ...namesOf(path).of(block) }];
  });
}
