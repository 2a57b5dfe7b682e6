import type { Block } from '../block/block.js';
import type { BlockDescriptor } from '../api/descriptor.js';
import { SputnikError } from '../api/errors.js';
import type { Msg } from '../api/message.js';

const FINISH: Msg = Object.freeze({});

/**
 * The message with which a block may ask the initiator to land, as in the original; `ctx.land` can give a reason (M7).
 *
 * @example
 * import { defineBlock, finishMsg, INITIATOR, Sputnik } from '@sputnikjs/core';
 * const brief = defineBlock({
 *   name: 'brief',
 *   needs: { initiator: INITIATOR },
 *   make: (_config, { initiator }) => ({ run: () => void initiator.send(finishMsg()) }),
 * });
 * const flight = await new Sputnik({ appBlocks: [{ name: 'brief' }], blockFactories: { brief } }).prepare();
 * console.log((await flight.launch()).cause.block?.name); // brief
 */
export function finishMsg(): Msg {
  return FINISH;
}

/** What the address "initiator" does with messages: only the very object that `finishMsg` returns lands (M7). */
export function initiatorBlock(land: (asker: BlockDescriptor) => void): Partial<Block> {
  return {
    onMsg(msg, from): void {
      // guard: M7 only the very finishMsg lands
      if (msg !== FINISH) throw new SputnikError('UNKNOWN_MESSAGE', 'the initiator takes only finishMsg()');
      land(from.descriptor);
    },
    // guard: M7 what is no finishMsg harms nobody
    onError: () => 'continue',
  };
}
