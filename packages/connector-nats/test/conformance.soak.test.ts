import { after } from 'node:test';
import { messagingSoak } from '@sputnikjs/testkit';
import { natsTrial } from './trial.js';

messagingSoak('NATS JetStream', await natsTrial({ after }));
