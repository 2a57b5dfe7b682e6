import { after } from 'node:test';
import { connector, MQTT_CONFIG } from '@sputnikjs/connector-mqtt';
import { connectorConformance, messagingConformance } from '@sputnikjs/testkit';
import { mqttTrial } from './trial.js';

connectorConformance('mqtt, embedded', {
  make: () => connector.make(MQTT_CONFIG.parse({ embedded: true, port: 0 })),
  features: { pushedLoss: true },
});

messagingConformance('MQTT, mosquitto', await mqttTrial({ after }));
