import { after } from 'node:test';
import { messagingSoak } from '@sputnikjs/testkit';
import { amqpTrial } from './trial.js';

messagingSoak('RabbitMQ', await amqpTrial({ after }));
