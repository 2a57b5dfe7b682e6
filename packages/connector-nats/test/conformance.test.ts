import { after } from 'node:test';
import { connector, NATS_CONFIG } from '@sputnikjs/connector-nats';
import { connectorConformance, messagingConformance, type ConnectorTrial } from '@sputnikjs/testkit';
import { natsServer } from '@sputnikjs/testkit/servers';
import { natsTrial } from './trial.js';

for (const jetstream of [true, false]) {
  const server = await natsServer({ after });
  const make = (port: number): ReturnType<ConnectorTrial['make']> =>
    connector.make(NATS_CONFIG.parse({ url: `nats://127.0.0.1:${port}`, jetstream }));
  connectorConformance(`nats, ${jetstream ? 'JetStream' : 'core'}`, {
    make: () => make(server.port),
    makeForMute: make,
    features: { pushedLoss: true },
    server,
  });
}

messagingConformance('NATS JetStream', await natsTrial({ after }));
