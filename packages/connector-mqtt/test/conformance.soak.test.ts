import { after } from 'node:test';
import { messagingSoak } from '@sputnikjs/testkit';
import { mqttTrial } from './trial.js';

messagingSoak('MQTT, mosquitto', await mqttTrial({ after }));
