import { after } from 'node:test';
import { messagingSoak } from '@sputnikjs/testkit';
import { redisTrial } from './trial.js';

messagingSoak('Redis Streams', await redisTrial({ after }));
