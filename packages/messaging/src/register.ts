import { registerBlockFactory, type BlockDefinition } from '@sputnikjs/core';
import { consumerBlock } from './consumer.js';
import { producerBlock } from './producer.js';

// The registry holds blocks for connections of any type; these two check theirs when it is there.
registerBlockFactory('producer', producerBlock as BlockDefinition);
registerBlockFactory('consumer', consumerBlock as BlockDefinition);
