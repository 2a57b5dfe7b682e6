import { after } from 'node:test';
import { messagingConformance } from '@sputnikjs/testkit';
import { amqpTrial } from './trial.js';

messagingConformance('RabbitMQ', await amqpTrial({ after }));
