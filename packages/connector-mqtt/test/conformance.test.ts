import { after, type TestContext } from 'node:test';
import { connector, MQTT_CONFIG } from '@sputnikjs/connector-mqtt';
import { connectorConformance, type ConnectorTrial } from '@sputnikjs/testkit';
import { freePort } from './helpers.js';
import { mosquitto, type Mosquitto } from './mosquitto.js';

const make = (raw: object): ReturnType<ConnectorTrial['make']> => connector.make(MQTT_CONFIG.parse(raw));
const features = { pushedLoss: true };

connectorConformance('mqtt, embedded', { make: () => make({ embedded: true, port: 0 }), features });

const port = await freePort();
/** Of the test that runs. */
const context = { after } as TestContext;
let broker: Mosquitto | undefined;

connectorConformance('mqtt, with mosquitto', {
  make: () => make({ url: `mqtt://127.0.0.1:${port}` }),
  makeForMute: (port) => make({ url: `mqtt://127.0.0.1:${port}` }),
  features,
  server: {
    async start() {
      broker = await mosquitto(context, undefined, port);
    },
    async stop() {
      await broker?.kill();
    },
    freeze: () => void broker?.process.kill('SIGSTOP'),
  },
});
