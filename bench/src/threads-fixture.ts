import { defineBlock, type BlockDefinition } from '@sputnikjs/core';

/** Handles messages one by one. */
export const one: BlockDefinition = defineBlock({ name: 'one', make: () => ({ onMsg: () => undefined }) });

/** Handles messages in batches. */
export const many: BlockDefinition = defineBlock({ name: 'many', make: () => ({ onMsgs: () => {} }) });
