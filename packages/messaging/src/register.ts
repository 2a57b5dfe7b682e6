import { registerBlockFactory, type BlockDefinition } from '@sputnikjs/core';
import { bridgeBlock } from './bridge.js';
import { consumerBlock } from './consumer.js';
import { producerBlock } from './producer.js';
import { requesterBlock } from './requester.js';
import { responderBlock } from './responder.js';

// The registry holds blocks for connections of any type; those that have one check it when it is there.
registerBlockFactory('producer', producerBlock as BlockDefinition);
registerBlockFactory('consumer', consumerBlock as BlockDefinition);
registerBlockFactory('bridge', bridgeBlock);
registerBlockFactory('requester', requesterBlock as BlockDefinition);
registerBlockFactory('responder', responderBlock as BlockDefinition);
