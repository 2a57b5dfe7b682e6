import { after } from 'node:test';
import { messagingConformance } from '@sputnikjs/testkit';
import { redisTrial } from './trial.js';

messagingConformance('Redis Streams', await redisTrial({ after }));
