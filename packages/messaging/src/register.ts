import { registerBlockFactory, type BlockDefinition } from '@sputnikjs/core';
import { consumerBlock } from './consumer.js';
import { producerBlock } from './producer.js';
import { requesterBlock } from './requester.js';

// The registry holds blocks for connections of any type; these check theirs when it is there.
registerBlockFactory('producer', producerBlock as BlockDefinition);
registerBlockFactory('consumer', consumerBlock as BlockDefinition);
registerBlockFactory('requester', requesterBlock as BlockDefinition);
