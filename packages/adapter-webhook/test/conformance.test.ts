import { PRODUCER } from '@sputnikjs/messaging';
import { blockConformance, echoBlock, type TestFlight } from '@sputnikjs/testkit';
import { webhook } from '@sputnikjs/adapter-webhook';
import { message, SECRET } from './flights.js';

/** Nobody listens there. */
async function sends(flight: Pick<TestFlight, 'to'>): Promise<void> {
  await flight
    .to('webhook')
    .ask(message('x'))
    .catch(() => {});
}

blockConformance('webhook', {
  block: webhook,
  neighbours: { [PRODUCER]: echoBlock() },
  config: { webhook: { url: 'http://127.0.0.1:9/', secret: SECRET, allowedNetworks: ['127.0.0.1'], maxAttempts: 1 } },
  work: sends,
  places: { module: '@sputnikjs/adapter-webhook', work: sends },
});
